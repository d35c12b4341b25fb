import { withoutTrailing } from "../base/without-trailing.ts";
import { isAsciiText } from "../content/ascii-text.ts";
import { normalizeText } from "../content/normalize-text.ts";
import { below, type ConditionContext, type ListType, type NamedList } from "./condition.ts";
import type { Field } from "./field-lookups.ts";
import type { TextLeaf, TextOperators } from "./leaf-schema.ts";
import {
  domainOperandProblem,
  extensionOperandProblem,
  textOperandProblem,
  type OperandProblem,
} from "./operand-problem.ts";
import { compileRegex } from "./regex.ts";
import { bestOf, type Requirement } from "./requirement.ts";
import { didYouMean } from "./suggest.ts";
import { asList } from "./vocabulary.ts";

/** How the values of a field are compared. */
export interface TextKind {
  /** Types of lists that hold such values; the first is named in problems. */
  readonly lists: readonly ListType[];
  /** The form in which values and operands are compared. */
  readonly fold: (value: string) => string;
  /** Why a value to compare with cannot be meant. */
  readonly operandProblem: (value: string) => OperandProblem | undefined;
  /** What `suffix` means. */
  endsWith(value: string, suffix: string): boolean;
}

/** Names and other free text: case and Unicode compatibility forms do not count. */
export const FREE_TEXT: TextKind = {
  lists: ["string"],
  fold: foldText,
  operandProblem: textOperandProblem,
  endsWith: (value, suffix) => value.endsWith(suffix),
};

/** Domain and host names, which the facts hold in ASCII, lower case. `suffix` keeps to label boundaries. */
export const DOMAIN: TextKind = {
  lists: ["domain", "string"],
  fold: foldDomain,
  operandProblem: domainOperandProblem,
  endsWith: isUnderDomain,
};

/** Extensions without their dot. */
export const EXTENSION: TextKind = {
  lists: ["extension", "string"],
  fold: foldExtension,
  operandProblem: extensionOperandProblem,
  endsWith: (value, suffix) => value.endsWith(suffix),
};

/** Addresses of record; the scheme does not count, and neither does case, as in most registrars. */
export const AOR: TextKind = {
  lists: ["aor", "string"],
  fold: foldAor,
  operandProblem: textOperandProblem,
  endsWith: (value, suffix) => value.endsWith(suffix),
};

export interface TextTest {
  /** A field with at most one value. */
  one(value: string | undefined): boolean;
  /** A field with any number of values: one of them has to fit; `not` and `not_in_list` speak of all of them. */
  many(values: readonly string[]): boolean;
  /**
   * Values of which the first is the one in force and the others are what a peer may read instead: any of them may
   * fit; `not` and `not_in_list` speak of the first alone.
   */
  ranked(values: readonly string[]): boolean;
  /** What a field must hold for its value, or for one of its values, to fit. */
  requires(field: Field): Requirement | undefined;
}

/** Compiles what stands after a text field. */
export function compileText(leaf: TextLeaf, kind: TextKind, context: ConditionContext): TextTest {
  const isOperators = typeof leaf === "object" && !Array.isArray(leaf);
  const operators = isOperators ? (leaf as TextOperators) : undefined;
  const tests: LeafTests = { wanted: [], unwanted: [], required: [] };
  const { wanted, unwanted, required } = tests;
  if (operators === undefined) {
    checkOperands(leaf as string | readonly string[], kind, context);
    addEquals(asList<string>(leaf as string), kind, context, tests);
  } else {
    for (const key of COMPARING) {
      const operands = operators[key];
      if (operands !== undefined) checkOperands(operands, kind, below(context, key));
    }
    addOperators(operators, kind, context, tests);
  }
  const exists = operators?.exists;
  function fits(value: string): boolean {
    const folded = kind.fold(value);
    return wanted.every((test) => test(value, folded));
  }
  function refused(value: string): boolean {
    const folded = kind.fold(value);
    return unwanted.some((test) => test(value, folded));
  }
  return {
    one(value) {
      if (exists !== undefined && exists !== (value !== undefined)) return false;
      if (value === undefined) return wanted.length === 0;
      return fits(value) && (unwanted.length === 0 || !refused(value));
    },
    many(values) {
      if (exists !== undefined && exists !== values.length > 0) return false;
      if (wanted.length > 0 && !values.some(fits)) return false;
      return unwanted.length === 0 || !values.some(refused);
    },
    ranked(values) {
      const [first] = values;
      if (exists !== undefined && exists !== (first !== undefined)) return false;
      if (wanted.length > 0 && !values.some(fits)) return false;
      return unwanted.length === 0 || (first !== undefined && !refused(first));
    },
    requires: (field) => bestOf(required.map((requirementOn) => requirementOn(field))),
  };
}

/** Operators whose operands are values of the field, or pieces of them. */
const COMPARING = ["not", "prefix", "suffix", "contains"] as const;

/** A rule that can never match keeps nothing out, and looks as if it did. */
function checkOperands(
  operands: string | readonly string[],
  kind: TextKind,
  context: ConditionContext,
): void {
  for (const [index, operand] of asList<string>(operands).entries()) {
    const found = kind.operandProblem(operand);
    if (found === undefined) continue;
    const path = typeof operands === "string" ? context.path : [...context.path, index];
    if (found.severity === "error") context.problems.error(path, found.message, found.hint);
    else context.problems.warn(path, found.message, found.hint);
  }
}

