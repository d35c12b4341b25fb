/** What entities of a document may come to, all together, with those in them; no honest one comes near. */
const MOST = 1024 * 1024;
const DECLARED =
  /<!ENTITY\s{1,99}(?:%\s{1,99})?([^\s"'<>]{1,200})\s{1,99}(?:"([^"]{0,20000})"|'([^']{0,20000})')/g;
const WINDOW_BYTES = 64 * 1024;
const REFERENCE = /[&%]([^\s&%;#<>"']{1,200});/g;

/**
 * Whether the entities that an XML document declares at its beginning are made to fill a reader's memory: each refers to others,
 * many times ("billion laughs"), or to itself, or a long one comes again and again.
 *
 * @param head the beginning of the document; declarations are looked for in 64 KiB
 */
export function hasEntityBomb(head: Buffer): boolean {
  const text = head.toString("latin1", 0, WINDOW_BYTES).replaceAll("\0", "");
  if (!/^(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?\s*</.test(text) || !text.includes("<!ENTITY"))
    return false;
  const values = new Map<string, string>();
  for (const [, name = "", double, single = ""] of text.matchAll(DECLARED)) {
    values.set(name, double ?? single);
  }
  const lengths = new Map<string, number>();
  const lengthOf = (name: string, depth: number): number => {
    const known = lengths.get(name);
    if (known !== undefined) return known;
    const value = values.get(name);
    if (value === undefined) return 0;
    if (depth > 100) return Infinity;
    // while it is being counted: who refers to it from within refers to itself
    lengths.set(name, Infinity);
    let length = value.length;
    for (const [, inner = ""] of value.matchAll(REFERENCE)) length += lengthOf(inner, depth + 1);
    lengths.set(name, length);
    return length;
  };
  let sum = 0;
  for (const name of values.keys()) sum += lengthOf(name, 0);
  for (const [, name = ""] of text.matchAll(REFERENCE)) sum += lengthOf(name, 0);
  return sum > MOST;
}
