import { decodeReferences } from "./html-references.ts";
import { createMappedText, type MappedText } from "../content/mapped-text.ts";

/** An attribute of a start tag. */
export interface HtmlAttribute {
  /** In small letters. */
  readonly name: string;
  /** The range of its value in the source, without quotes. */
  readonly start: number;
  readonly end: number;
}

/** The value of an attribute, decoded, with the place in the source of each unit. */
export function attributeValue(source: string, attribute: HtmlAttribute): MappedText {
  const value = createMappedText();
  decodeReferences(value, source, attribute, true);
  return value.build();
}

/**
 * The attributes of the start tag at source[start, end), all of them: the HTML standard drops the second of two with one name,
 * lax readers take it.
 */
export function readAttributes(
  source: string,
  start: number,
  end: number,
): readonly HtmlAttribute[] {
  const attributes: HtmlAttribute[] = [];
  let at = start + 1;
  while (at < end && !/[\s/>]/.test(source[at] ?? "")) at++;
  while (at < end) {
    while (at < end && /[\s/]/.test(source[at] ?? "")) at++;
    if (at >= end || source[at] === ">") break;
    const nameStart = at;
    at++; // a "=" first belongs to the name
    while (at < end && !/[\s/>=]/.test(source[at] ?? "")) at++;
    const name = source.slice(nameStart, at).toLowerCase();
    while (at < end && /\s/.test(source[at] ?? "")) at++;
    if (source[at] !== "=") continue;
    at++;
    while (at < end && /\s/.test(source[at] ?? "")) at++;
    const range = valueRange(source, at, end);
    attributes.push({ name, start: range.start, end: range.end });
    at = range.next;
  }
  return attributes;
}

function valueRange(
  source: string,
  at: number,
  end: number,
): { readonly start: number; readonly end: number; readonly next: number } {
  const quote = source[at];
  if (quote === '"' || quote === "'") {
    const close = source.indexOf(quote, at + 1);
    const stop = close < 0 || close >= end ? end : close;
    return { start: at + 1, end: stop, next: stop + 1 };
  }
  let stop = at;
  while (stop < end && !/[\s>]/.test(source[stop] ?? "")) stop++;
  return { start: at, end: stop, next: stop };
}
