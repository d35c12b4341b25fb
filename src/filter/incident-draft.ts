import { logOf, maskNumbers } from "../judge/outcome-words.ts";
import type { Verdict } from "../policy/hearing.ts";
import type { HearingContext } from "../policy/hearing.ts";
import type { Link } from "../inspect/inspection.ts";
import { createEventId } from "../journal/event-id.ts";
import { featuresOf, withoutUserinfo } from "../judge/incident-features.ts";
import type { IncidentDraft } from "../journal/records.ts";

/** How many links a record names; the rest are counted by nobody. */
const MAX_RECORDED_LINKS = 20;

/** Why a verdict was taken, in the words of the record. */
export interface Grounds {
  /** Rule id, or the failure key that decided ("parse_problem", "on_infected" …). */
  readonly rule: string;
  readonly reason: string;
}

/** The rule or failure key behind a verdict other than "allow". */
export function groundsOf(verdict: Verdict): Grounds {
  if (verdict.problem !== undefined) {
    const { code, detail } = verdict.problem;
    return { rule: verdict.setting ?? "parse_problem", reason: `${code}: ${detail}` };
  }
  const decision = verdict.decision;
  if (decision?.rule !== undefined) return { rule: decision.rule.id, reason: decision.reason };
  if (verdict.setting === "opaque") return { rule: "opaque", reason: opaqueReason(verdict) };
  return { rule: verdict.setting ?? "defaults", reason: verdict.setting ?? "default verdict" };
}

/** What could not be looked into, by its type; else what a verdict would have had to edit under a signature. */
function opaqueReason({ inspection }: Verdict): string {
  const types = [...new Set(inspection?.opaque.map(({ type }) => type))].slice(0, 5);
  if (types.length > 0) return `opaque: encrypted (${types.join(", ")})`;
  return "opaque: would have to be edited under a signature";
}

/**
 * The group that an incident belongs to: repeats within the journal's window only count (DESIGN §4 "Records").
 * What strangers sent goes into one aggregate for each rule, since their From is not proven to be theirs.
 */
export function groupKey(verdict: Verdict, context: HearingContext): string {
  const { rule } = groundsOf(verdict);
  if (!context.from.authenticated) return `unauthenticated\n${rule}`;
  const subject = verdict.file?.name.normalized ?? concernedLinks(verdict)[0]?.host ?? "";
  return [context.from.aor, context.to.aor, rule, subject].join("\n");
}

/**
 * The links that the verdict is about: those rewritten, else all; each once, in the order in which the style
 * zero-link-token numbers them.
 */
function concernedLinks(verdict: Verdict): readonly Link[] {
  const { links: shown = [], outside = [] } = verdict.inspection ?? {};
  // Behind the others: decisions name links of the texts by their number.
  const links = [...shown, ...outside];
  const rewritten = verdict.decisions.flatMap((decision) => decision.linkRewrites);
  const concerned =
    rewritten.length === 0 ? links : rewritten.flatMap((rewrite) => links[rewrite.link] ?? []);
  const distinct = new Map<string, Link>();
  const named = new Set(withoutUserinfo(links));
  for (const link of concerned) {
    if (named.has(link) && !distinct.has(link.canonical)) distinct.set(link.canonical, link);
  }
  return [...distinct.values()];
}

/**
 * A link that no reader of a record can click by mistake; query and user info may hold secrets and stay out, and numbers of
 * cards and accounts in its path are masked.
 */
function defang(link: Link): string {
  if (link.host === undefined) return `${link.scheme.replace("http", "hxxp")}:…`;
  const port = link.port === undefined ? "" : `:${link.port}`;
  const scheme = link.scheme.replace("http", "hxxp");
  return `${scheme}://${link.host.replaceAll(".", "[.]")}${port}${maskNumbers(link.path)}`;
}

export interface DraftInput {
  readonly id: string;
  readonly callId: string;
  /** As `actorOf` reads it. */
  readonly actor?: string | undefined;
  readonly verdict: Verdict;
  readonly context: HearingContext;
  readonly action: "rewrite" | "block" | "quarantine";
  readonly answer: { readonly status: number; readonly reason: string } | undefined;
}

/** Fills in the journal's record of a decision. */
export function incidentDraft(input: DraftInput): IncidentDraft {
  const { verdict, context } = input;
  const decision = verdict.decision;
  const grounds = groundsOf(verdict);
  return {
    id: input.id,
    eventId: createEventId(context.now),
    at: context.now,
    type: context.channel === "sip-message" ? "message" : "session",
    callId: input.callId,
    from: context.from.aor,
    ...(input.actor === undefined ? undefined : { actor: input.actor }),
    to: [context.to.aor],
    direction: context.direction,
    channel: context.channel,
    action: input.action,
    rule: grounds.rule,
    ruleTitle: decision?.rule?.title ?? "",
    ruleFile: decision?.rule?.file ?? "",
    ruleLine: decision?.rule?.line ?? 0,
    policy: decision?.policy ?? "",
    severity: decision?.severity ?? "medium",
    reason: grounds.reason,
    tags: tagsOf(verdict.decisions),
    log: logOf(context, verdict, { incident: input.id, agent: "" }),
    file: fileRecord(verdict),
    scan: attachmentScans(verdict),
    urls: concernedLinks(verdict).slice(0, MAX_RECORDED_LINKS).map(defang),
    answer: input.answer,
    // Notices by message need the gateway's own account at work; until then the record says so.
    notify: (decision?.notify ?? []).map((wish) => ({
      audience: wish.audience,
      state: "not sent",
    })),
    trace: verdict.decisions.flatMap((one) => one.trace),
    features: featuresOf(verdict, context),
  };
}

/** The words of all rules that had something to say, each once. */
export function tagsOf(decisions: Verdict["decisions"]): readonly string[] {
  return [...new Set(decisions.flatMap((decision) => decision.tags))];
}

/** What was said of the files in a message. */
export function attachmentScans({ scans }: Pick<Verdict, "scans">): IncidentDraft["scan"] {
  return scans.map((scan) => ({
    engine: scan.engine,
    result: scan.verdict,
    threat: scan.name === "" ? undefined : scan.name,
    reason: scan.reason === "" ? undefined : scan.reason,
    ms: 0,
  }));
}

function fileRecord(verdict: Verdict): IncidentDraft["file"] {
  if (verdict.file === undefined) return undefined;
  const { name, size, content } = verdict.file;
  return {
    name: name.normalized || name.raw,
    size,
    sha256: content?.sha256,
    sha1: content?.sha1,
    trueType: content?.types[0]?.type,
  };
}
