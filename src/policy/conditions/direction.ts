import { defineCondition, matcherOf, type ConditionFamily } from "../condition.ts";
import type { Field } from "../field-lookups.ts";
import { choiceLeaf, chosen } from "../leaf-schema.ts";
import { RANK } from "../requirement.ts";

const DIRECTIONS = ["inbound", "outbound", "internal", "transit"] as const;

const DIRECTION: Field = {
  name: "direction",
  rank: RANK.common,
  each: (facts, visit) => visit(facts.direction),
};

/** `direction`: computed from the configured domains, never read from a header alone. */
export const directionCondition: ConditionFamily = defineCondition({
  family: "direction",
  schema: choiceLeaf(
    DIRECTIONS,
    "inbound, outbound, internal or transit, computed from the configured domains.",
  ),
  phases: { "": "message" },
  everywhere: true,
  compile(data, { definitions }) {
    const values = chosen(data, DIRECTIONS);
    const requires = definitions.lookups.equals(DIRECTION, String, [...values]);
    const field = {
      field: "direction",
      test: (direction: (typeof DIRECTIONS)[number]) => values.has(direction),
      show: String,
      requires,
    };
    return matcherOf(1, [field], (facts) => facts.direction);
  },
});
