/**
 * What judging costs: 10, 100 and 1,000 rules of all kinds on ordinary messages of some 500 bytes, inspecting and deciding
 * apart, and 1,000 rules on bodies of 64 kB that are made to be slow, and 200 regular expressions on texts that explode them.
 *
 *   npx node bench/rules.ts [ROUNDS]        default: 3000
 *
 * CPU time of the one thread. Ratios within one run are worth more than microseconds. Exits with 1 when a bar is missed: 50 µs for 1,000 rules and
 * 3 times what ten rules cost, 20 ms for a hostile body.
 */
import { inlineTestSettings } from "../src/assembly/judge-settings.ts";
import { inspectRequest } from "../src/inspect/inspect-request.ts";
import { judge } from "../src/judge/judge.ts";
import type { Policy } from "../src/policy/decision.ts";
import type { Party } from "../src/policy/facts.ts";
import type { HearingContext } from "../src/policy/hearing.ts";
import type { SipRequest } from "../src/wire/sip/message.ts";
import { parsedRequest } from "../test/support/parsed-request.ts";
import { EXPLODING, HOSTILE, ORDINARY, type Body } from "./hostile-bodies.ts";
import { explodingPolicy, NOW, policyOf } from "./rule-sets.ts";

const ROUNDS = Number(process.argv[2] ?? "3000");
const SETTINGS = inlineTestSettings(["corp.example"]);
const CONTEXT: HearingContext = {
  from: party("alice", "corp.example", "192.0.2.10"),
  to: party("bob", "partner.test", undefined),
  direction: "outbound",
  channel: "sip-message",
  transport: "tcp",
  encrypted: false,
  now: NOW,
  trace: false,
};

function party(user: string, domain: string, ip: string | undefined): Party {
  const aor = `sip:${user}@${domain}`;
  return { aor, user, domain, displayName: "Alice Example", ip, authenticated: true };
}

function requestOf({ type, text, field, sender }: Body): SipRequest {
  const host = sender?.host ?? "corp.example";
  const head = [
    "MESSAGE sip:bob@partner.test SIP/2.0",
    "Via: SIP/2.0/TCP 192.0.2.10:5060;branch=z9hG4bKbench",
    "Max-Forwards: 70",
    `From: "${sender?.name ?? "Alice"}" <sip:alice@${host}>;tag=a`,
    "To: <sip:bob@partner.test>",
    "Call-ID: bench@192.0.2.10",
    "CSeq: 1 MESSAGE",
    `Content-Type: ${type}`,
    ...(field === undefined ? [] : [field]),
  ];
  return parsedRequest(head, text);
}

function contextOf({ sender }: Body): HearingContext {
  const from = party("alice", sender?.host ?? "corp.example", "192.0.2.10");
  return { ...CONTEXT, from: { ...from, displayName: sender?.name ?? from.displayName } };
}

/** Judges as the filter does; files count as clean. */
function judged(request: SipRequest, policy: Policy, context: HearingContext = CONTEXT): string {
  const judgement = judge(request, context, policy, SETTINGS);
  if (judgement.kind === "decided") {
    const { action, problem } = judgement.verdict;
    return problem === undefined ? action : `${action}: ${problem.code}`;
  }
  const clean = { verdict: "clean", engine: "none", name: "", reason: "" } as const;
  return judgement.decide(judgement.attachments.map(() => clean)).action;
}

/**
 * CPU time of this thread, µs: what other processes take from the machine does not count, nor do the collector's helpers. The
 * kernel counts in ticks of some milliseconds, so that only sums of many runs are exact.
 */
function cpuMicros(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

/** Microseconds of one run, in the mean; the best of three means, for what others do to the caches is not ours. */
function micros(run: () => unknown, rounds: number): number {
  const means = [0, 0, 0].map(() => {
    const start = cpuMicros();
    for (let round = 0; round < rounds; round += 1) run();
    return (cpuMicros() - start) / rounds;
  });
  return Math.min(...means);
}

function row(name: string, cells: readonly string[]): void {
  console.log(`${name.padEnd(28)}${cells.map((cell) => cell.padStart(12)).join("")}`);
}

const sizes = [10, 100, 1000];
const policies = sizes.map((size) => {
  const start = performance.now();
  const policy = policyOf(size);
  console.log(`${size} rules compiled in ${(performance.now() - start).toFixed(0)} ms`);
  return policy;
});
const thousand = policies.at(-1);
if (thousand === undefined) throw new Error("no policy");
const missed: string[] = [];

console.log("\nOrdinary messages, µs each (first message of the process: with 1,000 rules)");
const ordinary = ORDINARY.map((body) => ({ ...body, request: requestOf(body) }));
const firstStart = cpuMicros();
if (ordinary[0] !== undefined) judged(ordinary[0].request, thousand);
console.log(`first ${cpuMicros() - firstStart} µs`);
for (let n = 0; n < ROUNDS / 10; n += 1) {
  for (const { request } of ordinary) for (const policy of policies) judged(request, policy);
}
row("", ["inspect", ...sizes.map((size) => `judge ${size}`), "1000 ÷ 10", "decided"]);
for (const { name, request } of ordinary) {
  const inspect = micros(() => inspectRequest(request, SETTINGS.inspect), ROUNDS);
  const each = policies.map((policy) => micros(() => judged(request, policy), ROUNDS));
  const [ten = 0] = each;
  const all = each.at(-1) ?? 0;
  const cells = [inspect, ...each].map((time) => time.toFixed(1));
  row(name, [...cells, (all / ten).toFixed(2), judged(request, thousand)]);
  if (all > 50) missed.push(`${name}: ${all.toFixed(1)} µs`);
  if (all > 3 * ten) missed.push(`${name}: ${(all / ten).toFixed(1)} times ten rules`);
}

console.log("\nHostile bodies of 64 kB with 1,000 rules, ms");
row("", ["first", "inspect", "mean", "worst", "decided"]);
let slowest = 0;
for (const body of HOSTILE) hostile(body.name, thousand, () => body);

console.log("\nBodies that fill the automata of 200 expressions, another one each time, ms");
const exploding = explodingPolicy();
for (const { name, body } of EXPLODING) hostile(name, exploding, body);

/** One line: the first time, then ten times more; the bars are for the mean of those and for each. */
function hostile(name: string, policy: Policy, bodyOf: (n: number) => Body): void {
  const times: number[] = [];
  let decided = "";
  for (let n = 0; n < 11; n += 1) {
    const body = bodyOf(n);
    const request = requestOf(body);
    const context = contextOf(body);
    const start = cpuMicros();
    decided = judged(request, policy, context);
    times.push((cpuMicros() - start) / 1000);
  }
  const [first = 0, ...warm] = times;
  const request = requestOf(bodyOf(0));
  const inspect = micros(() => inspectRequest(request, SETTINGS.inspect), 10) / 1000;
  const mean = warm.reduce((sum, time) => sum + time, 0) / warm.length;
  const worst = Math.max(...warm);
  const cells = [first, inspect, mean, worst].map((time) => time.toFixed(1));
  row(name, [...cells, decided]);
  slowest = Math.max(slowest, worst, first);
  if (mean > 20) missed.push(`${name}: ${mean.toFixed(1)} ms`);
  if (Math.max(first, worst) > 50) missed.push(`${name}: ${Math.max(first, worst)} ms once`);
}
console.log(`\nslowest of all: ${slowest.toFixed(1)} ms`);
for (const line of missed) console.log(`MISSED ${line}`);
process.exitCode = missed.length === 0 ? 0 : 1;
