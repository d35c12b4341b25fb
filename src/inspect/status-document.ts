import { decodeText } from "../content/charset.ts";
import { findHtmlLinks } from "./find-html-links.ts";
import { readSimpleXml } from "./simple-xml.ts";

/** Bytes up to which a known message about messages (typing, delivery) passes unlisted. */
const SMALL = 4096;

/** XML bodies that say only "is typing" (RFC 3994) or "was delivered" (RFC 5438): root element, and what may stand in it. */
const STATUS: ReadonlyMap<string, readonly [root: string, inside: RegExp]> = new Map([
  ["application/im-iscomposing+xml", ["iscomposing", /^(?:state|lastactive|contenttype|refresh)$/]],
  [
    "message/imdn+xml",
    [
      "imdn",
      /^(?:message-id|datetime|(?:original-)?recipient-uri|(?:delivery|display|processing)-notification|status|delivered|displayed|processed|stored|failed|forbidden|error)$/,
    ],
  ],
  ["application/ms-imdn+xml", ["imdn", /^(?:message-id|recipient|status|reason|datetime)$/]],
  ["application/xml", ["keyboardactivity", /^status$/]],
]);

/** Is this the type of a message about messages? */
export function isStatusType(type: string): boolean {
  return STATUS.has(type);
}

/**
 * Is this a message about messages and nothing more: small, strict XML, no element but its own, no link but to a phone? Whatever
 * else comes under its name is taken for what it may be: a text and a file.
 */
export function isStatus(type: string, content: Buffer): boolean {
  const [root, inside] = STATUS.get(type) ?? [];
  if (inside === undefined || content.length > SMALL) return false;
  const decoded = decodeText(content, "utf-8");
  if (!decoded.ok) return false;
  const [first, ...others] = readSimpleXml(decoded.value.text) ?? [];
  if (first?.name.toLowerCase() !== root) return false;
  if (!others.every(({ name }) => inside.test(name.toLowerCase()))) return false;
  const { links, disarmed } = findHtmlLinks(decoded.value.text, 10, true);
  return [...links, ...disarmed].every(({ scheme }) => /^(?:sips?|tel|im|pres)$/.test(scheme));
}
