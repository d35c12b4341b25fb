import { canonicalCharset } from "../content/charset.ts";

/**
 * Does an HTML or XML text declare another charset within, in which its bytes could say something else? Of the two, some
 * readers believe the one in the text. A declaration of an ASCII-compatible charset of single bytes changes no letter of a
 * link, and many clients write a fixed one, so it does not matter.
 * @param charset What the text was read in, canonical.
 */
export function declaresOtherCharset(text: string, charset: string): boolean {
  if (!/<(?:meta|\?xml)/i.test(text)) return false;
  for (const match of text.matchAll(DECLARATION)) {
    const declared = canonicalCharset(match[1] ?? "");
    if (declared !== charset && !HARMLESS.test(declared)) return true;
  }
  return false;
}

const DECLARATION = /\b(?:charset|encoding)\s{0,9}=\s{0,9}["']?\s{0,9}([A-Za-z][\w.:-]{1,40})/gi;

const HARMLESS =
  /^(?:utf-8|us-ascii|iso-8859-\d{1,2}|windows-(?:125\d|874)|koi8-[ru]|ibm866|macintosh)$/;

/**
 * Does an XML document that we have read as UTF-8, or by its bytes, declare a charset in which ASCII says something else (UTF-7)? Its
 * declaration says of itself that it is not in UTF-16, whatever is written there. COMPAT(.NET): of a text it writes UTF-16, and sends UTF-8.
 */
export function hidesText(text: string): boolean {
  return declaresOtherCharset(text.replaceAll(WIDE, "encoding=utf-8"), "utf-8");
}

const WIDE = /\bencoding\s{0,9}=\s{0,9}["']?\s{0,9}utf-?16\b/gi;
