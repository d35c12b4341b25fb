import { z } from "zod";
import { readDuration } from "../../base/duration.ts";
import { defineCondition, leafTrace } from "../condition.ts";
import type { ConditionContext, ConditionFamily } from "../condition.ts";
import type { Facts, Party, RateMeter } from "../facts.ts";
import { numberLeaf } from "../leaf-schema.ts";
import { compileNumber } from "../number-test.ts";
import { choice, section } from "../vocabulary.ts";

const KEYS = ["from.aor", "to.aor", "from.ip", "from.domain", "pairs"] as const;

type RateKey = (typeof KEYS)[number];

const MIN_MS = 1000;
const MAX_MS = 7 * 86_400_000;

const over = z.string().refine((written) => {
  const ms = readDuration(written);
  return ms !== undefined && ms >= MIN_MS && ms <= MAX_MS;
}, "is not a duration from 1s to 7d: write 10m, 90s or 1h");

const schema = section({
  key: choice(KEYS).meta({
    description: "What is counted by; pairs is sender and receiver together.",
  }),
  over: over.meta({ description: "How far back it is counted, as 10m." }),
  count: numberLeaf("How many there have been, this one included.", false),
}).meta({
  description:
    "How often messages have come for which all that stands beside rate holds. Each message counts once.",
});

/** `rate`: how often the rest of the condition has held within some time. */
export const rateCondition: ConditionFamily = defineCondition({
  family: "rate",
  schema,
  phases: { key: "message", over: "message", count: "message" },
  everywhere: true,
  compile(data, context) {
    const meter: RateMeter = { id: meterId(context), overMs: readDuration(data.over) ?? MIN_MS };
    const test = compileNumber(data.count);
    return {
      // Asked behind everything that stands beside it: what is asked is counted.
      cost: 1_000_000,
      collect: undefined,
      test(facts, trace) {
        const value = valueOf(data.key, facts);
        const count = facts.rates?.count(meter, value) ?? 1;
        const matched = test(count);
        trace?.push(leafTrace("rate", `${count} in ${data.over} of ${value}`, matched));
        return matched;
      },
    };
  },
});

/** By the rule and the place in it, so that a meter goes on counting when rules before it come or go. */
function meterId({ owner, path }: ConditionContext): string {
  return `${owner} ${path.slice(2).join(".")}`;
}

function valueOf(key: RateKey, { from, to }: Facts): string {
  switch (key) {
    case "from.aor":
      return sender(from, from.aor);
    case "from.domain":
      return sender(from, from.domain);
    case "from.ip":
      return from.ip ?? "";
    case "to.aor":
      return to.aor.toLowerCase();
    case "pairs":
      return `${sender(from, from.aor)} ${to.aor.toLowerCase()}`;
  }
}

/** Who writes another's address into From must not use up that one's rate: what nobody has proven is counted apart. */
function sender({ authenticated }: Party, value: string): string {
  const folded = value.toLowerCase();
  return authenticated ? folded : `${folded} (not proven)`;
}
