/**
 * Prints what is in .tfc files, and the SHA-256 of their symbols.
 *
 *     node examples/javascript/read_tfc.mjs FILE.tfc... --tables tables.npz
 *
 * One line of JSON on stdout for each sound file, one line on stderr for each
 * other, and then exit code 1. Without `--tables`: header and sections only.
 */

import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { readAncillary } from "./ancillary.mjs";
import { digest, readModel, readSymbols } from "./model.mjs";
import { TfcError, hex, readFile } from "./tfc.mjs";

const USAGE = "usage: node read_tfc.mjs FILE.tfc... [--tables tables.npz]";

/** `call(bytes)` for the bytes of a file; errors begin with its path. */
async function withFile(path, call) {
  try {
    return await call(new Uint8Array(readFileSync(path)));
  } catch (error) {
    const expected = error instanceof TfcError || error.syscall;
    throw expected ? new TfcError(`${path}: ${error.message}`) : error;
  }
}

/** SHA-256 over all of z and then all of y, four bytes each. */
async function hashSymbols({ z, y }) {
  const grids = y ? [z, y] : [z];
  return hex(await digest(grids.map(({ values }) => Int32Array.from(values))));
}

async function describe(bytes, model) {
  const file = readFile(bytes);
  const ancillary = await readAncillary(file);
  const description = {
    ...file,
    quality: file.quality / 100,
    latents: file.latents.length,
    ancillary: ancillary.map(({ type, name, bytes, content }) => {
      return { type, name, bytes: bytes.length, content: content.length };
    }),
  };
  if (!model) return description;
  const begin = performance.now();
  const symbols = readSymbols(file, model);
  const seconds = (performance.now() - begin) / 1000;
  const shape = ({ rows, columns, channels }) => [rows, columns, channels];
  return {
    ...description,
    z: shape(symbols.z),
    y: symbols.y && shape(symbols.y),
    numSymbols: symbols.numSymbols,
    seconds,
    sha256: await hashSymbols(symbols),
  };
}

function report(error) {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
}

async function main() {
  const { values, positionals } = parseArgs({
    options: { tables: { type: "string" } },
    allowPositionals: true,
  });
  if (positionals.length === 0) throw new TfcError(USAGE);
  const model = values.tables && (await withFile(values.tables, readModel));
  for (const path of positionals) {
    try {
      const description = await withFile(path, (b) => describe(b, model));
      console.log(JSON.stringify({ file: path, ...description }));
    } catch (error) {
      report(error);
    }
  }
}

main().catch(report);
