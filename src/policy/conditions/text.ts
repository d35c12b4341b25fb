import { z } from "zod";
import { below, defineCondition, holdsAll, requiredBy } from "../condition.ts";
import type { ConditionContext, ConditionFamily, FieldTest } from "../condition.ts";
import { DETECTORS, distinctNumbers, type Detector } from "../detectors.ts";
import type { Field } from "../field-lookups.ts";
import { numberLeaf, regexLeaf } from "../leaf-schema.ts";
import { compileNumber, leastOf } from "../number-test.ts";
import { PHRASE_DEFAULTS } from "../phrase-finder.ts";
import { compileRegex } from "../regex.ts";
import { eitherOf, RANK } from "../requirement.ts";
import { isScript, scriptHint, scriptTest } from "../script-test.ts";
import { linkLists } from "../text-test.ts";
import { asList, oneOrMore, section, text } from "../vocabulary.ts";

function detectorLeaf(description: string) {
  const min = z.int().min(1, "must be at least 1").optional();
  return section({
    min: min.meta({ description: "How many different ones there must be; default 1." }),
  })
    .optional()
    .meta({ description });
}

const detector = section({
  payment_card: detectorLeaf("Payment card numbers: known issuer, right length and check digit."),
  iban: detectorLeaf("International bank account numbers with right length and check digits."),
})
  .refine((named) => Object.keys(named).length > 0, {
    error: `must name a detector: ${DETECTORS.map(({ name }) => name).join(", ")}`,
    // A misspelt name is told as such, and not as a missing one too.
    when: ({ issues }) => issues.length === 0,
  })
  .meta({
    description: "Numbers that the text holds, each kind as often as it says.",
    minProperties: 1,
  });

const schema = section({
  phrase: z
    .union([
      text(),
      z.array(text()).min(1),
      section({ in_list: oneOrMore(text()).meta({ description: "Lists of type phrase." }) }),
    ])
    .optional()
    .meta({ description: "Words that the text holds, as whole words." }),
  regex: regexLeaf().optional(),
  length: numberLeaf("Length in characters.", false).optional(),
  detector: detector.optional(),
  language_script: z
    .union([text(), z.array(text()).min(1), section({ not: oneOrMore(text()) })])
    .optional()
    .meta({
      description:
        "A letter of any of these Unicode scripts (Cyrillic, Han …); not: one that is of none of them.",
    }),
  has_bidi_override: z.boolean().optional().meta({
    description: "Whether the text holds a control that turns its order round (U+202D, U+202E).",
  }),
}).meta({ description: "Text as its reader is shown it; the keys bind to the same part." });

/** `text`: what a reader is shown. */
export const textCondition: ConditionFamily = defineCondition({
  family: "text",
  schema,
  phases: {
    phrase: "message",
    regex: "message",
    length: "message",
    detector: "message",
    language_script: "message",
    has_bidi_override: "message",
  },
  compile(data, context) {
    const fields = fieldTests(data, context);
    return {
      cost: 20,
      collect: undefined,
      requires: requiredBy(fields),
      test: (facts, trace) => facts.texts.some((part) => holdsAll(fields, part, trace)),
    };
  },
});

const TEXT: Field = {
  name: "text",
  rank: RANK.content,
  each(facts, visit) {
    for (const part of facts.texts) visit(part);
  },
};

/** Every text has one: a poorer hint than a word. */
const LENGTH: Field = { ...TEXT, rank: RANK.digits };

