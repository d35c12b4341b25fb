import { defineCondition, matcherOf, type ConditionFamily } from "../condition.ts";
import { choiceLeaf, chosen } from "../leaf-schema.ts";

const DIRECTIONS = ["inbound", "outbound", "internal", "transit"] as const;

/** `direction`: computed from the configured domains, never read from a header alone. */
export const directionCondition: ConditionFamily = defineCondition({
  family: "direction",
  schema: choiceLeaf(
    DIRECTIONS,
    "inbound, outbound, internal or transit, computed from the configured domains.",
  ),
  phases: { "": "message" },
  everywhere: true,
  compile(data) {
    const values = chosen(data, DIRECTIONS);
    const field = {
      field: "direction",
      test: (direction: (typeof DIRECTIONS)[number]) => values.has(direction),
      show: String,
    };
    return matcherOf(1, [field], (facts) => facts.direction);
  },
});
