import { decodeText } from "../../content/charset.ts";
import { percentDecode } from "../../content/percent.ts";
import { ok, type Result } from "../../base/result.ts";
import { mimeProblem, type MimeProblem } from "./mime-problem.ts";

/** What follows the value of Content-Type or Content-Disposition. */
export interface Parameters {
  /** Names in lower case, values unquoted; without those of RFC 2231. */
  readonly plain: ReadonlyMap<string, string>;
  /** Every value that a reader may take for the file name: plain, extended (`name*`), pieces (`name*0`); see `fileNames`. */
  readonly names: readonly string[];
}

// RFC 9110 token characters
const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const BLANKS = /[ \t]*/y;
const MAX_PARAMETERS = 100;
const NO_FLAGS: ReadonlySet<string> = new Set();

/**
 * Reads `; name=value` strictly, from `offset` to the end of the text (latin1, unfolded). Anything that readers differ about
 * is a problem: a parameter twice, blanks around "=", a broken quoted string, text after a value.
 * File names may come in the forms of RFC 2231, also against its rules (out of order, plain and extended disagreeing): then
 * each possible reading is kept in `names`, and all of them are judged.
 * @param flags Names of parameters that may stand without a value (RFC 3261 §25.1, generic-param).
 */
export function parseParameters(
  text: string,
  offset: number,
  flags: ReadonlySet<string> = NO_FLAGS,
): Result<Parameters, MimeProblem> {
  const plain = new Map<string, string>();
  const extended: [name: string, value: string][] = [];
  const raws: string[] = [];
  const seen = new Set<string>();
  let at = skipBlanks(text, offset);
  while (at < text.length) {
    if (text[at] !== ";") return mimeProblem("bad-parameter", "text after a value");
    at = skipBlanks(text, at + 1);
    if (at === text.length) break; // one ";" at the end means the same to everyone
    const name = tokenAt(text, at)?.toLowerCase();
    if (name === undefined) return mimeProblem("bad-parameter", "a parameter without a name");
    at += name.length;
    if (flags.has(name) && text[at] !== "=") {
      if (seen.has(name)) return mimeProblem("duplicate-parameter", name);
      seen.add(name);
      at = skipBlanks(text, at);
      continue;
    }
    if (text[at] !== "=") return mimeProblem("bad-parameter", `"${name}" without a value`);
    const value = valueAt(text, at + 1);
    if (value === undefined) return mimeProblem("bad-parameter", `the value of "${name}"`);
    at = skipBlanks(text, value.end);
    if (seen.has(name)) return mimeProblem("duplicate-parameter", name);
    seen.add(name);
    if (seen.size > MAX_PARAMETERS) return mimeProblem("bad-parameter", "more than 100 parameters");
    if (!name.includes("*")) {
      plain.set(name, value.value);
      if (isFileName(name)) raws.push(value.value, value.raw, ...withoutSingleQuotes(value.value));
    } else if (isFileName(name.slice(0, name.indexOf("*")))) extended.push([name, value.value]);
    else
      return mimeProblem("bad-parameter", `"${name}": only a file name may be split or extended`);
  }
  const readings = extendedNames(extended);
  if (!readings.ok) return readings;
  const names = [...new Set([...raws.map(utf8OfLatin1), ...readings.value])];
  if (names.length > 8) return mimeProblem("bad-parameter", "more than 8 readings of a file name");
  return ok({ plain, names });
}

function isFileName(name: string): boolean {
  return name === "name" || name === "filename";
}

/** Quotes to some readers, part of the name to the standard. */
function withoutSingleQuotes(value: string): readonly string[] {
  const inner = /^'(.*)'$/.exec(value)?.[1];
  return inner === undefined ? [] : [inner];
}

function skipBlanks(text: string, at: number): number {
  BLANKS.lastIndex = at;
  BLANKS.test(text);
  return BLANKS.lastIndex;
}

function tokenAt(text: string, at: number): string | undefined {
  TOKEN.lastIndex = at;
  return TOKEN.exec(text)?.[0];
}

interface ParameterValue {
  readonly value: string;
  /** Between the quotes as sent: some readers take a backslash for itself (a path of Windows), not for an escape. */
  readonly raw: string;
  readonly end: number;
}

function valueAt(text: string, at: number): ParameterValue | undefined {
  if (text[at] !== '"') {
    const token = tokenAt(text, at);
    return token === undefined ? undefined : { value: token, raw: token, end: at + token.length };
  }
  let value = "";
  for (let i = at + 1; i < text.length; i++) {
    const character = text[i] ?? "";
    if (character === '"') return { value, raw: text.slice(at + 1, i), end: i + 1 };
    if (character < " " && character !== "\t") return undefined;
    if (character === "\x7f") return undefined;
    if (character === "\\") {
      i++;
      value += text[i] ?? "";
    } else value += character;
  }
  return undefined;
}

function utf8OfLatin1(text: string): string {
  const decoded = decodeText(Buffer.from(text, "latin1"), "utf-8");
  return decoded.ok ? decoded.value.text : text;
}

/** RFC 2231 §3-4: `name*=`, `name*0=`, `name*0*=`. */
function extendedNames(
  parameters: readonly (readonly [string, string])[],
): Result<readonly string[], MimeProblem> {
  const whole: string[] = [];
  const pieces: { readonly index: number; readonly encoded: boolean; readonly value: string }[] =
    [];
  for (const [name, value] of parameters) {
    if (/^[a-z]+\*$/.test(name)) {
      const decoded = extendedValue(value);
      if (!decoded.ok) return decoded;
      whole.push(...decoded.value);
      continue;
    }
    const piece = /^[a-z]+\*(0|[1-9][0-9]{0,2})(\*?)$/.exec(name);
    if (piece === null) return mimeProblem("bad-parameter", name);
    pieces.push({ index: Number(piece[1]), encoded: piece[2] === "*", value });
  }
  if (pieces.length === 0) return ok(whole);
  const sorted = [...pieces].sort((a, b) => a.index - b.index);
  for (const order of [sorted, pieces]) {
    const joined = order.map((piece) => piece.value).join("");
    whole.push(utf8OfLatin1(joined));
    if (order[0]?.encoded !== true) continue;
    const decoded = extendedValue(joined);
    if (!decoded.ok) return decoded;
    whole.push(...decoded.value);
  }
  return ok(whole);
}

/** `charset'language'percent-encoded` (RFC 2231 §4), in every way that a reader may decode it. */
function extendedValue(value: string): Result<readonly string[], MimeProblem> {
  const parts = /^([^']*)'[^']*'(.*)$/.exec(value);
  if (parts === null) return mimeProblem("bad-parameter", "an extended file name without charset");
  const charset = parts[1] ?? "";
  const encoded = parts[2] ?? "";
  if (/^utf-?8$/i.test(charset)) return ok([percentDecode(encoded)]);
  const latin1 = encoded.replaceAll(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(parseInt(hex, 16)),
  );
  const decoded = decodeText(Buffer.from(latin1, "latin1"), charset === "" ? "us-ascii" : charset);
  return decoded.ok
    ? ok([decoded.value.text, ...decoded.value.views])
    : mimeProblem("bad-parameter", `the charset of a file name: ${decoded.problem.detail}`);
}
