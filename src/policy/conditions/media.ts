import { defineCondition, matcherOf, type ConditionFamily } from "../condition.ts";
import type { MediaKind } from "../../inspect/inspection.ts";
import type { Facts } from "../facts.ts";
import { choiceLeaf, chosen, type ChoiceLeaf } from "../leaf-schema.ts";
import { MEDIA_KINDS } from "../media-kinds.ts";
import { asList, section } from "../vocabulary.ts";

/** `media`: what an offer asks for. */
export const mediaCondition: ConditionFamily = defineCondition({
  family: "media",
  schema: section({
    has: choiceLeaf(
      MEDIA_KINDS,
      "The offer, or the invitation to an application, is of any of these kinds; unknown: of no known one.",
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

/** What stands after `media:`. */
export interface MediaData {
  readonly has: ChoiceLeaf<MediaKind>;
}

/** The kinds that a condition names, and not those that it leaves over by excluding others. */
export function namedKinds({ has }: MediaData): readonly MediaKind[] {
  return typeof has === "object" && "not" in has ? [] : asList<MediaKind>(has);
}
