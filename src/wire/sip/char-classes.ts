/** RFC 3261 §25.1 `token`: alphanumeric or one of -.!%*_+`'~ (1 in the table). */
export const TOKEN: Uint8Array = tableOf(
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.!%*_+`'~",
);

/** What a host name may hold; the underscore is not in the RFC but in many networks. */
export const HOST: Uint8Array = tableOf(
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._",
);

/** What stands between the brackets of an IPv6 reference. */
export const IPV6: Uint8Array = tableOf("0123456789abcdefABCDEF:.");

/** Blank, tab, or the line end of a folded value (the head scan has checked that a blank follows it). */
export function isLinearSpace(byte: number | undefined): boolean {
  return byte === 32 || byte === 9 || byte === 13 || byte === 10;
}

/** The first offset from `at` on that is not linear white space, at most `end`. */
export function skipSpace(bytes: Uint8Array, at: number, end: number): number {
  let p = at;
  while (p < end && isLinearSpace(bytes[p])) p++;
  return p;
}

/**
 * The value of a run of one to ten digits, or -1 when the range is anything else. No sign, no blank, no hexadecimal.
 *
 * @example readDigits(Buffer.from("0068"), 0, 4) // 68
 */
export function readDigits(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length < 1 || length > 10) return -1;
  let value = 0;
  for (let p = start; p < end; p++) {
    const digit = (bytes[p] as number) - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

function tableOf(characters: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const byte of Buffer.from(characters, "latin1")) table[byte] = 1;
  return table;
}
