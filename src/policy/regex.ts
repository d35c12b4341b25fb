import { RE2JS } from "re2js";
import { BoundedExpression } from "./bounded-expression.ts";
import { below, type ConditionContext } from "./condition.ts";
import type { RegexLeaf } from "./leaf-schema.ts";
import { foldForLiterals, requiredLiterals } from "./required-literals.ts";
import { RuleFailure } from "./rule-failure.ts";
import { asList } from "./vocabulary.ts";

/** One or several expressions, any of which may match. */
export interface RegexTest {
  /** Throws a RuleFailure when the value, or the message, is more work than a rule may cause. */
  test(value: string): boolean;
  /** Texts of which a value must hold one (as `foldForLiterals` writes it) to match; undefined: none are known. */
  readonly literals: readonly string[] | undefined;
  /** A value of more characters makes the test fail. */
  readonly longest: number;
}

/** Looking for more literals than this one by one takes longer than the expression. */
const FEW = 8;

/**
 * Compiles one or several expressions in RE2 syntax, whose matching time is linear in the text; undefined when one of
 * them is refused (the problem has been reported).
 */
export function compileRegex(leaf: RegexLeaf, context: ConditionContext): RegexTest | undefined {
  const patterns = asList<string>(leaf);
  const compiled: BoundedExpression[] = [];
  for (const [index, pattern] of patterns.entries()) {
    const place = typeof leaf === "string" ? context : below(context, index);
    const expression = compileOne(pattern, place);
    if (expression !== undefined) compiled.push(expression);
  }
  const limit = context.limits.regexInput;
  const literals = literalsOf(patterns);
  if (literals === undefined) {
    context.definitions.work.readers += compiled.length;
    for (const expression of compiled) expression.prepare();
  }
  const few = literals !== undefined && literals.length <= FEW ? literals : undefined;
  const fold = context.definitions.work.shared("literals", foldForLiterals);
  // Of one text for many receivers, what an expression says of it is worked out once.
  const matches = context.definitions.work.once((value) =>
    compiled.some((expression) => expression.test(value)),
  );
  return {
    literals,
    longest: limit,
    test(value) {
      if (value.length > limit) {
        throw new RuleFailure(
          `the text has ${value.length} characters, regular expressions take ${limit}`,
        );
      }
      if (few !== undefined) {
        const folded = fold(value);
        if (!few.some((literal) => folded.includes(literal))) return false;
      }
      return matches(value);
    },
  };
}

function literalsOf(patterns: readonly string[]): readonly string[] | undefined {
  const all = patterns.map(requiredLiterals);
  return all.some((literals) => literals === undefined) ? undefined : all.flatMap((of) => of ?? []);
}

function compileOne(pattern: string, context: ConditionContext): BoundedExpression | undefined {
  try {
    const size = RE2JS.compile(pattern).programSize();
    if (size <= context.limits.regexProgram) {
      return new BoundedExpression(pattern, size, context.definitions.work);
    }
    context.problems.error(
      context.path,
      `the expression is too large: ${size} instructions, at most ${context.limits.regexProgram}`,
      "repeat counts multiply: lower them, or move the words into a list of type phrase",
    );
  } catch (error) {
    const [message, hint] = explain(pattern, error);
    context.problems.error(context.path, message, hint);
  }
  return undefined;
}

function explain(pattern: string, error: unknown): [string, string] {
  if (/\(\?<?[=!]/.test(pattern)) {
    return [
      "look-ahead and look-behind are not part of RE2 syntax",
      "write two conditions under all: instead, the excluded one under not:",
    ];
  }
  if (/\\(?:[1-9]|k[<{'])|\(\?P=/.test(pattern)) {
    return [
      "back-references are not part of RE2 syntax",
      "write the alternatives out, as in (aa|bb|cc)",
    ];
  }
  if (/[*+?}]\+|\(\?>/.test(pattern)) {
    return [
      "possessive quantifiers and atomic groups are not part of RE2 syntax",
      "leave them out: RE2 never backtracks",
    ];
  }
  const detail = error instanceof Error ? error.message : String(error);
  return [
    `not a regular expression: ${detail.replace(/^error parsing regexp: /, "")}`,
    "RE2 syntax; in YAML put the expression into single quotes",
  ];
}
