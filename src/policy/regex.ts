import { RE2JS } from "re2js";
import { below, type ConditionContext } from "./condition.ts";
import type { RegexLeaf } from "./leaf-schema.ts";

/** Raised when a rule cannot be evaluated on these facts; RULES §4.7 says how it then counts. */
class RuleFailure extends Error {}

/**
 * Compiles one or several expressions in RE2 syntax, whose matching time is linear in the text; undefined when one of
 * them is refused (the problem has been reported).
 */
export function compileRegex(
  leaf: RegexLeaf,
  context: ConditionContext,
): ((value: string) => boolean) | undefined {
  const compiled: RE2JS[] = [];
  const single = typeof leaf === "string";
  for (const [index, pattern] of (single ? [leaf] : leaf).entries()) {
    const expression = compileOne(pattern, single ? context : below(context, index));
    if (expression !== undefined) compiled.push(expression);
  }
  const limit = context.limits.regexInput;
  return (value) => {
    if (value.length > limit) {
      throw new RuleFailure(
        `the text has ${value.length} characters, regular expressions take ${limit}`,
      );
    }
    return compiled.some((expression) => expression.test(value));
  };
}

function compileOne(pattern: string, context: ConditionContext): RE2JS | undefined {
  try {
    const expression = RE2JS.compile(pattern);
    const size = expression.programSize();
    if (size <= context.limits.regexProgram) return expression;
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
