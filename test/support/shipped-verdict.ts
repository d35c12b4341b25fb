import { inlineTestSettings } from "../../src/assembly/judge-settings.ts";
import { carryOut } from "../../src/judge/carry-out.ts";
import { judge } from "../../src/judge/judge.ts";
import type { HearingContext, Verdict } from "../../src/policy/hearing.ts";
import type { SipRequest } from "../../src/wire/sip/message.ts";
import { applySplices } from "../../src/wire/sip/splice.ts";
import { shippedPolicy } from "./shipped-policy.ts";

const SETTINGS = inlineTestSettings([]);

function party(user: string): HearingContext["from"] {
  const aor = `sip:${user}@example.com`;
  return {
    aor,
    user,
    domain: "example.com",
    displayName: "",
    ip: undefined,
    authenticated: true,
  };
}

const CONTEXT: HearingContext = {
  from: party("alice"),
  to: party("bob"),
  direction: "internal",
  channel: "sip-message",
  transport: "tcp",
  encrypted: false,
  now: 1_800_000_000_000,
  trace: false,
};

/** What becomes of a request under the rules and settings as shipped, with the builtin engine. */
export interface ShippedVerdict {
  /** Outgoing bytes; undefined when it was refused. */
  readonly out: Buffer | undefined;
  /** Nothing was edited. */
  readonly untouched: boolean;
  /** What decided: the problem's code, the failure key or the rule's id; "" when nothing spoke against it. */
  readonly reason: string;
  readonly verdict: Verdict;
}

/** Judges a request as the gateway does, scan of its attachments included. */
export function shippedVerdict(request: SipRequest): ShippedVerdict {
  const channel = request.method === "INVITE" ? "sip-invite" : "sip-message";
  const context = { ...CONTEXT, channel } as const;
  const judgement = judge(request, context, shippedPolicy(), SETTINGS);
  const verdict =
    judgement.kind === "decided"
      ? judgement.verdict
      : judgement.decide(judgement.attachments.map((one) => SETTINGS.scan(one.bytes)));
  const words = { incident: "INC-00000000", agent: "gw" };
  const outcome = carryOut(request, context, verdict, words);
  const reason = verdict.problem?.code ?? verdict.setting ?? verdict.decision?.rule?.id ?? "";
  if (outcome.kind === "refuse") return { out: undefined, untouched: false, reason, verdict };
  const out = applySplices(request.bytes, outcome.splices);
  return { out, untouched: outcome.splices.length === 0, reason, verdict };
}
