/** A body that comes with a Content-Encoding is decoded to so many bytes at most, and to so many for each of its own. */
const MAX_DECODED = 1024 * 1024;
const MAX_RATIO = 100;

/** How many bytes so many of an encoded body may become: what the decoder stops at, and what is reckoned with before. */
export function mostDecoded(encodedBytes: number): number {
  return Math.min(MAX_DECODED, encodedBytes * MAX_RATIO);
}
