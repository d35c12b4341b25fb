import { isInvisible } from "../content/invisible.ts";
import { foldMapped, type MappedText } from "../content/mapped-text.ts";

/**
 * The text as a client resolves it: without characters that are not seen, every other in its compatibility form (NFKC), the
 * ideographic full stop as a dot. `dropBreaks` also takes tabs and line ends away, as URL parsers do inside an attribute.
 */
export function foldLinkText(mapped: MappedText, dropBreaks = false): MappedText {
  const plain = dropBreaks ? /^[\x20-\x7e]*$/ : /^[\t\n\r\x20-\x7e]*$/;
  if (plain.test(mapped.text)) return mapped;
  return foldMapped(mapped, (codePoint) => {
    if (isInvisible(codePoint)) return "";
    if (dropBreaks && (codePoint === 0x09 || codePoint === 0x0a || codePoint === 0x0d)) return "";
    const character = String.fromCodePoint(codePoint);
    if (codePoint < 0xa0) return character;
    const form = character.normalize("NFKC");
    return form === "\u3002" ? "." : form;
  });
}
