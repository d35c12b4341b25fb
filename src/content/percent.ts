/**
 * Decodes `%XX` to bytes and those, as UTF-8, to text; bytes that are not UTF-8 are read as latin1, a `%` that begins no
 * escape stays. Never fails: the result is something to judge, not something to fetch.
 *
 * @example percentDecode("a%2Eexe") // "a.exe"
 */
export function percentDecode(text: string): string {
  if (!text.includes("%")) return text;
  return text.replaceAll(/(?:%[0-9A-Fa-f]{2})+/g, (escapes) => {
    const bytes = Buffer.from(escapes.replaceAll("%", ""), "hex");
    const utf8 = bytes.toString("utf8");
    return utf8.includes("\uFFFD") ? bytes.toString("latin1") : utf8;
  });
}

/** The Q encoding of RFC 2047 §4.2: `=XX` and `_` for a blank. */
export function decodeQuotedWord(text: string): Buffer {
  const latin1 = text
    .replaceAll("_", " ")
    .replaceAll(/=([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(latin1, "latin1");
}
