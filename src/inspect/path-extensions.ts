import { isInvisible } from "../content/invisible.ts";
import { asciiLookalike } from "../content/lookalike.ts";
import { normalizeText } from "../content/normalize-text.ts";
import { percentDecode } from "../content/percent.ts";

/**
 * The extensions that the last path segment of a link may have for whoever opens it, lower case, without dot: as written and
 * percent-decoded once and twice, before and after everything at which some reader cuts (";", "?", "#", ":", NUL, quotes,
 * brackets). Mostly one.
 *
 * @example pathExtensions("/get/Setup.EXE%00.jpg") // ["exe", "jpg"]
 */
export function pathExtensions(path: string): readonly string[] {
  const found = new Set<string>();
  let text = path;
  for (let round = 0; round < 3; round++) {
    collect(text, found);
    const queryless = /^[^?#]*/.exec(text)?.[0] ?? text;
    if (queryless !== text) collect(queryless, found);
    const decoded = percentDecode(text);
    if (decoded === text) break;
    text = decoded;
  }
  return [...found];
}

/** Nobody reads it in another way. */
const PLAIN_NAME = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)+$/i;

function collect(path: string, found: Set<string>): void {
  const segment = lastSegment(path);
  if (!segment.includes(".") && !/[\u3002\uFF0E\uFF61]/.test(segment)) return;
  if (PLAIN_NAME.test(segment)) {
    found.add(segment.slice(segment.lastIndexOf(".") + 1).toLowerCase());
    return;
  }
  // Clients also end a link at invisible characters and at punctuation beyond ASCII ("a.exe。谢谢").
  const cut = segment.split(/[[\p{P}\p{S}\p{Z}\p{Cf}]--\p{ASCII}]/v);
  for (const part of cut.length === 1 ? cut : [segment, ...cut]) {
    collectFrom(normalizeText(part, "NFKC").replaceAll("\u3002", "."), found);
  }
}

function collectFrom(folded: string, found: Set<string>): void {
  for (const piece of folded.split(/[;:\0?#,'"()<>|*&!\s]/)) {
    let name = "";
    for (const character of piece)
      if (!isInvisible(character.codePointAt(0) ?? 0)) name += character;
    let end = name.length;
    while (end > 0 && name[end - 1] === ".") end--;
    const dot = name.lastIndexOf(".", end - 1);
    if (dot < 0 || end === 0) continue;
    const extension = name.slice(dot + 1, end).toLowerCase();
    found.add(extension);
    const word = /^[a-z0-9_-]+/.exec(extension)?.[0];
    if (word !== undefined) found.add(word);
    found.add(asciiLookalike(extension));
  }
}

function lastSegment(path: string): string {
  let end = path.length;
  while (end > 0 && (path[end - 1] === "/" || path[end - 1] === "\\")) end--;
  const cut = Math.max(path.lastIndexOf("/", end - 1), path.lastIndexOf("\\", end - 1));
  return path.slice(cut + 1, end);
}
