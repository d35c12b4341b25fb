import { createSocket } from "node:dgram";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GatewayProcess } from "../support/gateway-process.ts";
import { SipClient } from "../support/sip-client.ts";
import { HIDDEN, smuggledPairs } from "../support/smuggled-pairs.ts";
import { UdpTap } from "../support/udp-tap.ts";
import { waitUntil } from "../support/wait-until.ts";
import { isMissing, SIPP } from "./peers/requirements.ts";
import { SippReader } from "./peers/sipp-reader.ts";

/** What fits into a socket's buffer in any case. */
const AT_A_TIME = 20;

describe.skipIf(isMissing([SIPP]))("a message that two readers might read in two ways", () => {
  const stack = new AsyncDisposableStack();
  let sipp: SippReader;
  let tap: UdpTap;

  beforeAll(async () => {
    sipp = stack.use(await SippReader.start());
    tap = stack.use(await UdpTap.open(sipp.at));
    const gateway = stack.use(
      await GatewayProcess.start({
        upstream: [`sip:${tap.near.address}:${tap.near.port};transport=udp`],
        upstream_probe: "off",
      }),
    );
    const at = gateway.at("udp");
    const alice = stack.use(await SipClient.open({ name: "alice", transport: "udp", gateway: at }));
    const stranger = createSocket("udp4");
    stack.defer(() => void stranger.close());
    stranger.bind(0, "127.0.5.5");
    await once(stranger, "listening");
    const pairs = smuggledPairs();
    for (let n = 0; n < pairs.length; n += AT_A_TIME) {
      for (const pair of pairs.slice(n, n + AT_A_TIME)) {
        stranger.send(pair.bytes("udp"), at.port, at.address);
      }
      // Datagrams are taken in their order: when this has its answer, those before it have been judged.
      const answer = await alice.sends("sip:bob@example.test", "and you?");
      if (answer.status !== 200) throw new Error(answer.startLine);
    }
    const isAllRead = async (): Promise<boolean> =>
      (await sipp.readings()).size === new Set(tap.exchanges.map((e) => e.request.callId)).size;
    await waitUntil("SIPp to have read all that was forwarded", isAllRead);
  });

  afterAll(async () => {
    await stack.disposeAsync();
  });

  it("is read by SIPp, behind the gateway, as it was judged", async () => {
    const readings = await sipp.readings();
    const bodyOf = (callId: string): string | undefined => readings.get(callId)?.body;
    const wrong = tap.exchanges.filter(
      ({ request }) => bodyOf(request.callId) !== request.body.toString("latin1"),
    );
    expect(wrong.map(({ request }) => request.bytes.toString("latin1"))).toEqual([]);
  });

  it("is of another type to SIPp only where that stands in the fold of another field", async () => {
    const readings = await sipp.readings();
    const wrong = tap.exchanges.filter(
      ({ request }) => readings.get(request.callId)?.contentType !== request.header("content-type"),
    );
    // SIPp knows no folds: a line that begins with a blank is a field to it. What is no field to us is passed on as it is.
    const isFolded = /\r\n[ \t]+content-type:/i;
    const folded = wrong.filter(({ request }) => isFolded.test(request.bytes.toString("latin1")));
    expect(wrong).toEqual(folded);
    expect(wrong).toHaveLength(1);
  });

  it("never brings SIPp the link that is hidden behind its body", async () => {
    const bodies = [...(await sipp.readings()).values()].map(({ body }) => body);
    expect(bodies.filter((body) => body.includes(HIDDEN))).toEqual([]);
    // A few are legal; and alice's.
    expect(bodies.length).toBeGreaterThan(20 + smuggledPairs().length / AT_A_TIME);
  });
});
