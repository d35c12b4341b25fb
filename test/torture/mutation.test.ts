import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { beforeAll, describe, expect, it } from "vitest";
import { canonicalSplices } from "../../src/wire/sip/canonical.ts";
import { createSipFramer } from "../../src/wire/sip/framer.ts";
import { parseDatagram, type SipLimits } from "../../src/wire/sip/parse-message.ts";
import { applySplices } from "../../src/wire/sip/splice.ts";
import { createProxyRig } from "../support/proxy-rig.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { smuggledPairs } from "../support/smuggled-pairs.ts";
import { readTortureFiles } from "../support/torture-file.ts";
import { sized } from "../support/torture-size.ts";

/** HARDENING P2 and P3. */
const INPUTS = sized(50_000, 1_000_000);
const CUTS = sized(20_000, 2_000_000);
/** In CI up to so many bytes lie between one cut of a stream and the next; at full size it is cut at every byte. */
const MOST_APART = sized(40, 1);
/** Share of the bits that noise turns over, as zzuf does. */
const NOISE = { least: 0.0005, most: 0.02 };
/** A heap takes its room in its first 200,000 inputs (some 100 MB, whatever stays in it): growth is what comes after. */
const WARM_UP = sized(250_000, 500_000);
const MOST_MS = 50;
const MOST_GROWTH = 50 * 1024 * 1024;
/** What stays after a collection says more than what the process took: 40 bytes an input in CI. */
const MOST_KEPT = 2 * 1024 * 1024;
const SEED = Number(process.env["SLUICE_TORTURE_SEED"] ?? 20261127);
const LIMITS: SipLimits = { maxHeadBytes: 65_536, maxHeaderCount: 200, maxBodyBytes: 2_097_152 };

/** What a byte of a message becomes: often one that means something. */
const TELLING = Buffer.from('\r\n \t\0:;,<>"\\=@%/[]()0159aAsSvVlL?&+-\x7f\x80\xff', "latin1");

const CORPUS: readonly Buffer[] = [
  ...readTortureFiles(join(import.meta.dirname, "sip")).map((file) => file.bytes("udp")),
  ...smuggledPairs()
    .filter((_, i) => i % 7 === 0)
    .map((pair) => pair.bytes("udp")),
];

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** A message of the corpus with a few bytes changed, taken out or doubled, or the lines of two of them mixed. */
function mutate(random: () => number): Buffer {
  const pick = (count: number): number => Math.floor(random() * count);
  const base = Buffer.from(CORPUS[pick(CORPUS.length)] ?? Buffer.alloc(1));
  if (pick(4) === 0) return splicedLines(base, CORPUS[pick(CORPUS.length)] ?? base, pick);
  if (pick(4) === 0) return noisy(base, random);
  for (let n = pick(8); n >= 0; n -= 1) {
    const telling = TELLING[pick(TELLING.length)] ?? 0;
    base[pick(base.length)] = pick(2) === 0 ? telling : pick(256);
  }
  const from = pick(base.length);
  const to = from + pick(12);
  const kind = pick(4);
  if (kind === 0) return Buffer.concat([base.subarray(0, from), base.subarray(to)]);
  if (kind === 1) return Buffer.concat([base.subarray(0, to), base.subarray(from)]);
  return base;
}

/** Turns bits over; the gaps between them are drawn, which costs less than a draw for every bit. */
function noisy(bytes: Buffer, random: () => number): Buffer {
  const ratio = NOISE.least + random() * (NOISE.most - NOISE.least);
  const gap = (): number => 1 + Math.floor(Math.log(1 - random()) / Math.log(1 - ratio));
  for (let bit = gap() - 1; bit < bytes.length * 8; bit += gap()) {
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  }
  return bytes;
}

function splicedLines(a: Buffer, b: Buffer, pick: (count: number) => number): Buffer {
  const lines = a.toString("latin1").split("\r\n");
  const others = b.toString("latin1").split("\r\n");
  for (let n = pick(4); n >= 0; n -= 1) {
    lines.splice(pick(lines.length), pick(2), others[pick(others.length)] ?? "");
  }
  return Buffer.from(lines.join("\r\n"), "latin1");
}

