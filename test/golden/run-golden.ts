import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import {
  DRY_RUN_INCIDENT,
  judgeGiven,
  type DryRunSettings,
} from "../../src/assembly/judge-given.ts";
import { inlineTestSettings } from "../../src/assembly/judge-settings.ts";
import { readGiven, type Given } from "../../src/config/given.ts";
import { loadPolicy } from "../../src/config/load-policy.ts";
import { hearingContext } from "../../src/filter/hearing-context.ts";
import { carryOut, type Outcome } from "../../src/judge/carry-out.ts";
import { judge } from "../../src/judge/judge.ts";
import { noticesOf, replacementOf } from "../../src/judge/outcome-words.ts";
import type { Policy } from "../../src/policy/decision.ts";
import type { Party, ScanFacts } from "../../src/policy/facts.ts";
import type { HearingContext, Verdict } from "../../src/policy/hearing.ts";
import type { GivenData } from "../../src/policy/test-schema.ts";
import { applySplices } from "../../src/wire/sip/splice.ts";
import type { SipRequest } from "../../src/wire/sip/message.ts";
import { parsedBytes } from "../support/parsed-request.ts";
import { messageBytes, sharedFiles, type GoldenFile } from "./golden-file.ts";

const FOLDER = import.meta.dirname;
const PACKS = join(FOLDER, "../../rules/packs");
const DOMAINS = ["corp.example"];
const WORDS = { incident: DRY_RUN_INCIDENT, agent: "sluice" };
/** Sunday 22 November 2026, noon in Berlin. */
const NOON = Date.parse("2026-11-22T12:00:00+01:00");

/** What comes of a golden file, in the words of its section "expected". */
export function runGolden(golden: GoldenFile): string {
  const policy = policyOf(golden);
  const given = givenOf(golden);
  const settings = inlineTestSettings(DOMAINS);
  if (golden.message === undefined) {
    const { verdict, respond, text } = judgeGiven(policy, given, settings);
    const context = wordsContext(given);
    const answer = respond === undefined ? [] : [`answer: ${respond}`];
    const out = text === undefined ? [] : ["", text];
    return lines([...verdictLines(verdict, context), ...answer, ...out]);
  }
  const request = parsedBytes(messageBytes(golden.message));
  return judgeMessage(policy, request, given, settings);
}

