import type { Inspection, Link, TextPart } from "../inspect/inspection.ts";
import type { LinkRewrite, LinkStyle } from "../policy/decision.ts";

/**
 * The links that `inspect` finds in a text: what each leads to, and where it begins; -1: where nothing can be put before it.
 * @param read The part, when its further readings are to be searched too.
 */
export type LinksIn = (
  text: string,
  markup: boolean,
  read?: TextPart,
) => readonly Pick<Link, "canonical" | "start">[];

/** One finds that all is well, one more where links were glued together. */
const MAX_SEARCHES = 3;

/**
 * The source of one text part with the links in it that are to be rewritten disarmed, each in its style. Whatever the style,
 * no link is found any more where one was disarmed, so that a second gateway changes nothing; undefined when that cannot be
 * brought about, and the message has to be refused.
 *
 * A style that rewrites a link's own characters does so only where they stand as they are read; a link in disguise
 * (entities, full-width letters, tags inside) gets the underscore. So do all links of a part in which something else
 * would become a link when these are taken out ("a.comhttp://b.com").
 *
 * @example disarmLinks(inspection, 0, [{ link: 0, style: "hxxp" }], linksIn) // "see hxxp[:]//evil[.]example"
 */
export function disarmLinks(
  inspection: Inspection,
  part: number,
  rewrites: readonly LinkRewrite[],
  linksIn: LinksIn,
): string | undefined {
  const read = inspection.texts[part];
  const { text = "", markup = false } = read ?? {};
  const numbers = numbersOf(inspection, rewrites);
  const wanted = rewrites
    .flatMap(({ link: index, style }) => {
      const link = inspection.links[index];
      return link?.part === part ? [{ link, style }] : [];
    })
    .toSorted((a, b) => a.link.start - b.link.start || b.link.end - a.link.end);
  if (wanted.length === 0) return text;
  const concerned = new Set(wanted.map(({ link }) => link));
  const otherwise = readOtherwise(inspection, part);
  const others = inspection.links.filter(
    (link) => (link.part === part && !concerned.has(link)) || otherwise.has(link.part),
  );
  const untouched = others.map((link) => link.canonical);
  const leftIn = (disarmed: string) =>
    exceptFor(untouched, linksIn(disarmed, markup, otherwise.size === 0 ? undefined : read));

  // Links lie in links: what one that begins before has put into brackets is not looked at again.
  let bracketed = 0;
  const styled = applyEdits(
    text,
    wanted.flatMap(({ link, style }) => {
      const number = numbers.get(link.canonical) ?? 0;
      const edits = editsOf(link, style, { markup, number, bracketed });
      if (edits.length > 1) bracketed = Math.max(bracketed, link.end);
      return edits;
    }),
  );
  if (!markup && otherwise.size === 0 && standAlone(text, [...concerned])) return styled;
  let left = leftIn(styled);
  if (left.length === 0) return styled;
  let disarmed = applyEdits(
    text,
    wanted.map(({ link }) => underscoreAt(link.start)),
  );
  for (let search = 2; search <= MAX_SEARCHES; search += 1) {
    left = leftIn(disarmed);
    if (left.length === 0) return disarmed;
    if (left.some(({ start }) => start < 0)) return undefined;
    disarmed = applyEdits(
      disarmed,
      left.map(({ start }) => underscoreAt(start)),
    );
  }
  return undefined;
}

/** The parts that are further readings of this one: they stand in the same place. */
function readOtherwise({ texts }: Inspection, part: number): ReadonlySet<number> {
  const read = texts[part];
  const found = new Set<number>();
  for (let i = part + 1; i < texts.length; i += 1) {
    const other = texts[i];
    if (other?.start !== read?.start || other?.carrier !== read?.carrier) break;
    found.add(i);
  }
  return found;
}

/**
 * Whether each link fills a word of its own, but for punctuation, with no other in it, and is written plainly: then there is
 * nothing beside it that could become a link. This spares most messages the second search.
 */
