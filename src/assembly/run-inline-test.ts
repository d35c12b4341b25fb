import type { Given, GivenOutcome, GivenSettings } from "../config/given.ts";
import type { Policy } from "../policy/decision.ts";
import { judgeGiven } from "./judge-given.ts";
import { inlineTestSettings } from "./judge-settings.ts";

/** Decides what a test inside a rule file gives; see `inlineTestSettings`. */
export function runInlineTest(
  policy: Policy,
  given: Given,
  { domains, trace }: GivenSettings,
): GivenOutcome {
  return judgeGiven(policy, given, { ...inlineTestSettings(domains), trace });
}