describe(`mutated messages (seed ${SEED})`, () => {
  const rig = createProxyRig();

  beforeAll(() => {
    const random = seededRandom(SEED - 1);
    for (let n = 0; n < WARM_UP; n += 1) {
      handle(mutate(random), n);
      if (n % 5000 === 0) settle();
    }
    rig.clock.advance(300_000);
  });

  /** What was waited for is over, and what nobody holds is gone. */
  function settle(): void {
    rig.clock.advance(300_000);
    collect();
  }

  /** All that one datagram causes: reading, the canonical form, the proxy with its refusals and transactions. */
  function handle(bytes: Buffer, n: number): void {
    const parsed = parseDatagram(bytes, LIMITS);
    if (!parsed.ok) {
      const { problem } = parsed;
      rig.problem(n & 127, problem);
      return;
    }
    const canonical = parseDatagram(
      applySplices(parsed.value.bytes, canonicalSplices(parsed.value)),
      LIMITS,
    );
    if (!canonical.ok || !canonical.value.body.equals(parsed.value.body)) {
      throw new Error("the canonical form is another message");
    }
    rig.fromClient(n & 127, bytes);
  }

  it(`cause no exception, no long pause and no growth: ${INPUTS} of them`, () => {
    const random = seededRandom(SEED);
    collect();
    const before = process.memoryUsage().heapUsed;
    const peakBefore = process.resourceUsage().maxRSS;
    const slow: string[] = [];
    for (let n = 0; n < INPUTS; n += 1) {
      const bytes = mutate(random);
      const startedAt = performance.now();
      try {
        handle(bytes, n);
      } catch (error) {
        throw new Error(`input ${n}: ${JSON.stringify(bytes.toString("latin1"))}`, {
          cause: error,
        });
      }
      // A pause may be the collector's, or another process's: only one that comes again is the input's.
      if (performance.now() - startedAt > MOST_MS && timeOf(bytes, n) > MOST_MS) {
        slow.push(JSON.stringify(bytes.toString("latin1")));
      }
      if (n % 5000 === 0) settle();
    }
    settle();
    expect(slow).toEqual([]);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(MOST_KEPT);
    // The highest so far, of a process that collects as often now as it did before: what is no leak comes back each time.
    expect((process.resourceUsage().maxRSS - peakBefore) * 1024).toBeLessThan(MOST_GROWTH);
    expect(rig.proxy.unfinished).toBe(0);
    expect(rig.warnings).toEqual([]);
  });

  function timeOf(bytes: Buffer, n: number): number {
    const startedAt = performance.now();
    handle(bytes, n);
    return performance.now() - startedAt;
  }

  it("are framed the same wherever the stream is cut in two", () => {
    const random = seededRandom(SEED + 1);
    let cuts = 0;
    const wrong: string[] = [];
    while (cuts < CUTS) {
      const bytes = Buffer.concat([mutate(random), CORPUS[0] ?? Buffer.alloc(0)]);
      const uncut = createSipFramer(LIMITS);
      const whole = told(uncut.push(bytes), uncut);
      for (let at = 1; at < bytes.length; at += 1 + Math.floor(random() * MOST_APART)) {
        const framer = createSipFramer(LIMITS);
        const first = framer.push(Buffer.from(bytes.subarray(0, at)));
        const rest = framer.push(Buffer.from(bytes.subarray(at)));
        if (told([...first, ...rest], framer) !== whole) {
          wrong.push(`cut at ${at}: ${JSON.stringify(bytes.toString("latin1"))}`);
        }
        cuts += 1;
      }
    }
    expect(wrong).toEqual([]);
  });
});

type Framer = ReturnType<typeof createSipFramer>;

/** Messages, their order, and how much waits for the bytes to come. */
function told(frames: ReturnType<Framer["push"]>, framer: Framer): string {
  const lines = frames.map((frame) => {
    if (frame.kind === "message") return frame.message.bytes.toString("latin1");
    return frame.kind === "ping" ? "ping" : `${frame.problem.code} ${frame.fatal}`;
  });
  return [...lines, `${framer.bufferedBytes} ${framer.midMessage}`].join("\n");
}
