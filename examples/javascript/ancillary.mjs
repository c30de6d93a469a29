/** Checks the ancillary sections that docs/format.md describes. */

import { inflate } from "./inflate.mjs";
import { TfcError, check, crc32, hex } from "./tfc.mjs";

const LARGEST = 2 ** 24; // bytes of one section, inflated
const PNG_START = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** Chunks `{type, bytes}` of a PNG file, with the right CRC. */
function readChunks(png) {
  const view = new DataView(png.buffer, png.byteOffset, png.length);
  const start = PNG_START.every((byte, i) => byte === png[i]);
  check(start, "not a PNG file");
  const chunks = [];
  let position = PNG_START.length;
  while (position < png.length) {
    const left = png.length - position - 12;
    check(left >= 0 && view.getUint32(position) <= left, "truncated");
    const end = position + 8 + view.getUint32(position);
    const crc = crc32(png.subarray(position + 4, end));
    check(crc === view.getUint32(end), "a wrong CRC");
    const type = ascii(png.subarray(position + 4, position + 8));
    chunks.push({ type, bytes: png.subarray(position + 8, end) });
    position = end + 4;
  }
  return chunks;
}

/** A PNG file of 8-bit greyscale, of this size; its samples are not read. */
function checkAlpha(png, { width, height }) {
  const chunks = readChunks(png);
  const types = chunks.map(({ type }) => type).join(" ");
  check(/^IHDR( IDAT)+ IEND$/.test(types), "other chunks than it should have");
  check(chunks.at(-1).bytes.length === 0, "IEND is not empty");
  const header = new DataView(new ArrayBuffer(13));
  header.setUint32(0, width);
  header.setUint32(4, height);
  header.setUint8(8, 8);
  check(
    hex(chunks[0].bytes) === hex(new Uint8Array(header.buffer)),
    `not ${width}x${height} pixels of 8-bit greyscale`,
  );
}

function ascii(bytes) {
  return String.fromCharCode(...bytes);
}

function isUtf8(bytes) {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

function checkMetadata(type, content) {
  check(content.length > 0, "it is empty");
  const start = ascii(content.subarray(0, 4));
  const exif = start === "II*\0" || start === "MM\0*";
  check(type !== 0x82 || exif, "it does not begin as a TIFF file");
  check(type !== 0x83 || isUtf8(content), "it is not UTF-8");
}

async function readSection({ type, bytes }, file) {
  if (type === 0x80) checkAlpha(bytes, file);
  if (type === 0x84) check(bytes.length === 0, "it is not empty");
  if (type < 0x81 || type > 0x83) return bytes;
  const content = await inflate(bytes, "deflate", LARGEST);
  checkMetadata(type, content);
  return content;
}

/**
 * The ancillary sections of a file that `readFile` has read, checked.
 *
 * Each is `{type, name, bytes, content}`, where `content` is inflated if the
 * section is a zlib stream. The picture in alpha is not decoded.
 */
export async function readAncillary(file) {
  const read = [];
  for (const section of file.ancillary) {
    try {
      read.push({ ...section, content: await readSection(section, file) });
    } catch (error) {
      throw new TfcError(`the section "${section.name}": ${error.message}`);
    }
  }
  return read;
}
