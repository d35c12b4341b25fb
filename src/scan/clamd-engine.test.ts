import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../base/clock.ts";
import { ok } from "../base/result.ts";
import { FakeClamd, type ClamdFault } from "../../test/support/fake-clamd.ts";
import { createManualClock } from "../../test/support/manual-clock.ts";
import { waitUntil } from "../../test/support/wait-until.ts";
import type { ClamdClient } from "./clamd-client.ts";
import { scanByClamscan } from "./clamd-clamscan.ts";
import { createConnector } from "./engine-connection.ts";
import { createClamdEngine } from "./clamd-engine.ts";
import { scanByInstream } from "./clamd-instream.ts";
import { EngineSocket } from "./engine-socket.ts";
import { EICAR } from "../content/eicar.ts";
import { encryptedZip } from "./encrypted-zip.ts";
import { createMemorySource } from "./memory-source.ts";
import type { ScanEngine, ScanSource } from "./scan-engine.ts";
import type { ScanResult } from "./scan-result.ts";

const CLIENTS: readonly (readonly [string, ClamdClient])[] = [
  ["instream", scanByInstream],
  ["clamscan", scanByClamscan],
];

const MIB = 1024 * 1024;
const FILE = Buffer.alloc(3 * MIB, "harmless words ");

/** Zeros that need no memory. */
function bigSource(size: number): ScanSource {
  return {
    size,
    sha256: "",
    read: (buffer, position) => Math.min(buffer.length, size - position),
  };
}

function shortOf(result: ScanResult): string {
  return "reason" in result ? `${result.kind} ${result.reason}` : result.kind;
}

/** What a clamd may do with a stream, and what is made of it. */
const ANSWERS: readonly (readonly [ClamdFault, string])[] = [
  ["close-at-once", "error down"],
  [{ closeAfter: 1 }, "error down"],
  [{ closeAfter: 1_500_000 }, "error down"],
  [{ resetAfter: 1_500_000 }, "error down"],
  [{ reply: "" }, "error down"],
  [{ reply: "stre" }, "error bad-reply"],
  [{ reply: "stream: OK" }, "error bad-reply"],
  [{ reply: "stream: OK\0x" }, "error bad-reply"],
  [{ reply: "stream: OK\0stream: OK\0" }, "error bad-reply"],
  [{ reply: " stream: OK\0" }, "error bad-reply"],
  [{ reply: "stream: X FOUND\nstream: OK\n" }, "error bad-reply"],
  [{ reply: "stream2: OK\0" }, "error bad-reply"],
  [{ reply: "1: stream: OK\0" }, "error bad-reply"],
  [{ reply: "/etc/passwd: OK\0" }, "error bad-reply"],
  [{ reply: "\xff\xfe\0\0garbage" }, "error bad-reply"],
  [{ reply: "x".repeat(10 * MIB) }, "error bad-reply"],
  [{ reply: `stream: OK\0${" ".repeat(MIB)}` }, "error bad-reply"],
  [{ reply: "COMMAND READ TIMED OUT\n" }, "error bad-reply"],
  [{ reply: "UNKNOWN COMMAND\0" }, "error bad-reply"],
  [{ reply: "stream: Can't allocate memory ERROR\0" }, "error bad-reply"],
  [{ replyEarly: "stream: OK\0" }, "error bad-reply"],
  [{ replyEarly: "INSTREAM size limit exceeded. ERROR\n" }, "unscannable too-large"],
  [{ reply: "stream: Heuristics.Encrypted.7Zip FOUND\0" }, "unscannable encrypted"],
  [{ reply: "stream: PUA.Win.Tool FOUND\0" }, "suspicious"],
];

function beginning(fault: ClamdFault): string {
  return JSON.stringify(fault).slice(0, 60);
}

