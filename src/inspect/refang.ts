import {
  createMappedText,
  sourceEnd,
  sourceStart,
  type MappedText,
} from "../content/mapped-text.ts";

/** A text in which dots and colons stand where people write "[.]" or " dot " for them. */
export interface Refanged {
  readonly mapped: MappedText;
  /** Places in the new text that stand for something else, ascending. */
  readonly replaced: readonly Replaced[];
}

/** One unit of the new text. */
export interface Replaced {
  readonly at: number;
  /** It was the word "dot" between blanks, as in prose. */
  readonly spelled: boolean;
}

/**
 * What a person reads who is meant to type a link that nobody can click: "evil[.]example", "evil (dot) example",
 * "hxxp[:]//evil dot example", "h**p://". Undefined when nothing of the kind stands in the text (folded). Linear.
 *
 * @example refang(sourceText("evil[.]example"))?.mapped.text // "evil.example"
 */
export function refang(mapped: MappedText): Refanged | undefined {
  const { text } = mapped;
  if (!SIGN.test(text)) return undefined;
  const out = createMappedText();
  const replaced: Replaced[] = [];
  let length = 0;
  let from = 0;
  for (const match of text.matchAll(WRITTEN)) {
    const { index } = match;
    const end = index + match[0].length;
    const { brackets, spelled, letters } = match.groups ?? {};
    const stands = letters === undefined ? (brackets ?? ".") : "http";
    out.copy(mapped, from, index);
    length += index - from;
    for (let i = 0; i < stands.length; i++)
      replaced.push({ at: length + i, spelled: spelled !== undefined });
    out.add(stands, sourceStart(mapped, index), sourceEnd(mapped, end - 1));
    length += stands.length;
    from = end;
  }
  if (replaced.length === 0) return undefined;
  out.copy(mapped, from, text.length);
  return { mapped: out.build(), replaced };
}

/** Every form has a bracket, "dot" or stars in it. */
const SIGN = /[[({*]|dot/i;
const HOST = String.raw`[\p{L}\p{N}]`;
/** A dot in brackets, with blanks or without; a dot as a word; a colon in brackets; "h**p". */
const WRITTEN = new RegExp(
  String.raw`(?<=${HOST}) ?[\[({] ?(?:\.|dot) ?[\])}] ?(?=${HOST})|` +
    String.raw`(?<=${HOST})(?<spelled>[ \t]{1,3}dot[ \t]{1,3})(?=${HOST})|` +
    String.raw`(?<=[a-z])[\[({](?<brackets>:(?:\/\/)?|\/\/)[\])}](?=[\p{L}\p{N}\/\\])|` +
    String.raw`(?<![\p{L}\p{N}])(?<letters>h(?:\*\*|__)p)(?=s?[\[({]?:)`,
  "giu",
);

/** What a right-to-left override (U+202E) turns: to the pop (U+202C) or the end of the line. */
const TURNED = /\u202E[^\u202C\n\r\u2029]*/g;

/** How many characters of a text are turned round. */
export function countTurned(text: string): number {
  if (!text.includes("\u202E")) return 0;
  let count = 0;
  for (const [run] of text.matchAll(TURNED)) count += run.length;
  return count;
}

/**
 * The text as it is seen, where a right-to-left override (U+202E) turns the order of what follows, to the pop (U+202C) or
 * the end of the line: "\u202Eelpmaxe.live" is read as "evil.example". Undefined when there is none. Linear.
 */
export function asSeen(mapped: MappedText): MappedText | undefined {
  const { text } = mapped;
  if (!text.includes("\u202E")) return undefined;
  const out = createMappedText();
  let from = 0;
  for (const { index, 0: run } of text.matchAll(TURNED)) {
    out.copy(mapped, from, index);
    from = index + run.length;
    out.copyBackwards(mapped, index + 1, from);
  }
  out.copy(mapped, from, text.length);
  return out.build();
}