function standAlone(text: string, links: readonly Link[]): boolean {
  let end = 0;
  for (const link of links.toSorted((a, b) => a.start - b.start)) {
    const before = text.slice(Math.max(0, link.start - 3), link.start);
    const after = text.slice(link.end, link.end + 4);
    if (link.start < end || !/^[\w.~:/?#@!$&+=%-]+$/.test(link.raw)) return false;
    // A link for whoever looks at two slashes: no dot in it is to be put in brackets.
    if (/\/\/localhost/i.test(link.raw)) return false;
    if (!/(?:^|\s)[("'<]?$/.test(before) || !/^[)"'>.,;:!?]{0,2}(?:\s|$)/.test(after)) return false;
    end = link.end;
  }
  return true;
}

/** What of `found` is not in `allowed`, as often as it is found. */
function exceptFor<Found extends Pick<Link, "canonical">>(
  allowed: readonly string[],
  found: readonly Found[],
): readonly Found[] {
  const left = new Map<string, number>();
  for (const one of allowed) left.set(one, (left.get(one) ?? 0) + 1);
  return found.filter(({ canonical }) => {
    const count = left.get(canonical) ?? 0;
    left.set(canonical, count - 1);
    return count <= 0;
  });
}

/** Characters from `start` to `end` of the part's source become `text`. */
interface TextEdit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

interface LinkSetting {
  readonly markup: boolean;
  readonly number: number;
  /** Up to here joints have been put into brackets. */
  readonly bracketed: number;
}

/** The same link has the same number in every part, so that the alternatives of a message agree. */
function numbersOf(
  { links }: Inspection,
  rewrites: readonly LinkRewrite[],
): ReadonlyMap<string, number> {
  const numbers = new Map<string, number>();
  for (const rewrite of rewrites) {
    const link = links[rewrite.link];
    if (link !== undefined && !numbers.has(link.canonical)) {
      numbers.set(link.canonical, numbers.size + 1);
    }
  }
  return numbers;
}

function editsOf(link: Link, style: LinkStyle, setting: LinkSetting): readonly TextEdit[] {
  const { start, end, attribute } = link;
  switch (style) {
    case "underscore":
      return [underscoreAt(start)];
    case "hxxp":
    case "brackets":
      return bracketEdits(link, style === "hxxp", setting);
    // What stands in an attribute is an address for the client and no text: an anchor that leads nowhere.
    case "zero-link-token":
      return [
        { start, end, text: attribute ? `#link-${setting.number}` : `[link ${setting.number}]` },
      ];
    case "remove":
      return [{ start, end, text: attribute ? "#link-removed" : "[link removed]" }];
  }
}

function underscoreAt(start: number): TextEdit {
  return { start, end: start, text: "_" };
}

/** Every dot, colon and pair of backslashes, and slashes in front: one that were left could begin a link of its own. */
const JOINTS = /^\/\/|\.|:|\\\\/g;

const SCHEME = /^(?:https?|ftps?)(?=:)/i;

function bracketEdits(
  link: Link,
  swapsScheme: boolean,
  { markup, bracketed }: LinkSetting,
): readonly TextEdit[] {
  const { start, raw } = link;
  // Its own joints are, but for its scheme, those of the link around it.
  if (link.end <= bracketed) return swapsScheme ? schemeEdits(link) : [];
  const joints = isPlain(raw, markup) ? [...raw.matchAll(JOINTS)] : [];
  if (joints.length === 0) return [underscoreAt(start)];
  const edits = joints.map((joint) => ({
    start: start + joint.index,
    end: start + joint.index + joint[0].length,
    text: `[${joint[0]}]`,
  }));
  return swapsScheme ? [...schemeEdits(link), ...edits] : edits;
}

function schemeEdits({ start, raw }: Link): readonly TextEdit[] {
  const scheme = SCHEME.exec(raw)?.[0];
  if (scheme === undefined) return [];
  return [{ start, end: start + scheme.length, text: crossed(scheme) }];
}

/** "http" as "hxxp", "FTP" as "FXP": as people write what is not to be opened. */
function crossed(scheme: string): string {
  return scheme.replaceAll("t", "x").replaceAll("T", "X");
}

/** The characters say what is read: no entity, tag or escape, and no other character that counts as a dot, colon or slash. */
function isPlain(raw: string, markup: boolean): boolean {
  if (/[<>]/.test(raw) || /%(?:25)*(?:2e|2f|3a|5c)/i.test(raw)) return false;
  if (markup && /&(?!amp;)/.test(raw)) return false;
  const foreign = raw.replaceAll(/[!-~]+/g, "");
  return /^[\p{L}\p{N}\p{M}]*$/u.test(foreign) && !/[!-~]/.test(foreign.normalize("NFKC"));
}

/** In order; what lies inside of something that is replaced goes with it, and the same insertion is made once. */
function applyEdits(text: string, edits: readonly TextEdit[]): string {
  const ordered = edits.toSorted((a, b) => a.start - b.start || b.end - a.end);
  let out = "";
  let from = 0;
  let last: TextEdit | undefined;
  for (const edit of ordered) {
    const again = edit.start === last?.start && edit.end === last.end;
    if (edit.start < from || again) {
      from = Math.max(from, edit.end);
      continue;
    }
    out += text.slice(from, edit.start) + edit.text;
    from = edit.end;
    last = edit;
  }
  return out + text.slice(from);
}