describe.each(CLIENTS)("clamd by %s", (_name, client) => {
  describe.each(["unix", "tcp"] as const)("over %s", (kind) => {
    let clamd: FakeClamd;
    let engine: ScanEngine;
    const never = new AbortController().signal;

    beforeEach(async () => {
      clamd = await FakeClamd.start(kind);
      const deps = { clock: systemClock, client };
      engine = createClamdEngine(deps, { address: clamd.address, required: true });
    });

    afterEach(async () => {
      await engine[Symbol.asyncDispose]();
      clamd.readAgain();
      await waitUntil("no socket to be left", () => clamd.openSockets === 0, 2000);
      await clamd[Symbol.asyncDispose]();
    });

    async function scanned(bytes: Uint8Array, signal: AbortSignal = never): Promise<ScanResult> {
      return engine.scan(createMemorySource(bytes), signal);
    }

    it("calls a clean file clean, and an infected one infected wherever the piece is", async () => {
      const edge = Buffer.alloc(2 * 128 * 1024, "x");
      expect(shortOf(await scanned(FILE))).toBe("clean");
      expect(await scanned(EICAR)).toMatchObject({
        kind: "infected",
        engine: "clamd",
        threat: "Eicar-Test-Signature",
      });
      for (const back of [0, 1, 34, 67, 68]) {
        EICAR.copy(edge.fill("x"), 128 * 1024 - back);
        expect(shortOf(await scanned(edge))).toBe("infected");
      }
    });

    it("sends every byte once", async () => {
      await scanned(FILE);
      const frames = Math.ceil(FILE.length / (128 * 1024)) + 1;
      expect(clamd.receivedBytes).toBe("zINSTREAM\0".length + FILE.length + 4 * frames);
    });

    it("decides an empty file without asking", async () => {
      clamd.fault = "close-at-once";
      expect(shortOf(await scanned(Buffer.alloc(0)))).toBe("clean");
      expect(clamd.connections).toBe(0);
    });

    it("reads the size error although it is still writing", async () => {
      clamd.maxStreamBytes = MIB;
      expect(shortOf(await scanned(FILE))).toBe("unscannable too-large");
    });

    // The title has no more than the beginning of an answer: one is 10 MiB.
    it.each(ANSWERS.map(([fault, expected]) => [beginning(fault), expected, fault] as const))(
      "answers %s with %s",
      async (_, expected, fault) => {
        clamd.fault = fault;
        expect(shortOf(await scanned(FILE))).toBe(expected);
      },
    );

    it("says down when nobody listens", async () => {
      await clamd.goAway();
      expect(shortOf(await scanned(FILE))).toBe("error down");
    });

    it.each<[ClamdFault]>([["silent"], ["never-reads"], [{ replyAndStay: "stream: OK\0" }]])(
      "ends at once when the signal aborts, with %j",
      async (fault) => {
        clamd.fault = fault;
        const stop = new AbortController();
        const result = engine.scan(bigSource(20 * MIB), stop.signal);
        await waitUntil("the scan to begin", () => clamd.openSockets === 1);
        stop.abort();
        expect(shortOf(await result)).toBe("error timeout");
      },
    );

    it("ends at once when the signal has aborted before", async () => {
      expect((await scanned(FILE, AbortSignal.abort())).kind).toBe("error");
      expect(clamd.streams).toBe(0);
    });

    it("blames nobody's file for a source that cannot be read", async () => {
      const read = (buffer: Buffer, position: number): number => {
        if (position > MIB) throw new Error("EIO");
        return buffer.length;
      };
      const throwing = { size: 2 * MIB, sha256: "", read };
      const short = { ...throwing, read: () => 0 };
      expect(shortOf(await engine.scan(throwing, never))).toBe("error down");
      expect(shortOf(await engine.scan(short, never))).toBe("error down");
    });

    it("takes no more memory for a large file than for a small one when clamd does not read", async () => {
      clamd.fault = "never-reads";
      const before = process.memoryUsage();
      let asked = 0;
      const endless = bigSource(400 * MIB);
      const counted: ScanSource = {
        ...endless,
        read(buffer, position) {
          asked += buffer.length;
          return endless.read(buffer, position);
        },
      };
      const stop = new AbortController();
      const result = engine.scan(counted, stop.signal);
      await waitUntil("the first bytes to be asked for", () => asked > 0);
      for (let turn = 0; turn < 300; turn += 1) {
        await new Promise<void>((resolve) => {
          setImmediate(resolve);
        });
      }
      const after = process.memoryUsage();
      stop.abort();
      await result;
      // what the sockets' own buffers take, on TCP up to some megabytes
      expect(asked).toBeLessThan(16 * MIB);
      expect(after.rss - before.rss).toBeLessThan(32 * MIB);
    });

    it("scans four files at once, lets others wait, and refuses when too many do", async () => {
      const few = createClamdEngine(
        { clock: systemClock, client },
        { address: clamd.address, required: true, maxWaiting: 2 },
      );
      clamd.fault = "silent";
      const stop = new AbortController();
      const sources = Array.from({ length: 7 }, () => createMemorySource(EICAR));
      const results = sources.map(async (source) => few.scan(source, stop.signal));
      expect(shortOf(await Promise.race(results))).toBe("error overloaded");
      await waitUntil("four streams", () => clamd.streams === 4);
      clamd.fault = "none";
      stop.abort();
      const kinds = (await Promise.all(results)).map(shortOf);
      expect(kinds.filter((kind) => kind === "error timeout")).toHaveLength(4);
      expect(kinds.filter((kind) => kind === "error overloaded")).toHaveLength(3);
      expect(clamd.peakOpenSockets).toBe(4);
      const after = sources.map(async (source) => few.scan(source, never));
      const found = (await Promise.all(after.slice(0, 6))).map(shortOf);
      expect(found).toEqual(Array.from({ length: 6 }, () => "infected"));
      await few[Symbol.asyncDispose]();
    });

    it("finds clamd at work, names its version, and warns of nothing", async () => {
      expect(await engine.probe(never)).toBeUndefined();
      expect(engine.version).toMatch(/^ClamAV 1\.4\.3 at /);
      expect(engine.warning).toBe("");
      expect(await engine.ping?.(never)).toEqual(ok("there"));
    });

    it("says which database clamd has loaded meanwhile", async () => {
      const clock = createManualClock();
      const watched = createClamdEngine(
        { clock, client },
        { address: clamd.address, required: true },
      );
      await watched.probe(never);
      clamd.version = "ClamAV 1.4.3/27500/Fri Nov 27 2026";
      clock.advance(29_000);
      await watched.ping?.(never);
      expect(watched.version).toMatch(/^ClamAV 1\.4\.3 at /);
      clock.advance(1000);
      await watched.ping?.(never);
      expect(watched.version).toMatch(/^ClamAV 1\.4\.3\/27500\/.* at /);
      await watched[Symbol.asyncDispose]();
    });

    it("is tried out anew with the signatures that it has loaded", async () => {
      const clock = createManualClock();
      const watched = createClamdEngine(
        { clock, client },
        { address: clamd.address, required: true },
      );
      await watched.probe(never);
      clamd.version = "ClamAV 1.4.3/27500/Fri Nov 27 2026";
      clamd.alertsLimits = false;
      clock.advance(30_000);
      expect(await watched.ping?.(never)).toMatchObject({
        problem: expect.stringContaining("set AlertExceedsMax in clamd.conf"),
      });
      await watched[Symbol.asyncDispose]();
    });

    it("tells no signature version that no probe has met, and is tried out at the next ping", async () => {
      clamd.version = "ClamAV 1.4.3/27500/Fri Nov 27 2026";
      await engine.probe(never);
      expect(await engine.signatureVersion?.(never)).toBe("ClamAV 1.4.3/27500/Fri Nov 27 2026");
      clamd.version = "ClamAV 1.4.3/27501/Sat Nov 28 2026";
      expect(await engine.signatureVersion?.(never)).toBeUndefined();
      expect(await engine.ping?.(never)).toEqual(ok("there"));
      expect(await engine.signatureVersion?.(never)).toBe("ClamAV 1.4.3/27501/Sat Nov 28 2026");
    });

    it("is not believed under signatures that it has just loaded before a probe has met them", async () => {
      clamd.version = "ClamAV 1.4.3/27500/Fri Nov 27 2026";
      await engine.probe(never);
      expect(shortOf(await scanned(FILE))).toBe("clean");
      clamd.version = "ClamAV 1.4.3/27501/Sat Nov 28 2026";
      clamd.alertsLimits = false;
      expect(shortOf(await scanned(FILE))).toBe("error down");
      expect(shortOf(await scanned(EICAR))).toBe("infected");
      clamd.alertsLimits = true;
      expect(shortOf(await scanned(FILE))).toBe("clean");
      expect(engine.version).toContain("/27501/");
    });

    it("costs one question for the signatures of many scans", async () => {
      clamd.version = "ClamAV 1.4.3/27500/Fri Nov 27 2026";
      await engine.probe(never);
      const before = clamd.connections;
      const all = Array.from({ length: 40 }, async () => scanned(Buffer.from("words")));
      expect(new Set((await Promise.all(all)).map(shortOf))).toEqual(new Set(["clean"]));
      expect(clamd.connections - before).toBeLessThan(40 + 40);
    });

    it("warns of signatures that are older than it is told, and says of when they are", async () => {
      const clock = createManualClock();
      const { address } = clamd;
      const signatureAgeMs = 7 * 86_400_000;
      const watched = createClamdEngine(
        { clock, client },
        { address, required: true, signatureAgeMs },
      );
      const careless = createClamdEngine({ clock, client }, { address, required: true });
      clamd.version = "ClamAV 1.4.3/27500/Thu Dec 25 00:00:00 2025";
      await watched.probe(never);
      expect(watched.signaturesAt).toBe(Date.UTC(2025, 11, 25));
      expect(watched.warning).toBe("");
      clock.advance(1000);
      expect(watched.warning).toBe(
        "has signatures of 2025-12-25, older than scan.signature_age: see that freshclam runs",
      );
      await careless.probe(never);
      clock.advance(1000 * 86_400_000);
      expect(careless.warning).toBe("");
      await careless[Symbol.asyncDispose]();
      await watched[Symbol.asyncDispose]();
    });

    it("calls no archive clean where clamd says nothing of encrypted ones, and warns", async () => {
      clamd.alertsEncrypted = false;
      expect(await engine.probe(never)).toBeUndefined();
      expect(engine.warning).toContain("set AlertEncrypted in clamd.conf");
      expect(shortOf(await scanned(encryptedZip()))).toBe("unscannable unknown-format");
      expect(shortOf(await scanned(Buffer.from("%PDF-1.7")))).toBe("unscannable unknown-format");
      expect(shortOf(await scanned(FILE))).toBe("clean");
      expect(shortOf(await scanned(EICAR))).toBe("infected");
      clamd.alertsEncrypted = true;
      expect(await engine.probe(never)).toBeUndefined();
      expect(engine.warning).toBe("");
      expect(shortOf(await scanned(Buffer.from("%PDF-1.7")))).toBe("clean");
    });

    it("fails the probe of a clamd that calls clean what it did not look at", async () => {
      clamd.alertsLimits = false;
      expect(await engine.probe(never)).toContain("set AlertExceedsMax in clamd.conf");
    });

    it.each<[ClamdFault, string]>([
      ["close-at-once", "gives no answer to PING"],
      [{ reply: "stream: OK\0" }, 'says "clean" of the EICAR test file'],
      [{ reply: "" }, 'says "error: down" of the EICAR test file'],
      [{ reply: "stream: All FOUND\0" }, 'says "infected" of harmless bytes'],
    ])("fails the probe of a clamd with %j", async (fault, words) => {
      clamd.fault = fault;
      expect(await engine.probe(never)).toContain(words);
    });

    it("fails the probe when clamd is not there or does not answer", async () => {
      clamd.fault = "silent";
      const stop = new AbortController();
      const problem = engine.probe(stop.signal);
      await waitUntil("the question", () => clamd.openSockets === 1);
      stop.abort();
      expect(await problem).toContain("does not answer PING in time");
      await clamd.goAway();
      expect(await engine.probe(never)).toContain("no connection");
      expect(await engine.ping?.(never)).toMatchObject({
        problem: expect.stringContaining("no connection"),
      });
    });

    it("ends what runs when it is disposed of", async () => {
      clamd.fault = "silent";
      const result = scanned(FILE);
      await waitUntil("the stream", () => clamd.streams === 1);
      await engine[Symbol.asyncDispose]();
      expect((await result).kind).toBe("error");
    });
  });

  it("takes no OK from a connection that is then reset, and prints nothing on the console", async () => {
    const said: unknown[] = [];
    const { error } = console;
    console.error = (...words: unknown[]): void => void said.push(words);
    try {
      await using clamd = await FakeClamd.start("tcp");
      const deps = { clock: systemClock, client };
      const engine = createClamdEngine(deps, { address: clamd.address, required: true });
      // who was cut off cannot know that nothing was to follow
      clamd.fault = { replyThenReset: "stream: OK\0" };
      const result = await engine.scan(createMemorySource(FILE), new AbortController().signal);
      expect(shortOf(result)).toBe("error bad-reply");
      clamd.fault = { replyThenReset: "stream: Eicar FOUND\0" };
      const found = await engine.scan(createMemorySource(FILE), new AbortController().signal);
      expect(shortOf(found)).toBe("infected");
    } finally {
      console.error = error;
    }
    expect(said).toEqual([]);
  });
});

