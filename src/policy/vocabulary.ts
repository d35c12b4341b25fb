import { z } from "zod";

/**
 * A closed set of keys. A key outside it is a problem that names its nearest neighbour; a key in `later` belongs to the
 * rule language (RULES.md) but is not built, and the problem says that instead.
 */
export function section<Shape extends z.core.$ZodLooseShape>(
  shape: Shape,
  later: readonly string[] = [],
): z.ZodObject<Shape, z.core.$strict> {
  const vocabulary = JSON.stringify({ known: Object.keys(shape), later });
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys" ? `${VOCABULARY_MARK}${vocabulary}` : undefined,
  });
}

/** One of a closed set of words; words in `later` belong to the rule language but are not built. */
export function choice<const Values extends readonly [string, ...string[]]>(
  values: Values,
  later: readonly string[] = [],
): z.ZodType<Values[number]> {
  const vocabulary = JSON.stringify({ known: values, later });
  return z.enum(values as unknown as [string, ...string[]], {
    error: () => `${VOCABULARY_MARK}${vocabulary}`,
  });
}

/** A non-empty text. A number that YAML made out of it (001, 7) is a problem with the hint to quote it. */
export function text(): z.ZodString {
  return z.string().min(1, "must not be empty");
}

/** One value, or a list of at least one. */
export function oneOrMore<T extends z.ZodType>(item: T): z.ZodUnion<[T, z.ZodArray<T>]> {
  return z.union([item, z.array(item).min(1, "must not be an empty list")]);
}

/** The values of `oneOrMore`, always as a list. */
export function asList<T>(value: T | readonly T[] | undefined): readonly T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}

export interface Vocabulary {
  readonly known: readonly string[];
  readonly later: readonly string[];
}

/** Reads back what `section` and `choice` put into a message; zod carries nothing else from there to the issue. */
export function vocabularyOf(message: string): Vocabulary | undefined {
  if (!message.startsWith(VOCABULARY_MARK)) return undefined;
  return JSON.parse(message.slice(VOCABULARY_MARK.length)) as Vocabulary;
}

const VOCABULARY_MARK = "vocabulary:";
