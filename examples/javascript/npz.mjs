/**
 * Reads a NumPy archive: a ZIP file, stored or deflated, of `.npy` arrays.
 *
 * Only what a preset's `tables.npz` needs: arrays of int8, uint8 and int32, no ZIP64.
 */

import { inflate } from "./inflate.mjs";
import { check } from "./tfc.mjs";

const LARGEST_ARRAY = 2 ** 26; // bytes
const TYPES = { "<i4": Int32Array, "|i1": Int8Array, "|u1": Uint8Array };

/** The arrays `{values, shape}` of an archive, a map from their names. */
export async function readNpz(bytes) {
  const view = viewOf(bytes);
  const u16 = (at) => view.getUint16(at, true);
  const u32 = (at) => view.getUint32(at, true);
  let end = bytes.length - 22;
  while (end >= 0 && u32(end) !== 0x06054b50) end -= 1;
  check(end >= 0, "not a ZIP archive");
  const arrays = new Map();
  let entry = u32(end + 16);
  for (let count = u16(end + 10); count > 0; count--) {
    check(u32(entry) === 0x02014b50, "the directory is damaged");
    const method = u16(entry + 10);
    const packed = u32(entry + 20);
    const size = u32(entry + 24);
    const nameEnd = entry + 46 + u16(entry + 28);
    const local = u32(entry + 42);
    const begin = local + 30 + u16(local + 26) + u16(local + 28);
    check(begin + packed <= bytes.length, "an array is cut off");
    check(size <= LARGEST_ARRAY, "an array is too long");
    check(method === 0 || method === 8, `compression method ${method}`);
    const name = new TextDecoder().decode(bytes.subarray(entry + 46, nameEnd));
    const data = bytes.slice(begin, begin + packed);
    const npy =
      method === 8 ? await inflate(data, "deflate-raw", size) : data;
    check(npy.length === size, `${name} has a wrong length`);
    arrays.set(name.replace(/\.npy$/, ""), readNpy(npy, name));
    entry = nameEnd + u16(entry + 30) + u16(entry + 32);
  }
  return arrays;
}

function viewOf(bytes) {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The array in a `.npy` file of version 1. */
function readNpy(bytes, name) {
  const view = viewOf(bytes);
  const begin = 10 + view.getUint16(8, true);
  const header = String.fromCharCode(...bytes.subarray(0, begin));
  const [, type] = /'descr': '([^']*)'/.exec(header) ?? [];
  const [, sizes] = /'shape': \(([\d, ]*)\)/.exec(header) ?? [];
  check(
    header.startsWith("\x93NUMPY\x01\x00") &&
      header.includes("'fortran_order': False") &&
      sizes !== undefined &&
      Object.hasOwn(TYPES, type),
    `${name} is no array of int8 or int32, row after row`,
  );
  const shape = sizes.split(",").filter((n) => n.trim()).map(Number);
  const length = shape.reduce((product, n) => product * n, 1);
  const width = TYPES[type].BYTES_PER_ELEMENT;
  check(bytes.length - begin === length * width, `${name} has a wrong length`);
  const values = TYPES[type].from({ length }, (_, i) => {
    const at = begin + i * width;
    return width === 1 ? view.getInt8(at) : view.getInt32(at, true);
  });
  return { values, shape };
}
