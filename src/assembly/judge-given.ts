import { normalizeFileName } from "../content/file-name.ts";
import { asList } from "../policy/vocabulary.ts";
import { givenContent } from "./given-content.ts";
import { failed, ok, type Result } from "../base/result.ts";
import { inspectRequest } from "../inspect/inspect-request.ts";
import { emptyDraft } from "../inspect/inspection-draft.ts";
import type { Inspection, MediaKind } from "../inspect/inspection.ts";
import { carryOut, type Outcome } from "../judge/carry-out.ts";
import { judge, type JudgeSettings, type Judgement } from "../judge/judge.ts";
import type { Given, GivenOutcome } from "../config/given.ts";
import { senderDirection } from "../filter/hearing-context.ts";
import { dryRunContext } from "./dry-run-context.ts";
import type { Policy } from "../policy/decision.ts";
import type { Domains } from "../policy/domains.ts";
import type { Party, ScanFacts } from "../policy/facts.ts";
import { Hearing, UNSEEN_SCAN, type HearingContext, type Verdict } from "../policy/hearing.ts";
import { buildRequest } from "../wire/sip/build.ts";
import { applySplices } from "../wire/sip/splice.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import { parseDatagram } from "../wire/sip/parse-message.ts";

/**
 * Judges what an operator describes rather than what a peer sent: the `given` of inline tests and the arguments of
 * `sluice try`. Text goes through a real MESSAGE, so that it is found, judged and rewritten just as on the wire.
 */
/** The incident of every dry run; no real one has this form twice. */
export const DRY_RUN_INCIDENT = "INC-TEST0000";

export interface DryRunSettings extends JudgeSettings {
  readonly agent: string;
  readonly domains: Domains;
  /** Scans the content of a given file for which no result is stated. */
  readonly scan: (bytes: Buffer) => ScanFacts;
  /** Ask the rules for their trace. */
  readonly trace: boolean;
}

/** Decides as the gateway would, without a gateway. */
export function judgeGiven(policy: Policy, given: Given, settings: DryRunSettings): GivenOutcome {
  if (given.message !== undefined) return judgeMessage(policy, given.message, given, settings);
  const context = contextOf(given, settings);
  const request = requestOf(given, context);
  const verdict =
    given.file === undefined && given.media === undefined
      ? settle(judge(request, context, policy, settings), settings)
      : judgeFacts(policy, given, context, settings);
  return outcomeOf(request, context, verdict, settings);
}

/** Decides a whole SIP request given as bytes (`sluice try --message`). */
export function judgeRequest(
  policy: Policy,
  bytes: Buffer,
  settings: DryRunSettings,
  context: (request: SipRequest) => HearingContext,
): Result<GivenOutcome, string> {
  const parsed = parseDatagram(bytes, DRY_RUN_LIMITS);
  if (!parsed.ok) return failed(`${parsed.problem.code}: ${parsed.problem.detail}`);
  if (parsed.value.kind !== "request") return failed("a response, not a request");
  const hearing = context(parsed.value);
  const verdict = settle(judge(parsed.value, hearing, policy, settings), settings);
  return ok(outcomeOf(parsed.value, hearing, verdict, settings));
}

/** A whole message of a test: its sender counts as proven unless it is said not to be. */
function judgeMessage(
  policy: Policy,
  bytes: Buffer,
  given: Given,
  settings: DryRunSettings,
): GivenOutcome {
  const judged = judgeRequest(policy, bytes, settings, (request) => {
    const context = dryRunContext(request, given.now ?? DEFAULT_NOW, settings);
    return {
      ...context,
      from: {
        ...context.from,
        ip: given.fromIp ?? context.from.ip,
        authenticated: given.authenticated ?? context.from.authenticated,
      },
      direction: given.direction ?? context.direction,
      transport: given.transport ?? context.transport,
      encrypted: given.encrypted ?? context.encrypted,
      rates: { count: () => given.rate ?? 1 },
      trace: settings.trace,
    };
  });
  if (judged.ok) return judged.value;
  throw new RangeError(`the message cannot be read: ${judged.problem}`);
}

/** A dry run reads what the operator hands in, so its limits only guard against a mistaken file. */
const DRY_RUN_LIMITS = {
  maxHeadBytes: 1024 * 1024,
  maxHeaderCount: 10_000,
  maxBodyBytes: 64 * 1024 * 1024,
};

const DEFAULT_FROM = "sip:alice@local.test";
const DEFAULT_TO = "sip:bob@local.test";
/** 2026-01-05 12:00 UTC, a Monday noon: rules about time see a fixed clock. */
const DEFAULT_NOW = 1_767_614_400_000;

function contextOf(given: Given, settings: DryRunSettings): HearingContext {
  const from = {
    ...partyOf(given.from ?? DEFAULT_FROM),
    displayName: given.fromDisplayName ?? "",
    ip: given.fromIp,
    authenticated: given.authenticated ?? true,
  };
  const to = { ...partyOf(given.to ?? DEFAULT_TO), displayName: given.toDisplayName ?? "" };
  return {
    from,
    to,
    direction: given.direction ?? senderDirection(from, undefined, to, settings.domains),
    channel: given.channel ?? (given.media ? "sip-invite" : "sip-message"),
    transport: given.transport ?? "tcp",
    encrypted: given.encrypted ?? false,
    now: given.now ?? DEFAULT_NOW,
    rates: { count: () => given.rate ?? 1 },
    trace: settings.trace,
  };
}

