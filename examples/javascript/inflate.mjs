/** Inflates deflate and zlib streams, and never more than is allowed. */

import { TfcError } from "./tfc.mjs";

/** The bytes of a stream; `format` as in `DecompressionStream`. */
export async function inflate(bytes, format, limit) {
  const reader = new Blob([bytes])
    .stream()
    .pipeThrough(new DecompressionStream(format))
    .getReader();
  const chunks = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read().catch((error) => {
      throw new TfcError(`a damaged stream: ${error.message}`);
    });
    if (done) break;
    chunks.push(value);
    length += value.length;
    if (length > limit) {
      await reader.cancel();
      throw new TfcError(`a stream of more than ${limit} bytes`);
    }
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}
