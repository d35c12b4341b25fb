import { HeaderId, headerIdOf } from "./header-names.ts";

const PERCENT = 37;
const ESCAPE = /%u([0-9a-f]{4})|%([0-9a-f]{2})/gi;

/**
 * True for the name of a field that nobody knows until its escapes are undone: `Content%2DLength`. A `%` is a token
 * character, and nothing in RFC 3261 §7.3.1 unescapes names, but there are readers that do (npm `sip`), and what is a field
 * without meaning to us would be a second Content-Length or From to them. The range holds token bytes.
 *
 * Contact is let be: `C%6Fntact` stands in a message that RFC 4475 §3.1.1.5 calls valid, and no rule reads Contact.
 */
export function spellsKnownName(bytes: Buffer, start: number, end: number): boolean {
  let p = start;
  while (p < end && bytes[p] !== PERCENT) p++;
  if (p === end) return false;
  const name = bytes
    .toString("latin1", start, end)
    .replaceAll(ESCAPE, (_, wide: string | undefined, narrow: string | undefined) =>
      String.fromCharCode(Number.parseInt(wide ?? narrow ?? "0", 16)),
    );
  const spelt = Buffer.from(name, "latin1");
  const id = spelt.length > 0 ? headerIdOf(spelt, 0, spelt.length) : HeaderId.Other;
  return id !== HeaderId.Other && id !== HeaderId.Contact;
}
