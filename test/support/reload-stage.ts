import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { GatewayProcess } from "./gateway-process.ts";
import { SipClient } from "./sip-client.ts";
import { SipServer } from "./sip-server.ts";
import type { SipText } from "./sip-text.ts";
import { writeConfig, writeRules } from "./write-config.ts";

/** A gateway whose rules lie in a file of its own, before a server that answers 200 to every MESSAGE. */
export interface ReloadStage extends AsyncDisposable {
  readonly gateway: GatewayProcess;
  readonly server: SipServer;
  readonly alice: SipClient;
  /** The rule file. */
  readonly rules: string;
}

/** Rules that refuse links to programs and disarm links to one domain; `generation` makes each file another one. */
export function goodRules(generation: number): string {
  return [
    "version: 1",
    "rules:",
    "  - id: no-programs",
    `    title: "No links to programs, generation ${generation}"`,
    "    when: { url: { path_extension: [exe] } }",
    "    then: { block: { respond: 403, reason: Not here } }",
    "  - id: disarm",
    "    when: { url: { host: { suffix: disarmed.example.net } } }",
    '    then: { rewrite: { links: { prefix: "_" } } }',
    "",
  ].join("\n");
}

export async function openReloadStage(transport: "udp" | "tcp" = "udp"): Promise<ReloadStage> {
  await using stack = new AsyncDisposableStack();
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
  const owned = stack.move();
  return {
    gateway,
    server,
    alice,
    rules,
    [Symbol.asyncDispose]: async (): Promise<void> => owned.disposeAsync(),
  };
}

export interface Sent {
  /** What must become of it by `goodRules`. */
  readonly fate: "passed" | "blocked" | "disarmed";
  readonly text: string;
  /** Undefined when no final response came. */
  readonly answer: Promise<SipText | undefined>;
  /** Until the final response; Infinity when none came yet. */
  tookMs: number;
}

/** Sends at a steady rate until told to stop; by turns what must have these fates. */
export async function sendSteadily(
  alice: SipClient,
  { perSecond, fates }: { readonly perSecond: number; readonly fates: readonly Sent["fate"][] },
  signal: AbortSignal,
): Promise<readonly Sent[]> {
  const sent: Sent[] = [];
  const startedAt = performance.now();
  while (!signal.aborted) {
    const due = Math.floor(((performance.now() - startedAt) / 1000) * perSecond);
    while (sent.length < due) {
      sent.push(sendOne(alice, sent.length, fates[sent.length % fates.length] ?? "passed"));
    }
    await delay(5);
  }
  return sent;
}

function sendOne(alice: SipClient, number: number, fate: Sent["fate"]): Sent {
  const text = {
    passed: `harmless message ${number}`,
    blocked: `http://host-${number}.example.net/tool.exe`,
    disarmed: `look: http://host-${number}.disarmed.example.net/`,
  }[fate];
  const startedAt = performance.now();
  const asked = async (): Promise<SipText | undefined> => {
    const answer = await alice.sends("sip:bob@example.test", text).catch(() => undefined);
    if (answer !== undefined) sent.tookMs = performance.now() - startedAt;
    return answer;
  };
  const sent: Sent = { fate, text, answer: asked(), tookMs: Infinity };
  return sent;
}

/** Final status by text; 0 where none has come when the time is up. */
export async function statusesOf(
  sent: readonly Sent[],
  graceMs: number,
): Promise<ReadonlyMap<string, number>> {
  const entries = sent.map(async (one): Promise<[string, number]> => {
    const answer = await within(one.answer, graceMs);
    return [one.text, answer?.status ?? 0];
  });
  return new Map(await Promise.all(entries));
}

export async function within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  return Promise.race([promise, delay(ms, undefined)]);
}
