import { BYTE_SIZE, readByteSize } from "../base/byte-size.ts";
import { TYPE_GROUPS, type TypeGroup } from "../content/type-groups.ts";
import { z } from "zod";
import { asList, choice, oneOrMore, section, text } from "./vocabulary.ts";

/** What a text field may be compared with. */
export type TextLeaf = string | readonly string[] | TextOperators;

export interface TextOperators {
  readonly in_list?: string | readonly string[] | undefined;
  readonly not_in_list?: string | readonly string[] | undefined;
  readonly suffix?: string | readonly string[] | undefined;
  readonly prefix?: string | readonly string[] | undefined;
  readonly contains?: string | readonly string[] | undefined;
  readonly regex?: RegexLeaf | undefined;
  readonly not?: string | readonly string[] | undefined;
  readonly exists?: boolean | undefined;
}

export type RegexLeaf = string | readonly string[];

const WORDS = oneOrMore(text());

const REGEX: z.ZodType<RegexLeaf> = oneOrMore(text()).meta({
  description:
    "RE2 expression (or several, any of them), found anywhere in the value; flags stand in front: (?i)",
});

const TEXT_OPERATOR_SHAPE = {
  in_list: WORDS.optional().meta({ description: "Name of a list (or several)." }),
  not_in_list: WORDS.optional().meta({
    description: "In none of these lists; a value that is absent is in no list.",
  }),
  suffix: WORDS.optional().meta({
    description: "Ends with any of these; for domains at a label boundary, the name itself too.",
  }),
  prefix: WORDS.optional().meta({ description: "Begins with any of these." }),
  contains: WORDS.optional().meta({ description: "Contains any of these." }),
  regex: REGEX.optional(),
  not: WORDS.optional().meta({ description: "Equals none of these." }),
  exists: z.boolean().optional().meta({ description: "Whether there is a value at all." }),
};

const TEXT_OPERATORS: z.ZodType<TextOperators> = section(TEXT_OPERATOR_SHAPE);

const TEXT_LEAF: z.ZodType<TextLeaf> = z.union([text(), z.array(text()).min(1), TEXT_OPERATORS]);

/** Equals any of the given values, or a map of operators, all of which must hold. */
export function textLeaf(description: string): z.ZodType<TextLeaf> {
  return TEXT_LEAF.meta({ description });
}

/** As a text, or by its group. */
export type TypeLeaf = TextLeaf | TypeOperators;

export interface TypeOperators extends TextOperators {
  readonly group?: ChoiceLeaf<TypeGroup> | undefined;
}

/** A media type: what a text field may be compared with, and `group`. */
export function typeLeaf(description: string): z.ZodType<TypeLeaf> {
  const group = choiceLeaf(TYPE_GROUPS, "What such files are good for.").optional();
  return z
    .union([text(), z.array(text()).min(1), section({ group, ...TEXT_OPERATOR_SHAPE })])
    .meta({ description });
}

/** RE2 syntax, unanchored; flags stand in the pattern. */
export function regexLeaf(): z.ZodType<RegexLeaf> {
  return REGEX;
}

export type NumberLeaf = Quantity | readonly Quantity[] | NumberOperators;

export type Quantity = number | string;

export interface NumberOperators {
  readonly gt?: Quantity | undefined;
  readonly gte?: Quantity | undefined;
  readonly lt?: Quantity | undefined;
  readonly lte?: Quantity | undefined;
  readonly between?: readonly [Quantity, Quantity] | undefined;
  readonly exists?: boolean | undefined;
}

/** A number, or one with a unit of bytes when `sized`. */
export function numberLeaf(description: string, sized: boolean): z.ZodType<NumberLeaf> {
  const quantity: z.ZodType<Quantity> = sized
    ? z.union([
        z.number().min(0),
        z.string().regex(BYTE_SIZE, "is not a size: write 25MiB or 4096"),
      ])
    : z.number().min(0);
  return z
    .union([
      quantity,
      z.array(quantity).min(1),
      section({
        gt: quantity.optional().meta({ description: "Greater than." }),
        gte: quantity.optional().meta({ description: "Greater than or equal." }),
        lt: quantity.optional().meta({ description: "Less than." }),
        lte: quantity.optional().meta({ description: "Less than or equal." }),
        between: z.tuple([quantity, quantity]).optional().meta({
          description: "Both ends included.",
        }),
        exists: z.boolean().optional().meta({ description: "Whether the value is known." }),
      }),
    ])
    .meta({ description });
}

/** Bytes (or the plain number) of a value that `numberLeaf` let through. */
export function quantityOf(value: Quantity): number {
  return typeof value === "number" ? value : (readByteSize(value) ?? 0);
}

export type ChoiceLeaf<Value extends string> =
  | Value
  | readonly Value[]
  | { readonly not: Value | readonly Value[] };

/** Any of the given words, or `not:` them. */
export function choiceLeaf<const Values extends readonly [string, ...string[]]>(
  values: Values,
  description: string,
  later: readonly string[] = [],
): z.ZodType<ChoiceLeaf<Values[number]>> {
  const word = choice(values, later);
  return z
    .union([word, z.array(word).min(1), section({ not: oneOrMore(word) })])
    .meta({ description });
}

/** The words that a `choiceLeaf` lets through. */
export function chosen<Value extends string>(
  leaf: ChoiceLeaf<Value>,
  all: readonly Value[],
): ReadonlySet<Value> {
  if (typeof leaf === "object" && "not" in leaf) {
    const not = new Set(asList<Value>(leaf.not));
    return new Set(all.filter((value) => !not.has(value)));
  }
  return new Set(asList<Value>(leaf));
}

export type CidrLeaf = string | readonly string[] | { readonly cidr: string | readonly string[] };

/** Addresses or networks, bare or after `cidr:`. */
export function cidrLeaf(description: string): z.ZodType<CidrLeaf> {
  return z
    .union([text(), z.array(text()).min(1), section({ cidr: oneOrMore(text()) })])
    .meta({ description });
}
