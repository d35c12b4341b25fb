import type { z } from "zod";
import type { Link } from "../inspect/inspection.ts";
import type { Facts, Party, Phase } from "./facts.ts";
import type { FieldLookups } from "./field-lookups.ts";
import type { LookalikeSearch } from "./lookalike-search.ts";
import type { MessageWork } from "./message-work.ts";
import type { PhraseFinder, PhraseSearches } from "./phrase-finder.ts";
import { bestOf, type Requirement } from "./requirement.ts";
import type { ProblemSink, RulePath } from "./rule-problem.ts";
import { shownValue } from "./shown-value.ts";

/**
 * What a family of fields (url, file, from …) is to the rule language: the schema of what stands after its key, the phase
 * from which each field exists, and the step from validated data to a closure. policy/conditions.ts lists the families.
 */
export interface ConditionFamily {
  /** The key in a condition. */
  readonly family: string;
  readonly schema: z.ZodType;
  /** First phase in which a field exists; "" is a family without fields. */
  readonly phases: Readonly<Record<string, Phase>>;
  /** Known before any content: such a family may choose a policy. */
  readonly everywhere: boolean;
  /** There are several values, and one that fits is enough: `not` around it surprises. */
  readonly multiValued: boolean;
  compile(data: unknown, context: ConditionContext): Matcher;
}

/** Ties the schema of a family to its compile step. */
export function defineCondition<Schema extends z.ZodType>(definition: {
  readonly family: string;
  readonly schema: Schema;
  readonly phases: Readonly<Record<string, Phase>>;
  readonly everywhere?: boolean;
  readonly multiValued?: boolean;
  compile(data: z.infer<Schema>, context: ConditionContext): Matcher;
}): ConditionFamily {
  return {
    family: definition.family,
    schema: definition.schema,
    phases: definition.phases,
    everywhere: definition.everywhere ?? false,
    multiValued: definition.multiValued ?? false,
    compile: (data, context) => definition.compile(data as z.infer<Schema>, context),
  };
}

/** What a condition may refer to while it is compiled, and where its problems go. */
export interface ConditionContext {
  /** "rule ID", "policy NAME" or "object NAME": what the condition belongs to. */
  readonly owner: string;
  readonly path: RulePath;
  readonly problems: ProblemSink;
  readonly definitions: Definitions;
  readonly limits: PolicyLimits;
}

/** The context of a key below. */
export function below(context: ConditionContext, ...keys: (string | number)[]): ConditionContext {
  return { ...context, path: [...context.path, ...keys] };
}

export interface Definitions {
  readonly lists: ReadonlyMap<string, NamedList>;
  readonly groups: ReadonlyMap<string, NamedGroup>;
  readonly zones: ReadonlyMap<string, NamedZone>;
  /** Lists that something referred to; the others are worth a warning. */
  readonly usedLists: Set<string>;
  /** What is remembered and spent for one message. */
  readonly work: MessageWork;
  /** Searches of texts for the phrases of many rules at once. */
  readonly phrases: PhraseSearches;
  /** A search of hosts for the imitated domains of many rules at once. */
  readonly lookalikes: LookalikeSearch;
  /** By what a message holds, which rules may be about it. */
  readonly lookups: FieldLookups;
}

export interface NamedList {
  readonly name: string;
  readonly type: ListType;
  /** Whether a value, folded as the type asks for, is in the list; for phrases, whether the text holds one. */
  has(value: string): boolean;
  /** Whether a link begins with one of the prefixes; only lists of type prefix. */
  readonly hasLink: ((link: Link) => boolean) | undefined;
  /** The phrases of a list that shares a search with others; only lists of type phrase. */
  readonly phrases?: PhraseFinder | undefined;
}

export const LIST_TYPES = ["extension", "domain", "phrase", "prefix", "aor", "string"] as const;

export type ListType = (typeof LIST_TYPES)[number];

export interface NamedGroup {
  has(party: Party): boolean;
}

export interface NamedZone {
  has(link: Link): boolean;
}

/** Bounds on what a rule may cost; a rule that would exceed one is a problem at load or a rule error later. */
export interface PolicyLimits {
  /** Instructions of one compiled regular expression. */
  readonly regexProgram: number;
  /** Characters of a text that a regular expression is run over; a longer one makes the rule fail (RULES §4.7). */
  readonly regexInput: number;
}

/** A compiled condition. */
export interface Matcher {
  /** Rough price of a test, so that cheap ones come first. */
  readonly cost: number;
  test(facts: Facts, trace: LeafTrace[] | undefined): boolean;
  /** Adds the links that satisfied the condition and says whether it holds; undefined: it asks nothing of links. */
  readonly collect: ((facts: Facts, links: Set<number>) => boolean) | undefined;
  /** What the facts must hold for the condition to be true or to fail; absent: nothing that is known. */
  readonly requires?: Requirement | undefined;
}

export interface LeafTrace {
  readonly field: string;
  readonly value: string;
  readonly matched: boolean;
}

/** One field of a family: the test of a value, and how the value is shown in a trace. */
export interface FieldTest<Subject> {
  readonly field: string;
  test(subject: Subject): boolean;
  show(subject: Subject): string;
  /** What the facts must hold for the test to be true of any subject in them. */
  readonly requires?: Requirement | undefined;
}

/** What the facts must hold for all fields to be true of one subject. */
export function requiredBy<Subject>(
  fields: readonly FieldTest<Subject>[],
): Requirement | undefined {
  return bestOf(fields.map((field) => field.requires));
}

/** What one rule may say in a trace: of two hundred parts of a message each of a thousand rules could say something. */
const MOST_LEAVES = 50;

/** What matched is shown rather than what did not. */
function hasRoom(trace: readonly LeafTrace[], matched: boolean): boolean {
  return trace.length < (matched ? 2 * MOST_LEAVES : MOST_LEAVES);
}

/** Whether all fields hold for one subject (sub-keys bind to the same one). */
export function holdsAll<Subject>(
  fields: readonly FieldTest<Subject>[],
  subject: Subject,
  trace: LeafTrace[] | undefined,
): boolean {
  for (const field of fields) {
    const matched = field.test(subject);
    if (trace !== undefined && hasRoom(trace, matched))
      trace.push(leafTrace(field.field, field.show(subject), matched));
    if (!matched) return false;
  }
  return true;
}

/** What a field said of a value, as a trace shows it. */
export function leafTrace(field: string, value: string, matched: boolean): LeafTrace {
  return { field, value: shownValue(value), matched };
}

/** A matcher over the one subject that the facts hold. */
export function matcherOf<Subject>(
  cost: number,
  fields: readonly FieldTest<Subject>[],
  subjectOf: (facts: Facts) => Subject,
): Matcher {
  return {
    cost,
    test: (facts, trace) => holdsAll(fields, subjectOf(facts), trace),
    collect: undefined,
    requires: requiredBy(fields),
  };
}
