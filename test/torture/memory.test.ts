import { readFileSync, writeFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { createProxyRig, type ProxyRig } from "../support/proxy-rig.ts";
import { sized } from "../support/torture-size.ts";

const COUNT = sized(4000, 100_000);
const CLIENTS = 200;
const WARM_UP = sized(1000, 20_000);
/** What a pending transaction may hold, its request included (HARDENING D4), and what one that has its answer. */
const MOST_PENDING = 4.5 * 1024;
const MOST_FINISHED = 3 * 1024;

/** What the collector may take for garbage alone; a small wave is not larger than that, a full one is. */
const NURSERY = sized(128, 0) * 1024 * 1024;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Bytes that are in use after a collection: objects, and buffers outside of the heap. */
function usedBytes(): number {
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** From now on the peak is counted anew (proc(5), clear_refs): else the first wave of all would stand for every later one. */
function forgetPeak(): void {
  writeFileSync("/proc/self/clear_refs", "5");
}

/** Memory of this process at its highest since then. */
function peakBytes(): number {
  const status = readFileSync("/proc/self/status", "utf8");
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) * 1024;
}

function request(method: string, number: number, toTag = ""): Buffer {
  const body = method === "MESSAGE" ? "Are you there? ".repeat(10) : "";
  return datagram(
    [
      `${method} sip:bob${number}@example.com SIP/2.0`,
      `Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK${method}${number};rport`,
      "Max-Forwards: 70",
      `From: <sip:alice${number}@example.com>;tag=a${number}`,
      `To: <sip:bob${number}@example.com>${toTag}`,
      `Call-ID: ${method === "ACK" ? "INVITE" : method}-${number}@192.0.2.1`,
      `CSeq: 1 ${method}`,
      ...(method === "MESSAGE" ? ["Content-Type: text/plain"] : []),
      `Content-Length: ${body.length}`,
      "",
      body,
    ].join("\r\n"),
  );
}

/** In memory of its own, as node:dgram gives it: a piece of the common pool would hold on to its neighbours. */
function datagram(text: string): Buffer {
  const bytes = Buffer.allocUnsafeSlow(text.length);
  bytes.write(text, "latin1");
  return bytes;
}

/** What the server says to a request that it got. */
function answer(got: Buffer, status: number): Buffer {
  const lines = got.toString("latin1").split("\r\n");
  const copied = lines.filter((line) => /^(via|from|call-id|cseq|record-route):/i.test(line));
  const to = lines.find((line) => line.startsWith("To:")) ?? "";
  const contact = "Contact: <sip:bob@10.9.0.5:5070>";
  const head = [`SIP/2.0 ${status} Said`, ...copied, `${to};tag=b`, contact, "Content-Length: 0"];
  return Buffer.from(`${head.join("\r\n")}\r\n\r\n`, "latin1");
}

/** One wave: what is sent, and what the server answers to each INVITE (0: nothing at all). */
interface Wave {
  readonly name: string;
  readonly method: "INVITE" | "MESSAGE";
  readonly status: number;
  readonly acknowledged: boolean;
  /** After which the last timer has run: F, B with C, H or M. */
  readonly overAfterMs: number;
}

const WAVES: readonly Wave[] = [
  {
    name: "MESSAGEs whose server never answers",
    method: "MESSAGE",
    status: 0,
    acknowledged: false,
    overAfterMs: 60_000,
  },
  {
    name: "INVITEs whose server never answers",
    method: "INVITE",
    status: 0,
    acknowledged: false,
    overAfterMs: 120_000,
  },
  {
    name: "INVITEs that ring for ever",
    method: "INVITE",
    status: 180,
    acknowledged: false,
    overAfterMs: 300_000,
  },
  {
    name: "refused INVITEs that nobody acknowledges",
    method: "INVITE",
    status: 486,
    acknowledged: false,
    overAfterMs: 120_000,
  },
  {
    name: "dialogs without a BYE",
    method: "INVITE",
    status: 200,
    acknowledged: true,
    overAfterMs: 120_000,
  },
];

function roll(rig: ProxyRig, wave: Wave, from: number): void {
  rig.onServerGot = (got) => {
    const isFirst = got.toString("latin1", 0, 7) === "INVITE ";
    if (wave.status > 0 && isFirst) rig.fromServer(answer(got, wave.status));
  };
  for (let n = from; n < from + COUNT; n += 1) {
    rig.fromClient(n % CLIENTS, request(wave.method, n));
    if (wave.acknowledged) rig.fromClient(n % CLIENTS, request("ACK", n, ";tag=b"));
  }
}

describe.each(WAVES)("$name", (wave) => {
  it("hold little each, and nothing when their timers have run, three times over", () => {
    const rig = createProxyRig();
    // Code is compiled and tables have their first size before anything is measured.
    for (let n = 0; n < 2; n += 1) warmUp(rig, wave, -WARM_UP * (n + 1));
    const atStart = usedBytes();
    const peaks: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      forgetPeak();
      roll(rig, wave, round * COUNT);
      expect(rig.clock.scheduledCalls).toBeGreaterThan(0);
      const pending = usedBytes();
      const most = wave.status >= 300 ? MOST_FINISHED : MOST_PENDING;
      expect((pending - atStart) / COUNT).toBeLessThan(most);
      rig.onServerGot = () => undefined;
      rig.clock.advance(wave.overAfterMs);
      expect(rig.proxy.unfinished).toBe(0);
      const after = usedBytes();
      peaks.push(peakBytes());
      console.log(
        `${wave.name}, ${COUNT}: ${((pending - atStart) / COUNT).toFixed(0)} B each, ` +
          `${(atStart / 1e6).toFixed(1)} -> ${(after / 1e6).toFixed(1)} MB, RSS ${((peaks.at(-1) ?? 0) / 1e6).toFixed(0)} MB`,
      );
      expect(after).toBeLessThan(atStart * 1.1);
      // No timer is left of them.
      expect(rig.clock.scheduledCalls).toBe(0);
    }
    const [first = 0, ...later] = peaks;
    for (const peak of later) expect(peak).toBeLessThan(first * 1.1 + NURSERY);
  });
});

function warmUp(rig: ProxyRig, wave: Wave, from: number): void {
  rig.onServerGot = (got) => {
    if (wave.status > 0 && got.toString("latin1", 0, 7) === "INVITE ") {
      rig.fromServer(answer(got, wave.status));
    }
  };
  for (let n = from; n < from + WARM_UP; n += 1) rig.fromClient(0, request(wave.method, n));
  rig.onServerGot = () => undefined;
  rig.clock.advance(wave.overAfterMs);
}