function partyOf(aor: string): Party {
  const [, scheme = "sip", user = "", host = ""] =
    /^(?:(sips?):)?(?:([^@]*)@)?(.*)$/i.exec(aor) ?? [];
  const domain = host.toLowerCase();
  return {
    aor: `${scheme.toLowerCase()}:${user === "" ? "" : `${user}@`}${domain}`,
    user,
    domain,
    displayName: "",
    ip: undefined,
    authenticated: false,
  };
}

/** A MESSAGE that says what is given; a file or media alone still need one to be refused. */
function requestOf(given: Given, context: HearingContext): SipRequest {
  const body = Buffer.from(given.html ?? given.text ?? "", "utf8");
  const type = given.html === undefined ? "text/plain" : "text/html";
  const bytes = buildRequest({
    method: "MESSAGE",
    requestUri: context.to.aor,
    headers: [
      { name: "Via", value: "SIP/2.0/TCP dry-run.invalid;branch=z9hG4bKdryrun" },
      { name: "Max-Forwards", value: "70" },
      { name: "From", value: `<${context.from.aor}>;tag=dry` },
      { name: "To", value: `<${context.to.aor}>` },
      { name: "Call-ID", value: "dry-run" },
      { name: "CSeq", value: "1 MESSAGE" },
    ],
    body: { contentType: `${type}; charset=utf-8`, bytes: body },
  });
  const parsed = parseDatagram(bytes, DRY_RUN_LIMITS);
  if (!parsed.ok || parsed.value.kind !== "request") {
    throw new RangeError(`not a usable address: ${context.from.aor} or ${context.to.aor}`);
  }
  return parsed.value;
}

/** Asks the builtin engine where the judge wants a scan. */
function settle(judgement: Judgement, settings: DryRunSettings): Verdict {
  if (judgement.kind === "decided") return judgement.verdict;
  return judgement.decide(judgement.attachments.map((one) => settings.scan(one.bytes)));
}

/** A described file or described media: there are no bytes on the wire, so the rules are asked directly. */
function judgeFacts(
  policy: Policy,
  given: Given,
  context: HearingContext,
  settings: DryRunSettings,
): Verdict {
  const hearing = new Hearing(inspectionOf(given), context, policy);
  hearing.askSession(given.media !== undefined);
  hearing.askUnseen(settings);
  if (given.file === undefined) return hearing.verdict(settings);
  const content = given.file.content ?? "";
  const bytes = typeof content === "string" ? Buffer.from(content, "utf8") : content;
  const file = {
    name: normalizeFileName(given.file.name),
    size: given.file.size ?? (given.file.content === undefined ? undefined : bytes.length),
    declaredType: given.file.declaredType,
    declaredHashes: asList(given.file.declaredHash),
  };
  hearing.askOffer(file, given.channel);
  if (!hearing.stopped) {
    const seen = settings.scan(bytes);
    const looked = given.file.content === undefined ? undefined : seen.content;
    const scanned = given.channel === "lync-ft" ? UNSEEN_SCAN : seen;
    const said = given.scan === undefined ? scanned : scanOf(given.scan);
    const found = { ...said, content: givenContent(given.file, looked) };
    hearing.askFile(file, found, settings, given.channel);
  }
  return hearing.verdict(settings);
}

function inspectionOf(given: Given): Inspection {
  const kinds = (given.media ?? []) as readonly MediaKind[];
  return {
    ...emptyDraft(),
    media: kinds.map((kind) => ({
      kinds: kind === "unknown" ? [] : [kind],
      line: "",
      portStart: 0,
      portEnd: 0,
      port: 9,
    })),
  };
}

function scanOf(scan: NonNullable<Given["scan"]>): ScanFacts {
  return {
    verdict: scan.verdict,
    engine: scan.engine ?? "given",
    name: scan.name ?? "",
    reason: scan.reason ?? "",
  };
}

function outcomeOf(
  request: SipRequest,
  context: HearingContext,
  verdict: Verdict,
  settings: DryRunSettings,
): GivenOutcome {
  const words = { incident: DRY_RUN_INCIDENT, agent: settings.agent };
  const outcome = carryOut(request, context, verdict, words);
  const refused = outcome.kind === "refuse";
  return {
    action: verdict.action === "rewrite" && refused ? "block" : verdict.action,
    rule: verdict.decision?.rule?.id,
    respond: refused ? outcome.refusal.status : undefined,
    text: outgoingText(request, outcome, settings),
    severity: verdict.decision?.severity,
    reason: verdict.decision?.reason,
    verdict,
  };
}

/** The text as its receiver will read it: the outgoing bytes, inspected once more. */
function outgoingText(
  request: SipRequest,
  outcome: Outcome,
  settings: DryRunSettings,
): string | undefined {
  if (outcome.kind === "refuse") return undefined;
  const parsed = parseDatagram(applySplices(request.bytes, outcome.splices), DRY_RUN_LIMITS);
  if (!parsed.ok || parsed.value.kind !== "request") return undefined;
  const inspected = inspectRequest(parsed.value, settings.inspect);
  return inspected.ok ? inspected.value.texts[0]?.text : undefined;
}
