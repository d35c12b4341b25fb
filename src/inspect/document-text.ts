import { decodeText } from "../content/charset.ts";

/**
 * The text of a document in which links are only looked for: UTF-8, or whatever encoding it shows to be in; where it is in none of
 * these, one character a byte, since a byte that fits nothing must not hide a link that stands beside it in ASCII.
 */
export function documentText(content: Buffer): string {
  const decoded = decodeText(content, "utf-8");
  return decoded.ok ? decoded.value.text : content.toString("latin1").replaceAll("\0", "");
}
