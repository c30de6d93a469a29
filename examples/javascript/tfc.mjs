/**
 * Reads the container of a .tfc file and its rANS payload.
 *
 * Plain JavaScript without packages, for Node (20.12 or later) and browsers,
 * written from docs/format.md alone. Bytes are `Uint8Array`s. Whatever is wrong
 * in them throws a `TfcError`, and no declared number is trusted, nor memory
 * allocated for it, before it has been checked.
 */

const MAGIC = [0x89, 0x54, 0x46, 0x43];
const HEADER = 23;
const LATENTS = 1;
const SECTION_NAMES = {
  0x80: "alpha",
  0x81: "ICC profile",
  0x82: "EXIF",
  0x83: "XMP",
  0x84: "greyscale",
};
const PRESETS = {
  1: "photo-1 (retired)",
  4: "photo-2 (retired)",
  5: "photo-3 (retired)",
  6: "photo-msssim-1 (retired)",
  7: "photo-4 (retired)",
  8: "photo-msssim-2 (retired)",
  9: "photo-5 (retired)",
  10: "photo-6",
  11: "photo-msssim-3",
  12: "photo-fast-1",
  16: "cnn-plain-1 (retired)",
  17: "cnn-pool-1 (retired)",
  18: "cnn-pool-dense-1",
  19: "deconvnet-1",
  20: "cnn-plain-2",
  21: "cnn-pool-2",
  32: "lossless-1 (retired)",
  33: "lossless-2",
  65535: "not part of tfcodec",
};
const SLOTS = 4096;
const LEAST_STATE = 2 ** 15;

export class TfcError extends Error {}

export function check(rule, message) {
  if (!rule) throw new TfcError(message);
}

/** The running CRC-32 register after `bytes`; begins and ends at ~0. */
function updateCrc(register, bytes) {
  for (const byte of bytes) {
    register = CRC_TABLE[(register ^ byte) & 255] ^ (register >>> 8);
  }
  return register;
}

/** The CRC-32 of all parts, one after the other. */
export function crc32(...parts) {
  return ~parts.reduce(updateCrc, ~0) >>> 0;
}

const CRC_TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  for (let bit = 0; bit < 8; bit++) {
    byte = (byte >>> 1) ^ (byte & 1 ? 0xedb88320 : 0);
  }
  return byte;
});

/**
 * LEB128 at `begin`: `[value, end]`, or an error's text instead of a value.
 * It has 35 bits, so `<<` with its 32 would not do.
 */
function readLength(bytes, begin) {
  let value = 0;
  for (let count = 0; count < 5; count++) {
    const end = begin + count + 1;
    if (end > bytes.length) return ["truncated in a section's length", end];
    const byte = bytes[end - 1];
    value += (byte & 127) * 2 ** (7 * count);
    if (byte < 128 && (byte > 0 || count === 0)) return [value, end];
    if (byte < 128) break;
  }
  return ["malformed length of a section", begin];
}

/** The sections `{type, bytes}` of a file whose checksum is `expected`. */
function readSections(bytes, expected) {
  check(bytes.length > HEADER, "truncated: there is no section");
  const sections = [];
  let register = updateCrc(~0, bytes.subarray(0, HEADER - 4));
  let position = HEADER;
  let sound = 0; // the end of the last section that the checksum confirms
  const fail = (message) => {
    const extra = `${bytes.length - sound} extra bytes after the end`;
    throw new TfcError(sound ? extra : message);
  };
  while (position < bytes.length) {
    const [length, begin] = readLength(bytes, position + 1);
    if (typeof length === "string") fail(length);
    const left = bytes.length - begin;
    if (length > left) {
      fail(
        `truncated: the section at byte ${position} needs ${length} bytes, ` +
          `${left} are left`,
      );
    }
    const end = begin + length;
    sections.push({ type: bytes[position], bytes: bytes.subarray(begin, end) });
    register = updateCrc(register, bytes.subarray(position, end));
    position = end;
    if (~register >>> 0 === expected) sound = end;
  }
  if (sound !== bytes.length) fail("altered: the checksum is wrong");
  return sections;
}

function checkVersion(bytes, expected) {
  const version = bytes[4];
  if (version === 1) return;
  const repaired = bytes.slice();
  repaired[4] = 1;
  const start = repaired.subarray(0, HEADER - 4);
  const crc = crc32(start, repaired.subarray(HEADER));
  const altered = version === 0 || crc === expected;
  check(!altered, "altered: the format version");
  throw new TfcError(`made by a newer version: format version ${version}`);
}

/**
 * Header and sections of a file.
 *
 * `maxPixels` is this reader's own limit. Returns `{preset, presetName,
 * modelHash, width, height, quality, latents, ancillary}` with the quality in
 * hundredths, the hash in hexadecimal, and ancillary sections `{type, name,
 * bytes}`.
 */