function fieldTests(
  data: z.infer<typeof schema>,
  context: ConditionContext,
): readonly FieldTest<string>[] {
  const fields: FieldTest<string>[] = [];
  if (data.length !== undefined) {
    const test = compileNumber(data.length);
    const least = leastOf(data.length);
    fields.push({
      field: "text.length",
      test: (part) => test(part.length),
      show: (part) => String(part.length),
      requires:
        least === undefined ? undefined : context.definitions.lookups.asLongAs(LENGTH, least),
    });
  }
  if (data.has_bidi_override !== undefined) {
    fields.push(overrideTest(data.has_bidi_override));
  }
  if (data.language_script !== undefined) {
    fields.push(...scriptTests(data.language_script, below(context, "language_script")));
  }
  if (data.phrase !== undefined) {
    fields.push({ field: "text.phrase", show: String, ...phraseTest(data.phrase, context) });
  }
  if (data.regex !== undefined) {
    const regex = compileRegex(data.regex, below(context, "regex"));
    if (regex !== undefined) {
      const requires = context.definitions.lookups.literals(TEXT, regex.literals, regex.longest);
      fields.push({
        field: "text.regex",
        test: (part) => regex.test(part),
        show: String,
        requires,
      });
    }
  }
  for (const known of DETECTORS) {
    const asked = data.detector?.[known.name];
    if (asked !== undefined) fields.push(detectorTest(known, asked.min ?? 1, context));
  }
  return fields;
}

/** Left-to-right and right-to-left override (UAX #9): honest text has no use for them. */
const OVERRIDE = /[\u202D\u202E]/;

function overrideTest(wanted: boolean): FieldTest<string> {
  return {
    field: "text.has_bidi_override",
    test: (part) => OVERRIDE.test(part) === wanted,
    show: (part) => String(OVERRIDE.test(part)),
  };
}

function scriptTests(
  leaf: NonNullable<z.infer<typeof schema>["language_script"]>,
  context: ConditionContext,
): readonly FieldTest<string>[] {
  const negated = typeof leaf === "object" && "not" in leaf;
  const names = asList<string>(negated ? leaf.not : leaf);
  for (const name of names.filter((one) => !isScript(one))) {
    context.problems.error(context.path, `there is no script "${name}"`, scriptHint(name));
  }
  const test = scriptTest(names, negated ? "none of" : "any of");
  return test === undefined ? [] : [{ field: "text.language_script", test, show: String }];
}

function detectorTest(
  known: Detector,
  min: number,
  { definitions }: ConditionContext,
): FieldTest<string> {
  const numbersIn = definitions.work.shared(`numbers ${known.name}`, (part) =>
    DIGIT.test(part) ? distinctNumbers(known, part) : NO_NUMBERS,
  );
  const field = `text.detector.${known.name}`;
  const test = (part: string): boolean => numbersIn(part).size >= min;
  return {
    field,
    requires: definitions.lookups.presence(`${field} ${min}`, RANK.digits, (facts) =>
      facts.texts.some(test),
    ),
    test,
    show: (part) => [...numbersIn(part)].map((number) => known.mask(number)).join(", ") || "none",
  };
}

/** Every detector looks for digits; beyond ASCII there are many. */
// eslint-disable-next-line no-control-regex -- the range of ASCII
const DIGIT = /[0-9]|[^\x00-\x7f]/;

const NO_NUMBERS: ReadonlySet<string> = new Set();

function phraseTest(
  phrase: NonNullable<z.infer<typeof schema>["phrase"]>,
  context: ConditionContext,
): Pick<FieldTest<string>, "test" | "requires"> {
  const { lookups, phrases } = context.definitions;
  if (typeof phrase === "object" && "in_list" in phrase) {
    const inner = below(context, "phrase", "in_list");
    const lists = linkLists(phrase.in_list, ["phrase"], inner);
    const required = lists.map((list) =>
      list.phrases === undefined
        ? lookups.inLists(TEXT, String, [list])
        : lookups.found(TEXT, list.phrases),
    );
    return {
      test: (part) => lists.some((list) => list.has(part)),
      requires: eitherOf(required),
    };
  }
  const finder = phrases.finder(asList<string>(phrase), PHRASE_DEFAULTS);
  return { test: (part) => finder.test(part), requires: lookups.found(TEXT, finder) };
}
