/** One element: its name without prefix, and the text directly in it (references decoded, trimmed). */
export interface XmlElement {
  readonly name: string;
  readonly text: string;
}

const TOKEN =
  /<(\/?)(?:[A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)((?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/y;
const NAMED: ReadonlyMap<string, string> = new Map(
  Object.entries({ amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" }),
);

/**
 * The elements of a small XML document in document order, strictly: well nested, one root, no doctype, comment, CDATA,
 * processing instruction or unknown reference. Undefined for anything else. Only for names and numbers that a rule is asked about.
 */
export function readSimpleXml(source: string): readonly XmlElement[] | undefined {
  const prolog = /^\uFEFF?\s{0,100}(?:<\?xml\s[^<>?]{0,200}\?>)?\s{0,100}/.exec(source)?.[0] ?? "";
  const elements: { name: string; text: string }[] = [];
  const open: { name: string; text: string }[] = [];
  TOKEN.lastIndex = prolog.length;
  while (TOKEN.lastIndex < source.length) {
    const match = TOKEN.exec(source);
    if (match === null) return undefined;
    const [, closing, name = "", , empty, text] = match;
    if (text !== undefined) {
      const decoded = decodeXml(text);
      const element = open.at(-1);
      if (decoded === undefined) return undefined;
      if (element !== undefined) element.text += decoded;
      else if (text.trim() !== "") return undefined;
    } else if (closing === "/") {
      if (open.pop()?.name !== name) return undefined;
    } else {
      if (open.length === 0 && elements.length > 0) return undefined;
      const element = { name, text: "" };
      elements.push(element);
      if (empty !== "/") open.push(element);
      if (open.length > 50 || elements.length > 1000) return undefined;
    }
  }
  if (open.length > 0 || elements.length === 0) return undefined;
  return elements.map((element) => ({ name: element.name, text: element.text.trim() }));
}

function decodeXml(text: string): string | undefined {
  let known = true;
  const decoded = text.replaceAll(/&([^;&]{0,12};?)/g, (_, reference: string) => {
    const named = NAMED.get(reference.slice(0, -1));
    if (named !== undefined && reference.endsWith(";")) return named;
    const number = /^#(?:x([0-9a-f]{1,6})|([0-9]{1,7}));$/i.exec(reference);
    const codePoint =
      number === null ? -1 : number[1] === undefined ? Number(number[2]) : parseInt(number[1], 16);
    known &&= codePoint > 0 && codePoint <= 0x10ffff;
    return known ? String.fromCodePoint(codePoint) : "";
  });
  return known ? decoded : undefined;
}
