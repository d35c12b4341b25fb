/**
 * The names that a file of a RAR 4 archive has: bytes of some code page, and behind a zero the same in Unicode, written as
 * differences to it. Without the zero it is UTF-8.
 */
export function rar4Name(bytes: Buffer, isUnicode: boolean): readonly string[] {
  const zero = bytes.indexOf(0);
  if (!isUnicode) return [bytes.toString("latin1", 0, zero < 0 ? bytes.length : zero)];
  if (zero < 0) return [bytes.toString("utf8")];
  const plain = bytes.subarray(0, zero);
  const wide = wideName(plain, bytes.subarray(zero + 1));
  const narrow = plain.toString("latin1");
  return wide === "" || wide === narrow ? [narrow] : [wide, narrow];
}

/** RAR's own packing: two bits for each step say how the next letters are made. */
function wideName(plain: Buffer, encoded: Buffer): string {
  const high = (encoded[0] ?? 0) << 8;
  let name = "";
  let at = 1;
  let flags = 0;
  let left = 0;
  while (at < encoded.length && name.length < plain.length) {
    if (left === 0) {
      flags = encoded[at++] ?? 0;
      left = 4;
      if (at >= encoded.length) break;
    }
    const how = (flags >> 6) & 3;
    flags <<= 2;
    left -= 1;
    const byte = encoded[at++] ?? 0;
    if (how === 0) name += String.fromCharCode(byte);
    else if (how === 1) name += String.fromCharCode(byte + high);
    else if (how === 2) name += String.fromCharCode(byte + ((encoded[at++] ?? 0) << 8));
    else {
      const isShifted = (byte & 0x80) !== 0;
      const shift = isShifted ? (encoded[at++] ?? 0) : 0;
      const end = Math.min(name.length + (byte & 0x7f) + 2, plain.length);
      while (name.length < end) {
        const letter = plain[name.length] ?? 0;
        name += String.fromCharCode(isShifted ? ((letter + shift) & 0xff) + high : letter);
      }
    }
  }
  return name;
}
