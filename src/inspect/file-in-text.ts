/**
 * Is a file written out in this text? Clients that grew out of mail or news offer what is uuencoded, yEncoded or in BinHex as a
 * file, name and all, while everybody else shows lines of letters. A first line is enough: some need no last one.
 *
 * @example hasFileInText("begin 644 a.exe\r\n#0V%T\r\n`\r\nend") // true
 */
export function hasFileInText(text: string): boolean {
  // Nearly no text has one of the words, and looking for a word is cheaper.
  if (!text.includes("begin") && !text.includes("BinHex")) return false;
  return BEGINNING.test(text);
}

/** uuencode (`begin 644 name` and a line of data), the same of POSIX in base64, yEnc, BinHex 4.0 (RFC 1741). */
const BEGINNING: RegExp = new RegExp(
  [
    "^begin {1,2}[0-7]{3,4} {1,4}\\S[^\\r\\n]{0,255}\\r?\\n[!-`][ -`]{2,90}\\r?$",
    "^begin-base64 [0-7]{3,4} \\S",
    "^=ybegin [^\\r\\n]{0,200}name=",
    "^\\(This file must be converted with BinHex",
  ].join("|"),
  "m",
);
