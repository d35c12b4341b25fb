/**
 * One MESSAGE and its answer on their way through codec, proxy, filter, rules and event log, without a socket:
 *
 *   npx node bench/message-path.ts [udp|tcp] [MESSAGES]        default: udp 200000
 *
 * Prints CPU µs for one message and its answer, batch by batch, beside the cost of making them up. For finding out where time goes
 * (run it with --cpu-prof) and whether a change helped; how fast the gateway is, compare.ts tells.
 */
import { fileURLToPath } from "node:url";
import { inlineTestSettings } from "../src/assembly/judge-settings.ts";
import { runInlineTest } from "../src/assembly/run-inline-test.ts";
import { systemClock } from "../src/base/clock.ts";
import { loadPolicy } from "../src/config/load-policy.ts";
import { createFilter } from "../src/filter/create-filter.ts";
import { recordingMeans } from "../src/filter/filter-kit.test-data.ts";
import { allowedLine } from "../src/journal/event-line.ts";
import { createContactAliases } from "../src/location/contact-aliases.ts";
import { createFlowTokens } from "../src/location/flow-tokens.ts";
import { createRegistrations } from "../src/location/registrations.ts";
import { createDomains } from "../src/policy/domains.ts";
import { createProxy } from "../src/proxy/proxy.ts";
import type { Endpoint, Flow, TransportName } from "../src/transport/flow.ts";
import { createSipFramer, type SipFrame } from "../src/wire/sip/framer.ts";
import { parseDatagram } from "../src/wire/sip/parse-message.ts";
import { createMemoryJournal } from "../test/support/memory-journal.ts";

const BATCH = 20_000;
const LIMITS = { maxHeadBytes: 65_536, maxHeaderCount: 200, maxBodyBytes: 2_097_152 };
const TEXT =
  "Could you look at the third quarter's report before the call? The final one, please, not the draft of Monday. See you at three.";
const transport: TransportName = process.argv[2] === "tcp" ? "tcp" : "udp";
const total = Number(process.argv[3] ?? "200000");

/** Takes what is sent and keeps the last of it. */
class Sink implements Flow {
  readonly id: string;
  readonly transport: TransportName = transport;
  readonly reliable: boolean = transport === "tcp";
  readonly encrypted = false;
  readonly open = true;
  readonly congested = false;
  readonly outgoing: boolean;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  last: Buffer = Buffer.alloc(0);
  count = 0;

  constructor(local: Endpoint, remote: Endpoint, outgoing: boolean) {
    this.id = `${transport}/${local.address}:${local.port}/${remote.address}:${remote.port}`;
    this.local = local;
    this.remote = remote;
    this.outgoing = outgoing;
  }

  send(bytes: Buffer): boolean {
    this.last = bytes;
    this.count += 1;
    return true;
  }

  close(): void {
    // Nothing to close.
  }
}

const client = new Sink(
  { address: "192.0.2.1", port: 5060 },
  { address: "192.0.2.10", port: 4000 },
  false,
);
const server = new Sink(
  { address: "192.0.2.1", port: 5061 },
  { address: "192.0.2.2", port: 5070 },
  transport === "tcp",
);

const loaded = loadPolicy(
  { rules: [fileURLToPath(new URL("../rules", import.meta.url))], domains: ["example.com"] },
  { generation: 1, judgeGiven: runInlineTest, now: Date.now() },
);
if (!loaded.ok) throw new Error("rules");
const { policy } = loaded.value;
let lines = 0;
const journal = {
  ...createMemoryJournal(),
  allowed: (event: Parameters<typeof allowedLine>[0]) => {
    lines += allowedLine(event).length;
  },
};
const filter = createFilter(
  {
    journal,
    clock: systemClock,
    policy: () => policy,
    scan: () => ({ verdict: "clean", engine: "none", name: "", reason: "" }),
    domains: createDomains(["example.com"]),
    onFailure(error) {
      throw error;
    },
    means: recordingMeans(),
  },
  {
    judge: inlineTestSettings([]),
    agent: "bench",
    markKey: Buffer.alloc(32, 1),
    maxFileBytes: undefined,
  },
);
const proxy = createProxy(
  {
    clock: systemClock,
    transport: { connect: () => server, flowById: () => undefined },
    seams: filter,
    contactAliases: createContactAliases(Buffer.alloc(32, 2), "bench"),
    flowTokens: createFlowTokens(Buffer.alloc(32, 2), "bench"),
    registrations: createRegistrations(),
    log: { warn: console.error },
  },
  {
    clientListeners: [{ transport, address: "192.0.2.1", port: 5060 }],
    serverListeners: [{ transport, address: "192.0.2.1", port: 5061 }],
    ownHosts: [],
    advertisedHost: (local) => local.address,
    upstream: [{ transport, remote: server.remote, host: "192.0.2.2" }],
    isServerSide: () => false,
    isTrusted: () => false,
    path: "always",
    answerWithinMs: 20_000,
    onFailure: "block",
    inFlight: 100_000,
  },
);

