import { defineCondition, matcherOf, type ConditionFamily } from "../condition.ts";
import type { Facts } from "../facts.ts";
import { choiceLeaf, chosen } from "../leaf-schema.ts";
import { MEDIA_KINDS } from "../media-kinds.ts";
import { section } from "../vocabulary.ts";

/** `media`: what an offer asks for. */
export const mediaCondition: ConditionFamily = defineCondition({
  family: "media",
  schema: section({
    has: choiceLeaf(
      MEDIA_KINDS,
      "The offer holds media of any of these kinds; unknown: of no known kind.",
    ),
  }).meta({ description: "Media lines of an offer." }),
  phases: { has: "session" },
  compile(data) {
    const values = chosen(data.has, MEDIA_KINDS);
    const field = {
      field: "media.has",
      test: (media: Facts["media"]) => media.some((kind) => values.has(kind)),
      show: (media: Facts["media"]) => media.join(", "),
    };
    return matcherOf(2, [field], (facts) => facts.media);
  },
});
