/**
 * A model's tables and integer network, and the symbols of a file by them.
 *
 * Plain JavaScript without packages, for Node (20.12 or later) and browsers,
 * written from docs/format.md alone. `readModel` takes the bytes of a preset's
 * `tables.npz`.
 */

import { readNpz } from "./npz.mjs";
import { PayloadDecoder, TfcError, check, hex } from "./tfc.mjs";

const SLOTS = 4096;
const LARGEST_Z = 128;

/**
 * Checked tables, and with them a table from slots to symbols.
 *
 * `cdf` is an `Int32Array` of rows with `columns` numbers, filled up with 4096;
 * `size` and `offset` are arrays with a number for each row.
 */
export function makeTables(cdf, columns, size, offset) {
  const numTables = size.length;
  check(
    numTables > 0 &&
      offset.length === numTables &&
      cdf.length === numTables * columns,
    "the tables' shapes differ",
  );
  const symbols = new Uint16Array(numTables * SLOTS);
  for (let row = 0; row < numTables; row++) {
    const count = size[row];
    const starts = cdf.subarray(row * columns, (row + 1) * columns);
    check(
      count >= 1 &&
        count <= SLOTS &&
        count < columns &&
        starts[0] === 0 &&
        starts.every((n, i) => (i < count ? n < starts[i + 1] : n === SLOTS)) &&
        offset[row] >= -32768 &&
        offset[row] + Math.max(count - 2, 0) <= 32767,
      `table row ${row} is no distribution`,
    );
    for (let symbol = 0; symbol < count; symbol++) {
      const begin = row * SLOTS;
      const [start, end] = [starts[symbol], starts[symbol + 1]];
      symbols.fill(symbol, begin + start, begin + end);
    }
  }
  return { cdf, columns, size, offset, symbols };
}

/**
 * A model from the bytes of its `tables.npz`.
 *
 * Returns `{tables, layers, zChannels, hash}`; `layers` is null for a model
 * without a network, and `hash` is the model hash in hexadecimal.
 */
export async function readModel(bytes) {
  try {
    const arrays = await readNpz(bytes);
    const array = (name) => {
      check(arrays.has(name), `there is no array ${name}`);
      return arrays.get(name);
    };
    const [cdf, size, offset] = ["cdf", "size", "offset"].map(array);
    const columns = cdf.shape[1];
    const tables = makeTables(cdf.values, columns, size.values, offset.values);
    const layers = arrays.has("kernel_0")
      ? [0, 1, 2, 3].map((i) => makeLayer(i, array))
      : null;
    const numTables = size.values.length;
    const zChannels = layers ? (layers[0].inputs - 1) / 9 : numTables;
    if (layers) checkLayers(layers, zChannels, numTables);
    const decoder = arrays.get("decoder")?.values ?? new Uint8Array(0);
    check(
      decoder instanceof Uint8Array && [0, 32].includes(decoder.length),
      "the digest of the decoder is malformed",
    );
    const hash = await hashModel(tables, layers, decoder);
    return { tables, layers, zChannels, hash };
  } catch (error) {
    // A number that points behind the end, or a damaged stream.
    throw error instanceof TfcError ? error : new TfcError(error.message);
  }
}

function makeLayer(index, array) {
  const { values: kernel, shape } = array(`kernel_${index}`);
  const { values: bias } = array(`bias_${index}`);
  const [shift, high] = array(`bounds_${index}`).values;
  const [inputs, outputs] = shape;
  check(
    shape.length === 2 &&
      kernel instanceof Int8Array &&
      bias.length === outputs &&
      shift >= 0 &&
      shift < 32 &&
      high >= 0,
    `layer ${index} of the network is malformed`,
  );
  return { kernel, bias, shift, high, inputs, outputs };
}

function checkLayers([first, second, third, fourth], zChannels, numTables) {
  check(
    Number.isInteger(zChannels) &&
      second.inputs === first.outputs &&
      second.outputs % 16 === 0 &&
      third.inputs === (9 * second.outputs) / 16 + 1 &&
      fourth.inputs === third.outputs + 1 &&
      zChannels + fourth.high < numTables,
    "the layers of the network do not fit together",
  );
}

/** The model hash: of the tables, of the network, and what `decoder` says. */
async function hashModel({ cdf, columns, size, offset }, layers, decoder) {
  const header = Uint32Array.of(12, size.length, columns);
  const digests = [await digest([header, cdf, size, offset])];
  if (layers) {
    const parts = layers.flatMap((layer) => {
      const { inputs, outputs, shift, high, kernel, bias } = layer;
      return [Uint32Array.of(inputs, outputs, shift, high), kernel, bias];
    });
    digests.push(await digest(parts));
  }
  digests.push(decoder);
  return hex((await digest(digests)).subarray(0, 4));
}

