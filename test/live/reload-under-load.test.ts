import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { GatewayProcess } from "../support/gateway-process.ts";
import { readEvents } from "../support/events-file.ts";
import { SipClient } from "../support/sip-client.ts";
import { SipServer } from "../support/sip-server.ts";
import type { SipText } from "../support/sip-text.ts";
import { waitUntil } from "../support/wait-until.ts";
import { writeConfig, writeRules } from "../support/write-config.ts";

const RELOADS = 100;
const PER_SECOND = 200;

/** Good rules; `generation` makes each file another one. */
function goodRules(generation: number): string {
  return [
    "version: 1",
    "rules:",
    "  - id: no-programs",
    `    title: "No links to programs, generation ${generation}"`,
    "    when: { url: { path_extension: [exe] } }",
    "    then: { block: { respond: 403, reason: Not here } }",
    "",
  ].join("\n");
}

/** Broken in one of several ways; each must change nothing. */
const BROKEN_RULES: readonly string[] = [
  "version: 1\nrules:\n  - id: x\n    whn: { url: { any: true } }\n    then: allow\n",
  "version: 1\nrules: [\n",
  "version: 1\nrules:\n  - id: a\n    then: allow\n  - id: a\n    then: allow\n",
  "version: 1\nrules:\n  - id: x\n    when: { text: { regex: '(' } }\n    then: allow\n",
];

interface Stage extends AsyncDisposable {
  readonly gateway: GatewayProcess;
  readonly server: SipServer;
  readonly alice: SipClient;
  readonly rules: string;
}

/** A gateway whose rules lie in a file of its own, before a server that answers 200 to every MESSAGE. */
async function openStage(transport: "udp" | "tcp" = "udp"): Promise<Stage> {
  const stack = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), "sluice-test-"));
  const rules = await writeRules(dir, "rules.yaml", goodRules(0));
  const server = stack.use(await SipServer.open("127.0.0.2"));
  server.answering = 200;
  const settings = { upstream: [server.uri(transport)], rules: [rules] };
  const configFile = await writeConfig(dir, settings);
  const gateway = stack.use(await GatewayProcess.startIn(dir, configFile));
  const alice = stack.use(
    await SipClient.signOn({ name: "alice", transport, gateway: gateway.at(transport) }),
  );
  return {
    gateway,
    server,
    alice,
    rules,
    [Symbol.asyncDispose]: async (): Promise<void> => stack.disposeAsync(),
  };
}

interface Sent {
  readonly blocked: boolean;
  readonly text: string;
  /** Undefined when no final response came. */
  readonly answer: Promise<SipText | undefined>;
}

/** Sends at a steady rate until told to stop; every second message must be blocked. */
async function sendSteadily(alice: SipClient, signal: AbortSignal): Promise<readonly Sent[]> {
  const sent: Sent[] = [];
  const startedAt = performance.now();
  while (!signal.aborted) {
    const due = Math.floor(((performance.now() - startedAt) / 1000) * PER_SECOND);
    while (sent.length < due) sent.push(sendOne(alice, sent.length));
    await delay(5);
  }
  return sent;
}

function sendOne(alice: SipClient, number: number): Sent {
  const blocked = number % 2 === 1;
  const text = blocked
    ? `http://host-${number}.example.net/tool.exe`
    : `harmless message ${number}`;
  const answer = alice.sends("sip:bob@example.test", text).catch(() => undefined);
  return { blocked, text, answer };
}

/** Final status by text; 0 where none has come when the time is up. */
async function statusesOf(
  sent: readonly Sent[],
  graceMs: number,
): Promise<ReadonlyMap<string, number>> {
  const entries = sent.map(async (one): Promise<[string, number]> => {
    const answer = await within(one.answer, graceMs);
    return [one.text, answer?.status ?? 0];
  });
  return new Map(await Promise.all(entries));
}

describe("reloading under load", () => {
  it("loses and leaks no message in 100 reloads, half of them of broken files", async () => {
    await using stage = await openStage();
    const stop = new AbortController();
    const sending = sendSteadily(stage.alice, stop.signal);
    for (let number = 1; number <= RELOADS; number += 1) {
      const broken = number % 2 === 0 ? BROKEN_RULES[number % BROKEN_RULES.length] : undefined;
      await writeRules(stage.gateway.dir, "rules.yaml", broken ?? goodRules(number));
      const before = await reloadLines(stage.gateway);
      stage.gateway.reload();
      await waitUntil(`reload ${number}`, async () => (await reloadLines(stage.gateway)) > before);
    }
    stop.abort();
    const sent = await sending;
    const statuses = await statusesOf(sent, 20_000);
    const wrong = sent.filter((one) => statuses.get(one.text) !== (one.blocked ? 403 : 200));
    expect(wrong.map((one) => `${one.text}: ${statuses.get(one.text)}`)).toEqual([]);
    const arrived = stage.server.arrived.filter((request) => request.method === "MESSAGE");
    const texts = new Set(arrived.map((request) => request.text));
    expect([...texts].filter((text) => text.includes(".exe"))).toEqual([]);
    expect(texts.size).toBe(sent.filter((one) => !one.blocked).length);
    expect(stage.gateway.running).toBe(true);
  });

  it("loses no answered message when it is asked to end under load", async () => {
    await using stage = await openStage("tcp");
    const stop = new AbortController();
    const sending = sendSteadily(stage.alice, stop.signal);
    await delay(1500);
    const exitCode = await stage.gateway.stop("SIGTERM");
    stop.abort();
    const sent = await sending;
    expect(exitCode).toBe(0);
    const answered = await statusesOf(sent, 2000);
    const forwarded = new Set(stage.server.arrived.map((request) => request.text));
    const accepted = [...answered].filter(([, status]) => status === 200).map(([text]) => text);
    expect(accepted.length).toBeGreaterThan(50);
    expect(accepted.filter((text) => !forwarded.has(text))).toEqual([]);
    const events = await readEvents(stage.gateway.eventsFile);
    expect(events.filter((event) => event["action"] === "allow").length).toBeGreaterThanOrEqual(
      accepted.length,
    );
  });

  it("loses no incident that was answered when it is killed", async () => {
    await using stage = await openStage("tcp");
    const stop = new AbortController();
    const sending = sendSteadily(stage.alice, stop.signal);
    await delay(1500);
    await stage.gateway.kill();
    stop.abort();
    const answers = await Promise.all((await sending).map(async (one) => within(one.answer, 1000)));
    const quoted = answers.flatMap((answer) => {
      const id = /INC-[0-9A-Z]{8}/.exec(answer?.header("warning") ?? "")?.[0];
      return answer?.status === 403 && id !== undefined ? [id] : [];
    });
    expect(quoted.length).toBeGreaterThan(50);
    await stage.gateway.restart();
    const stored = new Set((await stage.gateway.incidents()).map((incident) => incident["id"]));
    expect(quoted.filter((id) => !stored.has(id))).toEqual([]);
  });
});

/** Lines about reloads in the event log, successful or not. */
async function reloadLines(gateway: GatewayProcess): Promise<number> {
  const events = await readEvents(gateway.eventsFile);
  return events.filter((event) => event["type"] === "reload" || event["type"] === "rule_error")
    .length;
}

async function within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  return Promise.race([promise, delay(ms, undefined)]);
}