export function readFile(bytes, maxPixels = 2 ** 27) {
  check(bytes.length > 0, "the file is empty");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = MAGIC.slice(0, bytes.length);
  check(start.every((byte, i) => byte === bytes[i]), "not a tfcodec file");
  check(
    bytes.length >= HEADER,
    `truncated: ${bytes.length} bytes, the header has ${HEADER}`,
  );
  const u24 = (at) => view.getUint16(at, true) + (bytes[at + 2] << 16);
  const expected = view.getUint32(19, true);
  checkVersion(bytes, expected);
  const sections = readSections(bytes, expected);
  const preset = view.getUint16(5, true);
  const file = {
    preset,
    presetName: PRESETS[preset] ?? "unknown",
    modelHash: hex(bytes.subarray(7, 11)),
    width: u24(11),
    height: u24(14),
    quality: view.getUint16(17, true),
    latents: sections[0].bytes,
    ancillary: sections.slice(1).map(({ type, bytes }) => {
      return { type, name: SECTION_NAMES[type] ?? "unknown", bytes };
    }),
  };
  checkSections(sections.map(({ type }) => type));
  const { width, height, quality } = file;
  check(width > 0 && height > 0, `the image is ${width}x${height} pixels`);
  check(
    width * height <= Math.min(maxPixels, 2 ** 40),
    `too many pixels for this reader: ${width}x${height}`,
  );
  check(
    quality >= 100 && quality <= 10000,
    `the quality is ${quality} hundredths`,
  );
  return file;
}

function checkSections(types) {
  const counts = new Map();
  for (const type of types) {
    check(
      type === LATENTS || type >= 128,
      `made by a newer version: critical section ${type}`,
    );
    counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  for (const [type, name] of Object.entries(SECTION_NAMES)) {
    const count = counts.get(Number(type)) ?? 0;
    check(count <= 1, `${count} sections "${name}", there may be one`);
  }
  check(counts.has(LATENTS), "no latents section");
  check(counts.get(LATENTS) === 1, "several latents sections");
  check(types[0] === LATENTS, "the latents section is not the first");
}

/** Bytes in hexadecimal. */
export function hex(bytes) {
  return [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");
}

/**
 * Decodes one payload, segment by segment.
 *
 * `tables` come from `makeTables` (model.mjs). Call `beginSegment`, then
 * `decode` for the elements of the segment in one or more parts, and `finish`
 * after the last segment. Lanes take their words in the order of the symbols,
 * so there is no need to gather the symbols of a step.
 */
export class PayloadDecoder {
  constructor(payload, tables) {
    const { length } = payload;
    check(
      length % 2 === 0 && (length === 0 || length >= 6),
      `a payload of ${length} bytes`,
    );
    const view = new DataView(payload.buffer, payload.byteOffset, length);
    const lanes = length ? view.getUint16(0, true) : 0;
    if (length) check(lanes >= 1 && lanes <= 4096, `${lanes} lanes`);
    this.front = length ? 2 + 4 * lanes : 0;
    check(length >= this.front, `${lanes} lanes in ${length} bytes`);
    this.states = new Int32Array(lanes);
    for (let lane = 0; lane < lanes; lane++) {
      const state = view.getUint32(2 + 4 * lane, true);
      check(
        state >= LEAST_STATE && state < 2 ** 31,
        `lane ${lane} starts at the state ${state}`,
      );
      this.states[lane] = state;
    }
    this.view = view;
    this.tables = tables;
    this.back = length;
    this.lane = 0;
    this.numSymbols = 0;
  }

  beginSegment() {
    this.lane = 0;
  }

  /** Values of elements with these table rows, into `values` from `begin`. */
  decode(rows, values, begin = 0) {
    const { size, offset } = this.tables;
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i];
      values[begin + i] = size[row] === 1 ? offset[row] : this.#symbol(row);
    }
  }

  #symbol(row) {
    const { cdf, columns, size, offset, symbols } = this.tables;
    check(this.states.length > 0, "the payload is empty, symbols are due");
    let state = this.states[this.lane];
    const slot = state & (SLOTS - 1);
    const symbol = symbols[row * SLOTS + slot];
    const start = cdf[row * columns + symbol];
    const frequency = cdf[row * columns + symbol + 1] - start;
    state = frequency * (state >> 12) + slot - start;
    if (state < LEAST_STATE) {
      check(this.front < this.back, "the payload ends before its last symbol");
      state = (state << 16) | this.view.getUint16(this.front, true);
      this.front += 2;
    }
    this.states[this.lane] = state;
    this.lane = this.lane + 1 < this.states.length ? this.lane + 1 : 0;
    this.numSymbols += 1;
    if (symbol < size[row] - 1) return symbol + offset[row];
    check(this.front < this.back, "the payload ends before its last escape");
    this.back -= 2;
    return this.view.getInt16(this.back, true);
  }

  finish() {
    const left = (this.back - this.front) / 2;
    check(
      this.numSymbols > 0 || this.view.byteLength === 0,
      "the payload is not empty, but no symbol is coded",
    );
    check(left === 0, `${left} words of the payload are left over`);
    check(
      this.states.every((state) => state === LEAST_STATE),
      "a lane of the payload does not end at its first state",
    );
  }
}
