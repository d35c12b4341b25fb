import { z } from "zod";
import { CONDITIONS } from "./conditions.ts";
import { section, text } from "./vocabulary.ts";

/** A condition as it stands in a file: families and combinators, all of which must hold. */
export type ConditionData = Readonly<Record<string, unknown>>;

const families: Readonly<Record<string, z.ZodOptional>> = Object.fromEntries(
  CONDITIONS.map((condition) => [condition.family, condition.schema.optional()]),
);

function conditionSection(extra: z.core.$ZodLooseShape): z.ZodType {
  return section({
    ...extra,
    ...families,
    object: text()
      .optional()
      .meta({ description: "Name of a condition under objects:, which must hold too." }),
    get any() {
      return z.array(conditionSchema).min(1, "must not be an empty list").optional();
    },
    get all() {
      return z.array(conditionSchema).min(1, "must not be an empty list").optional();
    },
    get not() {
      return conditionSchema.optional();
    },
  });
}

/** `when:` and everything below it. */
export const conditionSchema: z.ZodType<ConditionData> = conditionSection({}).meta({
  id: "condition",
  description: "All keys must hold; any: one of these, all: each of these, not: not this.",
}) as z.ZodType<ConditionData>;

/** One entry of `unless:`: a condition with a name and perhaps an end. */
export type ExceptionData = ConditionData & {
  readonly name: string;
  readonly expires?: string | undefined;
};

export const exceptionSchema: z.ZodType<ExceptionData> = conditionSection({
  name: text().meta({ description: "Who or what is excepted; named in traces." }),
  expires: z.iso
    .date("is not a date: write YYYY-MM-DD")
    .optional()
    .meta({ description: "Last day (UTC) on which the exception holds." }),
}).meta({ id: "exception" }) as z.ZodType<ExceptionData>;
