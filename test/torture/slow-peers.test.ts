import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { keepSending, peakMemoryOf, statsOf } from "../support/gateway-figures.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { SipClient } from "../support/sip-client.ts";
import { SipServer } from "../support/sip-server.ts";
import { sized } from "../support/torture-size.ts";
import { waitUntil } from "../support/wait-until.ts";
import type { GatewaySettings } from "../support/write-config.ts";

const HEADER_TIMEOUT_S = sized(3, 30);
const SLOW = sized(200, 2000);
const SILENT = sized(50, 500);
const PER_ADDRESS = 50;
/** Of an honest user's MESSAGE meanwhile (HARDENING D1: 250 ms); small runs share the machine with other tests. */
const MOST_P99_MS = sized(1500, 250);

describe("peers that are slow on purpose", () => {
  let stack: AsyncDisposableStack;
  let server: SipServer;

  beforeEach(async () => {
    stack = new AsyncDisposableStack();
    server = stack.use(await SipServer.open("127.0.0.2"));
    server.answering = 200;
  });

  afterEach(async () => {
    await stack.disposeAsync();
  });

  async function openGateway(limits: GatewaySettings): Promise<GatewayProcess> {
    const settings = { upstream: [server.uri("tcp")], limits };
    return stack.use(await GatewayProcess.start({ upstream_probe: "off", ...settings }));
  }

  async function openPeer(gateway: GatewayProcess, localAddress: string): Promise<Socket> {
    const { address, port } = gateway.at("tcp");
    const socket = connect({ host: address, port, localAddress });
    socket.on("error", () => undefined);
    stack.defer(() => void socket.destroy());
    await once(socket, "connect");
    return socket;
  }

  async function openWitness(gateway: GatewayProcess): Promise<SipClient> {
    const options = { name: "witness", transport: "tcp" as const, gateway: gateway.at("tcp") };
    return stack.use(await SipClient.open(options));
  }

  it("do not hold up an honest one, and are gone when header_timeout is over", async () => {
    const gateway = await openGateway({ header_timeout: `${HEADER_TIMEOUT_S}s` });
    const stop = new AbortController();
    const served = keepSending(await openWitness(gateway), stop.signal);
    const peers: Socket[] = [];
    for (let n = 0; n < SLOW + SILENT; n += 1) {
      peers.push(await openPeer(gateway, `127.0.1.${1 + Math.floor(n / PER_ADDRESS)}`));
    }
    const startedAt = performance.now();
    const drip = setInterval(() => {
      for (const peer of peers.slice(0, SLOW)) if (peer.writable) peer.write("M");
    }, HEADER_TIMEOUT_S * 300);
    const isOpen = (peer: Socket): boolean => !peer.readableEnded && !peer.destroyed;
    for (const peer of peers) peer.resume();
    await waitUntil("all of them to be gone", () => !peers.some(isOpen), HEADER_TIMEOUT_S * 3000);
    const tookMs = performance.now() - startedAt;
    clearInterval(drip);
    stop.abort();
    const { statuses, p99Ms } = await served;
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(p99Ms).toBeLessThan(MOST_P99_MS);
    expect(tookMs).toBeLessThan(HEADER_TIMEOUT_S * 1000 + 2000);
    const { transport } = await statsOf(gateway);
    expect(transport?.["closedByHeaderTimeout"]).toBe(SLOW + SILENT);
  });

  it("get no more than connections_per_address", async () => {
    const gateway = await openGateway({ connections_per_address: 64 });
    const peers = await Promise.all(
      Array.from({ length: 100 }, async () => openPeer(gateway, "127.0.1.1")),
    );
    for (const peer of peers) peer.resume();
    const open = (): number => peers.filter((p) => !p.readableEnded && !p.destroyed).length;
    await waitUntil("the surplus to be closed", () => open() <= 64);
    expect(open()).toBe(64);
    const { transport } = await statsOf(gateway);
    expect(transport).toMatchObject({ connectionsOpen: 64, connectionsRefused: 36 });
  });

  it("leave nothing behind when they close their half in the middle of a message", async () => {
    const gateway = await openGateway({});
    for (let n = 0; n < 50; n += 1) {
      const peer = await openPeer(gateway, "127.0.1.1");
      peer.resume();
      peer.end("MESSAGE sip:bob@example.test SIP/2.0\r\nVia: SIP/2.0/TCP x");
    }
    const left = await waitUntil("their ends", async () => {
      const { transport } = await statsOf(gateway);
      return transport?.["connectionsOpen"] === 0 ? transport : undefined;
    });
    expect(left).toMatchObject({ connectionsAccepted: 50, bytesHeld: 0 });
  });

  it("are cut off when they do not read what others send them, and cost those others nothing", async () => {
    const gateway = await openGateway({ send_buffer: "256KiB" });
    server.answering = "forward";
    const sleepy = await openPeer(gateway, "127.0.1.1");
    sleepy.write(register("sleepy"));
    await once(sleepy, "data");
    sleepy.pause();
    const bob = stack.use(
      await SipClient.signOn({ name: "bob", transport: "tcp", gateway: gateway.at("tcp") }),
    );
    const alice = await openWitness(gateway);
    const stop = new AbortController();
    const served = keepSending(alice, stop.signal);
    const flooder = await openWitness(gateway);
    const text = "Read this, please. ".repeat(3000);
    const before = await peakMemoryOf(gateway);
    let sent = 0;
    await waitUntil(
      "the end of the connection",
      async () => {
        for (let n = 0; n < 40; n += 1) {
          sent += 1;
          void flooder.sends("sip:sleepy@example.test", text).catch(() => undefined);
          await delay(10);
        }
        const { transport } = await statsOf(gateway);
        return (transport?.["closedBySendBuffer"] ?? 0) > 0;
      },
      30_000,
    );
    stop.abort();
    const { statuses, p99Ms } = await served;
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(p99Ms).toBeLessThan(MOST_P99_MS);
    expect(bob.unread.length).toBe(statuses.length);
    expect(sent).toBeLessThan(1000);
    expect((await peakMemoryOf(gateway)) - before).toBeLessThan(200 * 1024 * 1024);
  });
});

function register(name: string): string {
  const lines = [
    "REGISTER sip:example.test SIP/2.0",
    `Via: SIP/2.0/TCP 127.0.1.1:5060;branch=z9hG4bK${name};rport`,
    "Max-Forwards: 70",
    `From: <sip:${name}@example.test>;tag=1`,
    `To: <sip:${name}@example.test>`,
    `Call-ID: ${name}`,
    "CSeq: 1 REGISTER",
    `Contact: <sip:${name}@127.0.1.1:5060;transport=tcp>`,
    "Expires: 600",
    "Supported: path",
    "Content-Length: 0",
  ];
  return `${lines.join("\r\n")}\r\n\r\n`;
}
