import type { Link } from "../inspect/inspection.ts";

/** Whether a link begins with one prefix. */
export type LinkPrefix = (link: Link) => boolean;

/**
 * Reads one entry of a prefix list in the grammar of the original filter (protocols/lcs-features.md A1-05): `http:`,
 * `ftp.`, `www*.` (any letters between www and the dot), and `href`, which is any link that stands in an attribute.
 * Undefined when it is none of these.
 */
export function parseLinkPrefix(text: string): LinkPrefix | undefined {
  const prefix = text.toLowerCase();
  if (prefix === "href") return (link) => link.attribute;
  if (!/^[a-z0-9#+/=@^_`|~]+(?:\*\.|\.|:)$/.test(prefix)) return undefined;
  if (prefix.endsWith(":")) return (link) => link.canonical.startsWith(prefix);
  const start = prefix.slice(0, prefix.endsWith("*.") ? -2 : -1);
  const open = prefix.endsWith("*.");
  // "http://www.example.com" begins with www. too, as far as its reader is concerned: the host is looked at as well.
  return (link) =>
    beginsWithLabel(link.canonical, start, open) || beginsWithLabel(link.host ?? "", start, open);
}

function beginsWithLabel(name: string, start: string, open: boolean): boolean {
  if (!name.startsWith(start)) return false;
  if (!open) return name[start.length] === ".";
  for (let index = start.length; index < name.length; index += 1) {
    const char = name[index];
    if (char === ".") return true;
    if (char === "/" || char === ":" || char === "?" || char === "#") return false;
  }
  return false;
}

/** The grammar of prefixes, for hints. */
export const PREFIX_HINT =
  "a prefix ends in a colon or a dot, as in http: ftp. www*. or is the word href";
