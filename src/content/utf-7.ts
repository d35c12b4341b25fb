/**
 * Decodes UTF-7 (RFC 2152): ASCII, and UTF-16 in base64 between "+" and "-". Undefined when it is not that: bytes above 127,
 * half a unit, bits that stand for nothing, lone surrogates.
 *
 * @example decodeUtf7(Buffer.from("a+AC4-exe")) // "a.exe"
 */
export function decodeUtf7(bytes: Buffer): string | undefined {
  const source = bytes.toString("latin1");
  let broken = source.search(/[^\0-\x7f]/) >= 0;
  const text = source.replaceAll(/\+([A-Za-z0-9+/]*)(-?)/g, (_, encoded: string, end: string) => {
    if (encoded === "") {
      broken ||= end === "";
      return "+";
    }
    const units = Buffer.from(encoded, "base64");
    const whole = units.length - (units.length % 2);
    // What is left must be fewer bits than a character of base64 has, and all of them zero.
    const again = units.subarray(0, whole).toString("base64").replaceAll("=", "");
    broken ||= again !== encoded;
    return Buffer.from(units.subarray(0, whole)).swap16().toString("utf16le");
  });
  return broken || !text.isWellFormed() ? undefined : text;
}
