// `node jpeg_mozjpeg.mjs PACKAGE RAW WIDTH HEIGHT SUBSAMPLING TABLE Q...`
// JPEG files by mozjpeg, from the npm package @jsquash/jpeg in the folder
// PACKAGE. RAW holds RGBA samples. Each file goes to stdout after its length,
// 4 bytes, little endian. SUBSAMPLING: 1 is 4:4:4, 2 is 4:2:0. TABLE: mozjpeg's
// number of its kind of quantization table, 3 is its default, 1 is flat.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder, raw, width, height, subsampling, table, ...qualities] =
  process.argv.slice(2);
const url = (name) => pathToFileURL(join(folder, name));
const { default: encode, init } = await import(url('encode.js'));
const wasm = await readFile(url('codec/enc/mozjpeg_enc.wasm'));
await init(await WebAssembly.compile(wasm));
const data = new Uint8ClampedArray(await readFile(raw));
for (const quality of qualities) {
  const file = await encode(
    { data, width: +width, height: +height },
    {
      quality: +quality,
      auto_subsample: false,
      chroma_subsample: +subsampling,
      quant_table: +table,
    },
  );
  const length = Buffer.alloc(4);
  length.writeUInt32LE(file.byteLength);
  process.stdout.write(Buffer.concat([length, Buffer.from(file)]));
}
