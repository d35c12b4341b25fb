import { decodeText } from "./charset.ts";
import { decodeQuotedWord } from "./percent.ts";

const ENCODED_WORD =
  /=\?([A-Za-z0-9_.:-]{1,40})(?:\*[A-Za-z0-9-]{0,40})?\?([BbQq])\?([^?]{0,65536})\?=/g;

/**
 * Replaces the encoded words of RFC 2047 in a text by what they stand for, wherever they stand; blanks between two of them go
 * (RFC 2047 §6.2). A word in a charset that we do not know gives its bytes as latin1.
 *
 * @example decodeEncodedWords("=?utf-8?B?YS5leGU=?=") // "a.exe"
 */
export function decodeEncodedWords(text: string): string {
  if (!text.includes("=?")) return text;
  const joined = text.replaceAll(/\?=[ \t\r\n]{1,32}=\?/g, "?==?");
  return joined.replaceAll(ENCODED_WORD, (_, charset: string, kind: string, encoded: string) => {
    const bytes =
      kind === "B" || kind === "b" ? Buffer.from(encoded, "base64") : decodeQuotedWord(encoded);
    const decoded = decodeText(bytes, charset);
    // Whoever knows the charset reads the ASCII letters of an extension as these bytes say.
    return decoded.ok ? decoded.value.text : bytes.toString("latin1");
  });
}