type ValueTest = (value: string, folded: string) => boolean;

interface LeafTests {
  readonly wanted: ValueTest[];
  readonly unwanted: ValueTest[];
  /** What each of `wanted` requires; some require nothing that can be looked up. */
  readonly required: ((field: Field) => Requirement | undefined)[];
}

function addEquals(
  values: readonly string[],
  kind: TextKind,
  context: ConditionContext,
  { wanted, required }: LeafTests,
): void {
  const { lookups } = context.definitions;
  wanted.push(equalsAny(values, kind));
  required.push((field) => lookups.equals(field, kind.fold, values.map(kind.fold)));
}

function addOperators(
  operators: TextOperators,
  kind: TextKind,
  context: ConditionContext,
  { wanted, unwanted, required }: LeafTests,
): void {
  const { lookups } = context.definitions;
  if (operators.in_list !== undefined) {
    const lists = linkLists(operators.in_list, kind.lists, below(context, "in_list"));
    wanted.push(inLists(lists));
    required.push((field) => lookups.inLists(field, kind.fold, lists));
  }
  if (operators.not_in_list !== undefined) {
    const inner = below(context, "not_in_list");
    unwanted.push(inLists(linkLists(operators.not_in_list, kind.lists, inner)));
  }
  if (operators.not !== undefined) unwanted.push(equalsAny(asList<string>(operators.not), kind));
  if (operators.suffix !== undefined) {
    const suffixes = asList<string>(operators.suffix).map((suffix) => suffix.toLowerCase());
    wanted.push((_, folded) => suffixes.some((suffix) => kind.endsWith(folded, suffix)));
    if (kind === DOMAIN) required.push((field) => lookups.under(field, kind.fold, suffixes));
  }
  if (operators.prefix !== undefined) {
    const prefixes = asList<string>(operators.prefix).map((prefix) => kind.fold(prefix));
    wanted.push((_, folded) => prefixes.some((prefix) => folded.startsWith(prefix)));
    required.push((field) => lookups.begins(field, kind.fold, prefixes));
  }
  if (operators.contains !== undefined) {
    const pieces = asList<string>(operators.contains).map((piece) => foldText(piece));
    wanted.push((_, folded) => pieces.some((piece) => folded.includes(piece)));
    required.push((field) => lookups.contains(field, kind.fold, pieces));
  }
  if (operators.regex !== undefined) {
    const regex = compileRegex(operators.regex, below(context, "regex"));
    if (regex === undefined) return;
    wanted.push((value) => regex.test(value));
    required.push((field) => lookups.literals(field, regex.literals, regex.longest));
  }
}

function equalsAny(values: readonly string[], kind: TextKind): ValueTest {
  const folded = new Set(values.map((value) => kind.fold(value)));
  return (_, value) => folded.has(value);
}

function inLists(lists: readonly NamedList[]): ValueTest {
  const [only] = lists;
  if (lists.length === 1 && only !== undefined) return (_, folded) => only.has(folded);
  return (_, folded) => lists.some((list) => list.has(folded));
}

/** The lists of these names; an unknown name or a list of an unfit type is a problem. */
export function linkLists(
  names: string | readonly string[],
  types: readonly ListType[],
  context: ConditionContext,
): readonly NamedList[] {
  const { lists, usedLists } = context.definitions;
  const found: NamedList[] = [];
  for (const [index, name] of asList<string>(names).entries()) {
    const path = typeof names === "string" ? context.path : [...context.path, index];
    const list = lists.get(name);
    usedLists.add(name);
    if (list === undefined) {
      context.problems.error(path, `there is no list "${name}"`, didYouMean(name, lists.keys()));
    } else if (types.includes(list.type)) {
      found.push(list);
    } else {
      context.problems.error(
        path,
        `list "${name}" is of type ${list.type}, which does not fit here`,
        `a list of type ${types[0] ?? "string"} is needed`,
      );
    }
  }
  return found;
}

/** Lower case in the compatibility form of Unicode, so that ｅｘｅ and EXE are exe. */
export function foldText(value: string): string {
  return (isAsciiText(value) ? value : normalizeText(value, "NFKC")).toLowerCase();
}

const PLAIN_DOMAIN = /^[a-z0-9._-]*[a-z0-9_-]$/;

/** The ASCII form, lower case, without a trailing dot; a leading dot is kept (".example" in `suffix`). */
export function foldDomain(value: string): string {
  if (PLAIN_DOMAIN.test(value)) return value; // Lists of a million names are mostly such.
  const trimmed = withoutTrailing(foldText(value), ".");
  if (isAsciiText(trimmed)) return trimmed;
  const url = URL.parse(`http://${trimmed.replace(/^\./, "")}`);
  if (url === null) return trimmed;
  return trimmed.startsWith(".") ? `.${url.hostname}` : url.hostname;
}

/** An extension as it is compared: lower case, without dot. */
export function foldExtension(value: string): string {
  return foldText(value).replace(/^\./, "");
}

/** "user@domain", lower case. */
export function foldAor(value: string): string {
  return foldText(value).replace(/^sips?:/, "");
}

/** `name` is `domain` or stands under it; with a leading dot, only under it. */
export function isUnderDomain(name: string, domain: string): boolean {
  if (domain.startsWith(".")) return name.endsWith(domain);
  if (!name.endsWith(domain)) return false;
  return name.length === domain.length || name[name.length - domain.length - 1] === ".";
}