describe("createConnector", () => {
  /** Refuses with EAGAIN so many times, as a unix socket with a full queue does. */
  function busyDial(times: number, path: string): () => EngineSocket {
    let left = times;
    return () => {
      left -= 1;
      const socket = new EngineSocket();
      if (left < 0) return socket.connect(path);
      return socket.destroy(Object.assign(new Error("connect EAGAIN"), { code: "EAGAIN" }));
    };
  }

  it("tries again while the queue of a unix socket is full", async () => {
    await using clamd = await FakeClamd.start();
    if (!("path" in clamd.address)) throw new Error("a unix socket");
    const dial = busyDial(3, clamd.address.path);
    const open = createConnector({ clock: systemClock, connect: dial }, clamd.address);
    const opened = await open(new AbortController().signal);
    expect(opened.ok).toBe(true);
    if (opened.ok) opened.value.destroy();
  });

  it("says overloaded when it stays full, and stops at once when aborted", async () => {
    const clock = createManualClock();
    const dial = busyDial(1000, "");
    const open = createConnector({ clock, connect: dial }, { path: "/x" });
    let done = false;
    const opened = open(new AbortController().signal).finally(() => {
      done = true;
    });
    await waitUntil("it to give up", () => {
      clock.advance(50);
      return done;
    });
    expect(await opened).toEqual({ ok: false, problem: "overloaded" });
    const stop = new AbortController();
    const stopped = open(stop.signal);
    await waitUntil("the first pause", () => clock.scheduledCalls === 1);
    stop.abort();
    expect(await stopped).toEqual({ ok: false, problem: "overloaded" });
    expect(clock.scheduledCalls).toBe(0);
  });
});
