/**
 * The same bytes in a buffer of their own. A view that is posted to another thread takes its whole buffer along: one byte out
 * of a message would arrive with the megabytes of the receive buffer behind it.
 */
export function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(bytes);
}