const clientFramer = createSipFramer(LIMITS);
const serverFramer = createSipFramer(LIMITS);

function read(bytes: Buffer, framer: ReturnType<typeof createSipFramer>): SipFrame {
  if (transport === "tcp") {
    const [frame] = framer.push(bytes);
    if (frame === undefined) throw new Error("no frame");
    return frame;
  }
  const parsed = parseDatagram(bytes, LIMITS);
  if (!parsed.ok) throw new Error(parsed.problem.code);
  return { kind: "message", message: parsed.value };
}

const VIA = `SIP/2.0/${transport.toUpperCase()} 192.0.2.10:4000`;

function makeRequest(n: number): Buffer {
  return Buffer.from(
    `MESSAGE sip:bob@example.com SIP/2.0\r\nVia: ${VIA};branch=z9hG4bK-${n}-1;rport\r\nMax-Forwards: 70\r\n` +
      `From: "Alice" <sip:alice@example.com>;tag=a${n}\r\nTo: <sip:bob@example.com>\r\nCall-ID: ${n}-7f3a9c@192.0.2.10\r\n` +
      `CSeq: 1 MESSAGE\r\nContent-Type: text/plain\r\nContent-Length: ${TEXT.length}\r\n\r\n${TEXT}`,
    "latin1",
  );
}

/** The server's 200, with the Vias of what it got. */
function makeAnswer(n: number, forwarded: Buffer): Buffer {
  const end = forwarded.indexOf("Max-Forwards");
  const start = forwarded.indexOf("Via:");
  return Buffer.from(
    `SIP/2.0 200 OK\r\n${forwarded.toString("latin1", start, end)}From: "Alice" <sip:alice@example.com>;tag=a${n}\r\n` +
      `To: <sip:bob@example.com>;tag=b${n}\r\nCall-ID: ${n}-7f3a9c@192.0.2.10\r\nCSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n`,
    "latin1",
  );
}

function cpuMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

let n = 0;
let example: Buffer = Buffer.alloc(0);
const passed: number[] = [];
for (let done = 0; done < total; done += BATCH) {
  const startMaking = cpuMicros();
  for (let i = 0; i < BATCH; i += 1) {
    makeRequest(i);
    if (example.length > 0) makeAnswer(i, example);
  }
  const making = cpuMicros() - startMaking;
  const start = cpuMicros();
  for (let i = 0; i < BATCH; i += 1) {
    n += 1;
    proxy.onFrame(client, read(makeRequest(n), clientFramer));
    proxy.onFrame(server, read(makeAnswer(n, server.last), serverFramer));
  }
  example = server.last;
  const each = (cpuMicros() - start - making) / BATCH;
  passed.push(each);
  console.log(`${each.toFixed(2)} µs a message (${(making / BATCH).toFixed(2)} to make it up)`);
  // Timers and garbage have their turn, as between datagrams.
  await new Promise((resolve) => setTimeout(resolve, 20));
}
passed.sort((a, b) => a - b);
console.log(
  `${transport}: best ${passed[0]?.toFixed(2)} µs, median ${passed[passed.length >> 1]?.toFixed(2)} µs; ${client.count} answers, ${lines} bytes of log`,
);
process.exitCode = client.count === n ? 0 : 1;