/** SHA-256 of typed arrays, one after the other, in little-endian order. */
export async function digest(arrays) {
  const blob = new Blob(arrays.map(littleEndian));
  const bytes = await blob.arrayBuffer();
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

function littleEndian(values) {
  const width = values.BYTES_PER_ELEMENT;
  if (width === 1) return values;
  const view = new DataView(new ArrayBuffer(values.length * width));
  values.forEach((value, i) => {
    if (width === 2) view.setInt16(2 * i, value, true);
    else view.setInt32(4 * i, value, true);
  });
  return view;
}

/**
 * One layer of the integer network: `output` from the vector `input`.
 *
 * Four inputs at a time, which takes half the time; zeros are left out.
 */
function applyLayer({ kernel, bias, shift, high }, input, output) {
  const sums = bias.slice();
  const count = sums.length;
  const used = [];
  for (let i = 0; i < input.length; i++) if (input[i] !== 0) used.push(i);
  let n = 0;
  for (; n + 4 <= used.length; n += 4) {
    const [a, b, c, d] = [used[n], used[n + 1], used[n + 2], used[n + 3]];
    const [p, q, r, s] = [input[a], input[b], input[c], input[d]];
    for (let j = 0; j < count; j++) {
      sums[j] +=
        p * kernel[a * count + j] +
        q * kernel[b * count + j] +
        r * kernel[c * count + j] +
        s * kernel[d * count + j];
    }
  }
  for (; n < used.length; n++) {
    const begin = used[n] * count;
    for (let j = 0; j < count; j++) {
      sums[j] += input[used[n]] * kernel[begin + j];
    }
  }
  for (let j = 0; j < count; j++) {
    output[j] = Math.min(Math.max(sums[j] >> shift, 0), high);
  }
}

/** The vectors of 3x3 positions around one of a grid, into `output`. */
function gather({ values, rows, columns, channels }, row, column, output) {
  output.fill(0);
  for (let part = 0; part < 9; part++) {
    const r = row + Math.floor(part / 3) - 1;
    const c = column + (part % 3) - 1;
    if (r < 0 || r >= rows || c < 0 || c >= columns) continue;
    const begin = (r * columns + c) * channels;
    output.set(values.subarray(begin, begin + channels), part * channels);
  }
}

/** Layers 1 and 2: from z to a vector at each of `rows` x `columns` of y. */
function expand([first, second], z, code, rows, columns) {
  const channels = second.bias.length / 16;
  const values = new Int32Array(rows * columns * channels);
  const input = new Int32Array(9 * z.channels + 1);
  const hidden = new Int32Array(first.bias.length);
  const output = new Int32Array(second.bias.length);
  for (let row = 0; row < z.rows; row++) {
    for (let column = 0; column < z.columns; column++) {
      gather(z, row, column, input);
      input[input.length - 1] = code;
      applyLayer(first, input, hidden);
      applyLayer(second, hidden, output);
      for (let part = 0; part < 16; part++) {
        const r = 4 * row + Math.floor(part / 4);
        const c = 4 * column + (part % 4);
        if (r >= rows || c >= columns) continue;
        const vector = output.subarray(part * channels, (part + 1) * channels);
        values.set(vector, (r * columns + c) * channels);
      }
    }
  }
  return { values, rows, columns, channels };
}

/** Layers 3 and 4: the scale indexes of one row of y, into `indexes`. */
function scaleIndexes([, , third, fourth], grid, code, row, indexes) {
  const input = new Int32Array(9 * grid.channels + 1);
  const hidden = new Int32Array(third.bias.length + 1);
  const channels = fourth.bias.length;
  hidden[hidden.length - 1] = code;
  for (let column = 0; column < grid.columns; column++) {
    gather(grid, row, column, input);
    input[input.length - 1] = code;
    applyLayer(third, input, hidden);
    const begin = column * channels;
    applyLayer(fourth, hidden, indexes.subarray(begin, begin + channels));
  }
}

/**
 * The symbols of a file that `readFile` has read.
 *
 * `model` comes from `readModel`. Returns `{z, y, numSymbols}`. The first two
 * are `{values, rows, columns, channels}` with the values as an `Int16Array` in
 * the order row, column, channel; `y` is null if there is no second segment.
 * `numSymbols` counts the symbols in the payload, those of skip rows excluded.
 */
export function readSymbols(file, model) {
  check(
    file.modelHash === model.hash,
    `made with another model: preset ${file.preset}, ${file.presetName}, ` +
      `model hash ${file.modelHash}, these tables have ${model.hash}`,
  );
  const { tables, layers } = model;
  const decoder = new PayloadDecoder(file.latents, tables);
  const rows = Math.ceil(file.height / 16);
  const columns = Math.ceil(file.width / 16);
  const z = makeGrid(
    layers ? Math.ceil(rows / 4) : rows,
    layers ? Math.ceil(columns / 4) : columns,
    model.zChannels,
  );
  const zRows = Int32Array.from({ length: z.channels }, (_, c) => c);
  decoder.beginSegment();
  for (let begin = 0; begin < z.values.length; begin += z.channels) {
    decoder.decode(zRows, z.values, begin);
  }
  let y = null;
  if (layers) {
    const code = Math.floor(file.quality / 40);
    y = readLatents(decoder, model, z, code, rows, columns);
  }
  decoder.finish();
  return { z, y, numSymbols: decoder.numSymbols };
}

function makeGrid(rows, columns, channels) {
  const values = new Int16Array(rows * columns * channels);
  return { values, rows, columns, channels };
}

/** The second segment, row by row, so that damage is found early. */
function readLatents(decoder, { layers, zChannels }, z, code, rows, columns) {
  check(
    z.values.every((value) => Math.abs(value) <= LARGEST_Z),
    `a hyper-latent lies outside [-${LARGEST_Z}, ${LARGEST_Z}]`,
  );
  const grid = expand(layers, z, code, rows, columns);
  const y = makeGrid(rows, columns, layers[3].bias.length);
  const tableRows = new Int32Array(columns * y.channels);
  decoder.beginSegment();
  for (let row = 0; row < rows; row++) {
    scaleIndexes(layers, grid, code, row, tableRows);
    for (let i = 0; i < tableRows.length; i++) tableRows[i] += zChannels;
    decoder.decode(tableRows, y.values, row * tableRows.length);
  }
  return y;
}
