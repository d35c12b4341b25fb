import { failed, ok, type Result } from "../base/result.ts";
import type { TryInput, TryOutcome } from "../cli/cli-deps.ts";
import type { Config } from "../config/config.ts";
import { NOTHING_GIVEN, type Given, type GivenOutcome } from "../config/given.ts";
import type { Policy } from "../policy/decision.ts";
import { dryRunContext } from "./dry-run-context.ts";
import { judgeGiven, judgeRequest } from "./judge-given.ts";
import { dryRunSettings } from "./judge-settings.ts";

/** `sluice try`: decides as the gateway would, offline, and shows what every rule saw. */
export async function tryMessage(
  config: Config,
  policy: Policy,
  input: TryInput,
): Promise<Result<TryOutcome, string>> {
  const settings = dryRunSettings(config);
  const { source } = input;
  if (source.kind !== "message") {
    try {
      return ok(outcomeOf(judgeGiven(policy, givenOf(input), settings)));
    } catch (error) {
      if (error instanceof RangeError) return failed(error.message);
      throw error;
    }
  }
  const judged = judgeRequest(policy, source.bytes, settings, (request) => ({
    ...dryRunContext(request, input.now, settings),
    trace: true,
  }));
  return judged.ok ? ok(outcomeOf(judged.value)) : judged;
}

function givenOf({ from, to, now, source }: TryInput): Given {
  return {
    ...NOTHING_GIVEN,
    now,
    from: from === "" ? undefined : from,
    to: to === "" ? undefined : to,
    text: source.kind === "text" ? source.text : undefined,
    html: source.kind === "html" ? source.text : undefined,
    file:
      source.kind === "file"
        ? {
            name: source.name,
            size: source.bytes.length,
            content: source.bytes,
            declaredType: undefined,
          }
        : undefined,
  };
}

function outcomeOf(outcome: GivenOutcome): TryOutcome {
  const { verdict } = outcome;
  return {
    action: outcome.action,
    respond: outcome.respond ?? null,
    rule: outcome.rule ?? null,
    reason: outcome.reason ?? verdict.problem?.detail ?? verdict.setting ?? "",
    policy: (verdict.decision ?? verdict.decisions[0])?.policy ?? null,
    text: outcome.text ?? null,
    parts: partsOf(verdict),
    trace: verdict.decisions.flatMap((decision) => decision.trace),
  };
}

/** What was found in the message, as a reader of the trace needs it. */
function partsOf(verdict: GivenOutcome["verdict"]): readonly unknown[] {
  const { inspection } = verdict;
  if (inspection === undefined) return [];
  return [
    ...inspection.texts.map((part) => ({ kind: "text", type: part.type, charset: part.charset })),
    ...inspection.links.map((link) => ({
      kind: "link",
      raw: link.raw,
      host: link.host ?? null,
      extensions: link.pathExtensions,
    })),
    ...inspection.offers.map((offer) => ({
      kind: "offer",
      channel: offer.channel,
      name: offer.name.normalized,
      size: offer.size ?? null,
    })),
    ...inspection.attachments.map((part) => ({
      kind: "attachment",
      name: part.name.normalized,
      type: part.declaredType,
      size: part.bytes.length,
    })),
    ...inspection.media.map((line) => ({ kind: "media", media: line.kinds, line: line.line })),
  ];
}