/** The rules as they are read from a disk, so that list files, packs and shared files are found. */
function policyOf(golden: GoldenFile): Policy {
  const folder = mkdtempSync(join(tmpdir(), "sluice-golden-"));
  try {
    const own = join(folder, "golden.yaml");
    writeFileSync(own, golden.rules);
    mkdirSync(join(folder, "packs"));
    for (const pack of packsOf(golden)) {
      symlinkSync(join(PACKS, pack), join(folder, "packs", pack));
    }
    const shared = sharedFiles(golden).map((name) => join(FOLDER, "shared", name));
    const what = { rules: [...shared, own], domains: DOMAINS };
    const loaded = loadPolicy(what, { generation: 1, judgeGiven: undefined, now: NOON });
    if (!loaded.ok) {
      const problems = loaded.problem.filter((one) => one.severity === "error");
      throw new Error(problems.map((one) => `${one.line}: ${one.message}`).join("\n"));
    }
    return loaded.value.policy;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Those that a policy uses: ids of rules in the others are free. */
function packsOf({ rules }: GoldenFile): readonly string[] {
  const used = [...rules.matchAll(/\buse: \[([^\]]*)\]/g)].flatMap(([, names = ""]) =>
    names.split(/,\s*/),
  );
  return readdirSync(PACKS).filter((pack) => used.includes(pack));
}

function givenOf({ given }: GoldenFile): Given {
  const data = (parse(given ?? "") ?? {}) as GivenData;
  const read = readGiven(data, import.meta.dirname);
  if (!read.ok) throw new Error(read.problem);
  return { ...read.value, now: read.value.now ?? NOON };
}

/** For the texts of notices, which name the two parties. */
function wordsContext(given: Given): HearingContext {
  const party = (aor: string): Party => ({
    aor,
    user: "",
    domain: "",
    displayName: "",
    ip: undefined,
    authenticated: true,
  });
  return {
    from: party(given.from ?? "sip:alice@local.test"),
    to: party(given.to ?? "sip:bob@local.test"),
    direction: "internal",
    channel: "sip-message",
    transport: "tcp",
    encrypted: false,
    now: NOON,
    trace: false,
  };
}

function judgeMessage(
  policy: Policy,
  request: SipRequest,
  given: Given,
  settings: DryRunSettings,
): string {
  const context = contextOf(request, given, settings);
  const verdict = settle(policy, request, context, { given, settings });
  const outcome = carryOut(request, context, verdict, WORDS);
  const head = verdictLines(verdict, context);
  if (outcome.kind === "refuse") return lines([...head, ...answerLines(outcome)]);
  const out = parsedBytes(applySplices(request.bytes, outcome.splices));
  const again = carryOut(out, context, settle(policy, out, context, { given, settings }), WORDS);
  if (again.kind === "refuse" || again.splices.length > 0) {
    throw new Error("judging the outgoing bytes again changes something");
  }
  const changed = out.bytes.equals(request.bytes) ? ["", "(as it came)"] : ["", shownMessage(out)];
  return lines([...head, ...changed]);
}

function settle(
  policy: Policy,
  request: SipRequest,
  context: HearingContext,
  { given, settings }: { readonly given: Given; readonly settings: DryRunSettings },
): Verdict {
  const judgement = judge(request, context, policy, settings);
  if (judgement.kind === "decided") return judgement.verdict;
  return judgement.decide(
    judgement.attachments.map((one) => statedScan(given) ?? settings.scan(one.bytes)),
  );
}

function statedScan({ scan }: Given): ScanFacts | undefined {
  if (scan === undefined) return undefined;
  const { verdict, engine = "given", name = "", reason = "" } = scan;
  return { verdict, engine, name, reason };
}

/** As the gateway makes it; what `given` says beside a message takes its place. */
function contextOf(request: SipRequest, given: Given, settings: DryRunSettings): HearingContext {
  const proven = given.authenticated ?? true;
  const made = hearingContext(
    request,
    {
      side: "client",
      transport: given.transport ?? "tcp",
      encrypted: given.encrypted ?? false,
      sourceAddress: given.fromIp ?? "192.0.2.1",
      sourcePort: 5060,
      authenticatedAor: undefined,
      trusted: proven,
      dialogProven: true,
      signed: false,
      receivedAt: given.now ?? NOON,
    },
    settings.domains,
  );
  return { ...made, rates: { count: () => given.rate ?? 1 } };
}

function verdictLines(verdict: Verdict, context: HearingContext): readonly string[] {
  const { decision, decisions, setting, problem } = verdict;
  const notices = noticesOf(context, verdict, WORDS);
  const line = (name: string, value: string | undefined): readonly string[] =>
    value === undefined || value === "" ? [] : [`${name}: ${value}`];
  return [
    `action: ${verdict.action}`,
    ...line("rule", decision?.rule?.id),
    ...line("policy", decision?.policy === "default" ? undefined : decision?.policy),
    ...line("setting", setting),
    ...line("problem", problem?.code),
    ...line("reason", verdict.action === "allow" ? "" : decision?.reason),
    ...line("severity", decision?.rule === undefined ? undefined : decision.severity),
    ...line("tags", [...new Set(decisions.flatMap((one) => one.tags))].join(", ")),
    ...decisions.flatMap((one) => one.log.map((text) => `log: ${text}`)),
    ...line("monitored", decisions.flatMap((one) => one.monitored.map(shownMonitored)).join(", ")),
    ...notices.map(({ audience, text }) => `notify ${audience}: ${text}`),
    ...line("in its place", replacementOf(context, verdict, WORDS)),
    ...line("keeps a copy", decisions.some((one) => one.keepCopy) ? "yes" : ""),
    ...line("skips the scan", decisions.find((one) => one.skipScan !== undefined)?.skipScan),
    ...decisions.flatMap((one) => one.ruleErrors.map(({ rule }) => `failed: ${rule}`)),
  ];
}

function shownMonitored({
  rule,
  would,
}: {
  readonly rule: string;
  readonly would: string;
}): string {
  return `${rule} (${would})`;
}

function answerLines(outcome: Outcome & { readonly kind: "refuse" }): readonly string[] {
  const { status, reason, headers, body } = outcome.refusal;
  const fields = headers.map(({ name, value }) => `${name}: ${value}`);
  const content = body === undefined ? [] : ["", body.bytes.toString().replaceAll("\r", "")];
  return ["", `SIP/2.0 ${status} ${reason}`, ...fields, ...content];
}

/** Without the fields that the harness has filled in. */
function shownMessage(request: SipRequest): string {
  const [head = "", ...body] = request.bytes.toString("utf8").split("\r\n\r\n");
  const fields = head.split("\r\n").filter((line) => !FILLED_IN.test(line));
  return [...fields, "", body.join("\r\n\r\n").replaceAll("\r", "")].join("\n");
}

const FILLED_IN = /^(?:Via|Max-Forwards|From|To|Call-ID|CSeq):/;

function lines(all: readonly string[]): string {
  return `${all.join("\n").trimEnd()}\n`;
}
