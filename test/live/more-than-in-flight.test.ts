import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { statsOf } from "../support/gateway-figures.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { SipClient } from "../support/sip-client.ts";
import { SipServer } from "../support/sip-server.ts";
import type { SipText } from "../support/sip-text.ts";
import { waitUntil } from "../support/wait-until.ts";

const BOB = "sip:bob@example.test";
const IN_FLIGHT = 20;

describe("a gateway with more to do than limits.in_flight", () => {
  let server: SipServer;
  let gateway: GatewayProcess;
  let alice: SipClient;

  beforeAll(async () => {
    server = await SipServer.open("127.0.0.2");
    gateway = await GatewayProcess.start({
      upstream: [server.uri("udp")],
      answer_within: "5s",
      limits: { in_flight: IN_FLIGHT, overload_code: 480 },
    });
    alice = await SipClient.open({ name: "alice", transport: "tcp", gateway: gateway.at("tcp") });
  });

  afterAll(async () => {
    await alice[Symbol.asyncDispose]();
    await gateway[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  async function sendMany(count: number): Promise<readonly Promise<SipText>[]> {
    return Array.from({ length: count }, async (_, n) => alice.sends(BOB, `message ${n}`));
  }

  /** A MESSAGE that belongs to a dialog, by its To tag. */
  function inDialog(branch: string): string {
    const lines = [
      `MESSAGE ${BOB} SIP/2.0`,
      `Via: SIP/2.0/TCP 127.0.0.1:${alice.local.port};branch=${branch}`,
      "Max-Forwards: 70",
      "From: <sip:alice@example.test>;tag=a",
      `To: <${BOB}>;tag=b`,
      `Call-ID: ${branch}`,
      "CSeq: 7 MESSAGE",
      "Content-Type: text/plain",
      "Content-Length: 5",
    ];
    return `${lines.join("\r\n")}\r\n\r\nstill`;
  }

  it("refuses what is new with the operator's code, goes on with dialogs, and recovers", async () => {
    server.answering = "silence";
    const many = await sendMany(3 * IN_FLIGHT);
    const refused = await Promise.all(many.map(async (one) => within(one, 1500)));
    const early = refused.filter((answer) => answer !== undefined);
    expect(new Set(early.map((answer) => answer.status))).toEqual(new Set([480]));
    expect(early).toHaveLength(2 * IN_FLIGHT);
    expect(early.every((answer) => answer.header("retry-after") === "5")).toBe(true);

    alice.raw(inDialog("z9hG4bKindialog"));
    const isIt = (request: SipText): boolean => request.callId === "z9hG4bKindialog";
    await waitUntil("the dialog's message at the server", () => server.arrived.some(isIt));

    // Nobody is left without an answer, and nothing was put aside for later.
    const late = await Promise.all(many);
    expect(late.filter((answer) => answer.status === 504)).toHaveLength(IN_FLIGHT);
    expect((await alice.answerTo("z9hG4bKindialog")).status).toBe(504);
    server.answering = 200;
    expect((await alice.sends(BOB, "and now?")).status).toBe(200);
    const { proxy } = await statsOf(gateway);
    expect(proxy).toMatchObject({ overloaded: 2 * IN_FLIGHT, unfinished: 0 });
    expect(gateway.stderr).toContain("limits.in_flight");
  });
});

async function within(answer: Promise<SipText>, ms: number): Promise<SipText | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), ms);
  try {
    return await Promise.race([answer, promise]);
  } finally {
    clearTimeout(timer);
  }
}
