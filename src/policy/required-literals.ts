/**
 * What a regular expression (RE2 syntax) cannot match without: one of these texts at least, in small letters, wherever the
 * expression matches. Undefined: nothing of use, or syntax that is not followed here. Only ASCII is taken into account, and
 * of each sequence the part whose shortest text is longest.
 *
 * @example requiredLiterals("(?i)contract no\\.? [0-9]+") // ["contract no"]
 */
export function requiredLiterals(pattern: string): readonly string[] | undefined {
  const reader: Reader = { pattern, at: 0, depth: 0 };
  const found = readAlternatives(reader);
  if (found === UNKNOWN || reader.at < pattern.length) return undefined;
  const literals = [...new Set(found ?? [])];
  const isUseful = literals.length > 0 && literals.length <= MAX_LITERALS;
  return isUseful && literals.every((literal) => literal.length >= MIN_LENGTH)
    ? literals
    : undefined;
}

/**
 * A text as literals are looked for in it: small letters, and what the expression's case folding takes for ASCII letters too
 * (the long s; the Kelvin sign has a small k).
 */
export function foldForLiterals(text: string): string {
  return text.toLowerCase().replaceAll("\u017f", "s");
}

const MIN_LENGTH = 2;
const MAX_LITERALS = 500;
const MAX_DEPTH = 50;

interface Reader {
  readonly pattern: string;
  at: number;
  depth: number;
}

/** Syntax that is not followed. */
const UNKNOWN = Symbol("unknown");

/** One of these is required; undefined: nothing is. */
type Literals = readonly string[] | undefined;

function readAlternatives(reader: Reader): Literals | typeof UNKNOWN {
  const branches: Literals[] = [];
  reader.depth += 1;
  if (reader.depth > MAX_DEPTH) return UNKNOWN;
  for (;;) {
    const branch = readSequence(reader);
    if (branch === UNKNOWN) return UNKNOWN;
    branches.push(branch);
    if (reader.pattern[reader.at] !== "|") break;
    reader.at += 1;
  }
  reader.depth -= 1;
  if (branches.some((branch) => branch === undefined)) return undefined;
  return branches.flatMap((branch) => branch ?? []);
}

/** An element of a sequence: a character that stands for itself, or anything else with what it requires. */
type Element =
  | { readonly kind: "character"; readonly character: string }
  | { readonly kind: "other"; readonly requires: Literals };

function readSequence(reader: Reader): Literals | typeof UNKNOWN {
  let best: Literals;
  let literal = "";
  function close(): void {
    if (literal !== "") best = better(best, [literal]);
    literal = "";
  }
  while (reader.at < reader.pattern.length && !"|)".includes(reader.pattern[reader.at] ?? "|")) {
    const element = readElement(reader);
    if (element === UNKNOWN) return UNKNOWN;
    const repeat = readRepeat(reader);
    if (element.kind === "character") {
      if (repeat !== "optional") literal += element.character;
      if (repeat !== "once") close();
    } else {
      close();
      if (repeat !== "optional") best = better(best, element.requires);
    }
  }
  close();
  return best;
}

function better(a: Literals, b: Literals): Literals {
  if (a === undefined || b === undefined) return a ?? b;
  return shortest(b) > shortest(a) ? b : a;
}

function shortest(literals: readonly string[]): number {
  return Math.min(...literals.map((literal) => literal.length));
}

function readElement(reader: Reader): Element | typeof UNKNOWN {
  const character = reader.pattern[reader.at] ?? "";
  if (character === "(") return readGroup(reader);
  if (character === "[") return readClass(reader);
  if (character === "\\") return readEscape(reader);
  reader.at += 1;
  if (".^$".includes(character)) return ANYTHING;
  if ("*+?".includes(character)) return UNKNOWN;
  return characterOf(character);
}

const ANYTHING: Element = { kind: "other", requires: undefined };

function characterOf(character: string): Element {
  if (character > "\x7f" || character < " ") return ANYTHING;
  return { kind: "character", character: character.toLowerCase() };
}

/** "(?i)" sets flags, of which none adds to what a literal matches beyond `foldForLiterals`. */
function readGroup(reader: Reader): Element | typeof UNKNOWN {
  const opening = /\((?:\?(?:P?<\w+>|[imsU-]*:))?(?!\?)|\(\?[imsU-]+\)/y;
  opening.lastIndex = reader.at;
  const opened = opening.exec(reader.pattern)?.[0];
  if (opened === undefined) return UNKNOWN;
  reader.at += opened.length;
  if (opened.endsWith(")")) {
    // A repeat here would be of what stands before the flags.
    return /[*+?{]/.test(reader.pattern[reader.at] ?? "") ? UNKNOWN : ANYTHING;
  }
  const requires = readAlternatives(reader);
  if (requires === UNKNOWN || reader.pattern[reader.at] !== ")") return UNKNOWN;
  reader.at += 1;
  return { kind: "other", requires };
}

function readClass(reader: Reader): Element | typeof UNKNOWN {
  const whole = /\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]/y;
  whole.lastIndex = reader.at;
  const read = whole.exec(reader.pattern)?.[0];
  if (read === undefined) return UNKNOWN;
  reader.at += read.length;
  return ANYTHING;
}

function readEscape(reader: Reader): Element | typeof UNKNOWN {
  const next = reader.pattern[reader.at + 1] ?? "";
  const property = /\\[pP](?:\{\^?\w+\}|\w)/y;
  property.lastIndex = reader.at;
  const named = property.exec(reader.pattern)?.[0];
  reader.at += named?.length ?? 2;
  if (named !== undefined || /[dDwWsSbBAzntrfv]/.test(next)) return ANYTHING;
  return /[!-/:-@[-`{-~]/.test(next) ? characterOf(next) : UNKNOWN;
}

type Repeat = "once" | "optional" | "more";

function readRepeat(reader: Reader): Repeat {
  const repeat = /(?:[*+?]|\{(\d+)(?:,\d*)?\})\??/y;
  repeat.lastIndex = reader.at;
  const read = repeat.exec(reader.pattern);
  if (read === null) return "once";
  reader.at += read[0].length;
  const isOptional = "*?".includes(read[0].charAt(0)) || Number(read[1] ?? "1") === 0;
  return isOptional ? "optional" : "more";
}
