import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeIcap, type IcapFault } from "../../test/support/fake-icap.ts";
import { createManualClock } from "../../test/support/manual-clock.ts";
import { waitUntil } from "../../test/support/wait-until.ts";
import { systemClock } from "../base/clock.ts";
import { EICAR } from "../content/eicar.ts";
import { encryptedZip } from "./encrypted-zip.ts";
import { createIcapEngine } from "./icap-engine.ts";
import { createMemorySource } from "./memory-source.ts";
import type { ScanEngine, ScanSource } from "./scan-engine.ts";
import type { ScanResult } from "./scan-result.ts";

const MIB = 1024 * 1024;
const FILE = Buffer.alloc(300_000, "harmless words ");
const SMALL = Buffer.from("harmless words");
const never = new AbortController().signal;

function shortOf(result: ScanResult): string {
  if ("threat" in result) return `${result.kind} ${result.threat}`;
  return "reason" in result ? `${result.kind} ${result.reason}` : result.kind;
}

function bigSource(size: number): ScanSource {
  return {
    size,
    sha256: "",
    read: (buffer, position) => Math.min(buffer.length, size - position),
  };
}

const HTTP_OK = "HTTP/1.1 200 OK\r\n\r\n";
const HTTP_NO = "HTTP/1.1 403 Forbidden\r\n\r\n";

/** A 200 with these encapsulated heads and these chunks. */
function given(http: string, chunks: string, fields = ""): string {
  return `ICAP/1.0 200 OK\r\nISTag: T1\r\n${fields}Encapsulated: res-hdr=0, res-body=${http.length}\r\n\r\n${http}${chunks}`;
}

const SAME = `e\r\n${SMALL.toString("latin1")}\r\n0\r\n\r\n`;

/** What a server may say of the 14 bytes of SMALL, and what is made of it. */
const ANSWERS: readonly (readonly [string, IcapFault, string])[] = [
  ["a 204", { reply: "ICAP/1.0 204 No Content\r\nISTag: T1\r\n\r\n" }, "clean"],
  [
    "a 204 with an empty body",
    { reply: "ICAP/1.0 204 x\r\nISTag: T1\r\nEncapsulated: null-body=0\r\n\r\n" },
    "clean",
  ],
  ["the same bytes", { reply: given(HTTP_OK, SAME) }, "clean"],
  [
    "the same bytes in two chunks",
    { reply: given(HTTP_OK, "4\r\nharm\r\nA\r\nless words\r\n0\r\n\r\n") },
    "clean",
  ],
  ["a 204 without an ISTag", { reply: "ICAP/1.0 204 No Content\r\n\r\n" }, "error bad-reply"],
  ["a closed door", "close-at-once", "error down"],
  ["nothing", { reply: "" }, "error down"],
  ["half a file taken", { closeAfter: 1 }, "error down"],
  ["half a line", { reply: "ICAP/1.0 204" }, "error bad-reply"],
  [
    "a 204 without its end",
    { reply: "ICAP/1.0 204 No Content\r\nISTag: T1\r\n" },
    "error bad-reply",
  ],
  ["a 204 with bare LF", { reply: "ICAP/1.0 204 No Content\n\n" }, "error bad-reply"],
  ["a 204 and more", { reply: "ICAP/1.0 204 No Content\r\nISTag: T1\r\n\r\nx" }, "error bad-reply"],
  [
    "two 204",
    { reply: "ICAP/1.0 204 OK\r\nISTag: T1\r\n\r\nICAP/1.0 204 OK\r\nISTag: T1\r\n\r\n" },
    "error bad-reply",
  ],
  [
    "a 204 with a body",
    { reply: `ICAP/1.0 204 OK\r\nISTag: T1\r\nEncapsulated: res-body=0\r\n\r\n${SAME}` },
    "error bad-reply",
  ],
  ["a blank before it", { reply: " ICAP/1.0 204 OK\r\nISTag: T1\r\n\r\n" }, "error bad-reply"],
  ["HTTP", { reply: "HTTP/1.1 204 No Content\r\n\r\n" }, "error bad-reply"],
  ["another version", { reply: "ICAP/1.1 204 No Content\r\n\r\n" }, "error bad-reply"],
  ["a status of four figures", { reply: "ICAP/1.0 2040 No Content\r\n\r\n" }, "error bad-reply"],
  [
    "a field without a name",
    { reply: "ICAP/1.0 204 OK\r\nISTag: T1\r\n: x\r\n\r\n" },
    "error bad-reply",
  ],
  ["100 Continue twice", { reply: "ICAP/1.0 100 Continue\r\n\r\n" }, "error bad-reply"],
  ["201", { reply: "ICAP/1.0 201 Created\r\n\r\n" }, "error bad-reply"],
  ["206", { reply: given(HTTP_OK, SAME).replace("200 OK", "206 Partial") }, "error bad-reply"],
  ["400", { reply: "ICAP/1.0 400 Bad request\r\n\r\n" }, "error bad-reply"],
  [
    "404",
    { reply: "ICAP/1.0 404 Service not found\r\nConnection: close\r\n\r\n" },
    "error bad-reply",
  ],
  ["500", { reply: "ICAP/1.0 500 Server error\r\n\r\n" }, "error bad-reply"],
  ["503", { reply: "ICAP/1.0 503 Service overloaded\r\n\r\n" }, "error overloaded"],
  [
    "500 for a password",
    { reply: "ICAP/1.0 500 Server error\r\nX-Error-Code: password_protected\r\n\r\n" },
    "unscannable encrypted",
  ],
  [
    "500 for too many layers",
    { reply: "ICAP/1.0 500 Server error\r\nX-Error-Code: max_archive_layers_exceeded\r\n\r\n" },
    "unscannable too-deep",
  ],
  [
    "500 for what cannot be decoded",
    { reply: "ICAP/1.0 500 Server error\r\nX-Error-Code: DECODE_ERROR\r\n\r\n" },
    "unscannable corrupt",
  ],
  [
    "500 for another reason",
    { reply: "ICAP/1.0 500 Server error\r\nX-Error-Code: internal_error\r\n\r\n" },
    "error bad-reply",
  ],
  [
    "204 for a password",
    { reply: "ICAP/1.0 204 OK\r\nISTag: T1\r\nX-Error-Code: password_protected\r\n\r\n" },
    "unscannable encrypted",
  ],
  [
    "a name, and a password",
    {
      reply: given(HTTP_NO, SAME, "X-Virus-ID: Eicar\r\nX-Error-Code: password_protected\r\n"),
    },
    "infected Eicar",
  ],
  [
    "a 200 that encapsulates nothing",
    { reply: "ICAP/1.0 200 OK\r\nISTag: T1\r\n\r\n" },
    "error bad-reply",
  ],
  ["the same bytes, cut", { reply: given(HTTP_OK, SAME.slice(0, -2)) }, "error bad-reply"],
  ["the same bytes and more behind", { reply: `${given(HTTP_OK, SAME)}x` }, "error bad-reply"],
  [
    "bytes counted wrong",
    { reply: given(HTTP_OK, SAME.replace("e\r\n", "d\r\n")) },
    "error bad-reply",
  ],
  [
    "a size below zero",
    { reply: given(HTTP_OK, SAME.replace("e\r\n", "-e\r\n")) },
    "error bad-reply",
  ],
  [
    "a chunk extension",
    { reply: given(HTTP_OK, SAME.replace("e\r\n", "e;x=y\r\n")) },
    "error bad-reply",
  ],
  [
    "use-original-body",
    { reply: given(HTTP_OK, "0; use-original-body=0\r\n\r\n") },
    "error bad-reply",
  ],
  [
    "offsets that go back",
    { reply: given(HTTP_OK, SAME).replace("res-hdr=0", "res-hdr=9") },
    "error bad-reply",
  ],
  [
    "two fields Encapsulated",
    { reply: given(HTTP_OK, SAME, "Encapsulated: null-body=0\r\n") },
    "error bad-reply",
  ],
  [
    "an offset beyond the head",
    { reply: given(HTTP_OK, SAME).replace(/res-body=\d+/, "res-body=21") },
    "error bad-reply",
  ],
  [
    "a head that never ends",
    { reply: `ICAP/1.0 204 OK\r\nISTag: T1\r\nX: ${"x".repeat(20_000)}` },
    "error bad-reply",
  ],
  ["ten megabytes of nothing", { reply: "x".repeat(10 * MIB) }, "error bad-reply"],
  ["other bytes", { reply: given(HTTP_OK, "1\r\nx\r\n0\r\n\r\n") }, "infected modified"],
  ["fewer bytes", { reply: given(HTTP_OK, "4\r\nharm\r\n0\r\n\r\n") }, "infected modified"],
  [
    "more bytes",
    { reply: given(HTTP_OK, `${SAME.slice(0, -5)}1\r\nx\r\n0\r\n\r\n`) },
    "infected modified",
  ],
  [
    "no bytes",
    {
      reply: `ICAP/1.0 200 OK\r\nISTag: T1\r\nEncapsulated: res-hdr=0, null-body=${HTTP_OK.length}\r\n\r\n${HTTP_OK}`,
    },
    "infected modified",
  ],
  ["a page that says no", { reply: given(HTTP_NO, SAME) }, "infected modified"],
  [
    "a name",
    { reply: given(HTTP_NO, SAME, "X-Infection-Found: Type=0; Resolution=2; Threat=Eicar;\r\n") },
    "infected Eicar",
  ],
  [
    "a name and the same bytes",
    { reply: given(HTTP_OK, SAME, "X-Virus-ID: Eicar\r\n") },
    "infected Eicar",
  ],
  [
    "a name with 204",
    { reply: "ICAP/1.0 204 OK\r\nISTag: T1\r\nX-Virus-ID: Eicar\r\n\r\n" },
    "infected Eicar",
  ],
  [
    "a name with 403",
    { reply: "ICAP/1.0 403 Forbidden\r\nX-Virus-ID: Eicar\r\n\r\n" },
    "infected Eicar",
  ],
  [
    "a name, and then cut",
    { reply: given(HTTP_NO, "", "X-Virus-ID: Eicar\r\n") },
    "infected Eicar",
  ],
  [
    "a name among the encapsulated fields",
    { reply: given("HTTP/1.1 200 OK\r\nX-Virus-ID: Eicar\r\n\r\n", SAME) },
    "infected Eicar",
  ],
  [
    "violations in folded lines",
    { reply: given(HTTP_NO, SAME, "X-Violations-Found: 1\r\n\t-\r\n\tEicar\r\n\t0\r\n\t0\r\n") },
    "infected Eicar",
  ],
  [
    "no violations",
    { reply: "ICAP/1.0 204 OK\r\nISTag: T1\r\nX-Violations-Found: 0\r\n\r\n" },
    "clean",
  ],
  [
    "encrypted",
    {
      reply:
        "ICAP/1.0 200 OK\r\nISTag: T1\r\nX-Virus-ID: Heuristics.Encrypted.Zip\r\nEncapsulated: null-body=0\r\n\r\n",
    },
    "unscannable encrypted",
  ],
  [
    "204 to the preview",
    { afterPreview: "ICAP/1.0 204 No Content\r\nISTag: T1\r\n\r\n" },
    "unscannable partial",
  ],
  [
    "a finding in the preview",
    { afterPreview: given(HTTP_NO, SAME, "X-Virus-ID: Eicar\r\n") },
    "infected Eicar",
  ],
  ["400 to the preview", { afterPreview: "ICAP/1.0 400 Bad\r\n\r\n" }, "error bad-reply"],
  [
    "continue and 204 at once",
    { afterPreview: "ICAP/1.0 100 Continue\r\n\r\nICAP/1.0 204 OK\r\nISTag: T1\r\n\r\n" },
    "unscannable partial",
  ],
];

describe("an ICAP server", () => {
  let icap: FakeIcap;
  let engine: ScanEngine;

  beforeEach(async () => {
    icap = await FakeIcap.start();
    engine = createIcapEngine({ clock: systemClock }, { address: icap.address, required: true });
  });

  afterEach(async () => {
    await engine[Symbol.asyncDispose]();
    icap.readAgain();
    await waitUntil("no socket to be left", () => icap.openSockets === 0, 2000);
    await icap[Symbol.asyncDispose]();
  });

  async function probed(): Promise<void> {
    const problem = await engine.probe(never);
    if (problem !== undefined) throw new Error(problem);
  }

  async function scanned(bytes: Uint8Array, signal: AbortSignal = never): Promise<string> {
    return shortOf(await engine.scan(createMemorySource(bytes), signal));
  }

  describe.each([1024, undefined, 0])("that wants a preview of %s", (preview) => {
    beforeEach(async () => {
      icap.preview = preview;
      await probed();
    });

    it("tells clean from infected, wherever the piece is", async () => {
      expect(await scanned(FILE)).toBe("clean");
      expect(await scanned(Buffer.from("x"))).toBe("clean");
      expect(await scanned(EICAR)).toBe("infected Eicar-Test-Signature");
      const edges = [1024, 64 * 1024, 1024 + 64 * 1024, 2 * 64 * 1024];
      for (const edge of edges) {
        for (const back of [0, 1, 34, 67, 68]) {
          const bytes = Buffer.alloc(200_000, "x");
          EICAR.copy(bytes, edge - back);
          expect(await scanned(bytes)).toBe("infected Eicar-Test-Signature");
        }
      }
    });

    it("is sent every byte once, under a name that tells nothing", async () => {
      await scanned(FILE);
      expect(icap.last?.body.equals(FILE)).toBe(true);
      expect(icap.last?.head).not.toMatch(/X-Client|X-Auth/);
      expect(icap.last?.http).toMatch(/^GET http:\/\/sluice\.invalid\/[0-9a-f]{64} HTTP\/1\.1\r\n/);
      expect(icap.last?.http).toContain(`\r\nContent-Length: ${FILE.length}\r\n`);
    });

    it("may give back what it does not mind", async () => {
      icap.says204 = false;
      expect(await scanned(FILE)).toBe("clean");
    });
  });

  describe("that has been probed", () => {
    beforeEach(async () => probed());

    it.each(ANSWERS)("answers %s", async (_, fault, expected) => {
      icap.hangUp();
      icap.fault = fault;
      expect(await scanned(SMALL)).toBe(expected);
    });

    it.each<[string, IcapFault]>([
      ["unscannable partial", { replyEarly: "ICAP/1.0 204 OK\r\nISTag: T1\r\n\r\n", after: 2000 }],
      ["infected Eicar", { replyEarly: given(HTTP_NO, "", "X-Virus-ID: Eicar\r\n"), after: 2000 }],
      ["infected modified", { replyEarly: given(HTTP_OK, "1\r\nx\r\n"), after: 2000 }],
      ["error bad-reply", { replyEarly: "ICAP/1.0 500 Error\r\n\r\n", after: 2000 }],
      ["error bad-reply", { replyEarly: "nonsense\r\n\r\n", after: 2000 }],
    ])("says %s of an answer in the middle of a file, and sends no more", async (said, fault) => {
      icap.fault = fault;
      expect(shortOf(await engine.scan(bigSource(200 * MIB), never))).toBe(said);
      expect(icap.files).toBe(5);
    });

    it("decides an empty file without asking", async () => {
      icap.fault = "close-at-once";
      expect(await scanned(Buffer.alloc(0))).toBe("clean");
    });

    it("says down when nobody listens", async () => {
      await icap.goAway();
      expect(await scanned(SMALL)).toBe("error down");
    });

    it("keeps its connection, and opens another where that has been closed", async () => {
      const before = icap.connections;
      expect(await scanned(SMALL)).toBe("clean");
      expect(await scanned(SMALL)).toBe("clean");
      expect(icap.connections).toBe(before);
      icap.hangUp();
      expect(await scanned(SMALL)).toBe("clean");
      expect(icap.connections).toBe(before + 1);
    });

    it("does not take for an answer what came before the question", async () => {
      icap.fault = {
        replyAndStay: "ICAP/1.0 204 OK\r\nISTag: T1\r\n\r\nICAP/1.0 204 OK\r\nISTag: T1\r\n\r\n",
      };
      expect(await scanned(SMALL)).toBe("error bad-reply");
      icap.fault = "none";
      expect(await scanned(EICAR)).toBe("infected Eicar-Test-Signature");
    });

    it.each<[IcapFault]>([
      ["silent"],
      ["never-reads"],
      [{ replyAndStay: "ICAP/1.0 204 OK\r\nISTag: T1\r\n" }],
      [{ replyAndStay: given(HTTP_OK, SAME.slice(0, -2)) }],
    ])("ends at once when the signal aborts, with %j", async (fault) => {
      icap.hangUp();
      icap.fault = fault;
      const stop = new AbortController();
      const result = scanned(SMALL, stop.signal);
      await waitUntil("the scan to begin", () => icap.openSockets === 1);
      stop.abort();
      expect(await result).toMatch(/^error (?:timeout|down)$/);
    });

    it("opens four connections for many scans, and lets the others wait", async () => {
      const before = icap.openSockets;
      const all = Array.from({ length: 40 }, async () => scanned(FILE));
      expect(new Set(await Promise.all(all))).toEqual(new Set(["clean"]));
      expect(icap.peakOpenSockets).toBeLessThanOrEqual(Math.max(4, before));
    });

    it("is tried out anew before it is believed under another ISTag", async () => {
      icap.tag = "T2";
      icap.findsEicar = false;
      expect(await scanned(SMALL)).toBe("error down");
      expect(await scanned(SMALL)).toBe("error down");
      icap.findsEicar = true;
      expect(await engine.probe(never)).toBeUndefined();
      expect(engine.version).toContain("ISTag T2");
      expect(await scanned(SMALL)).toBe("clean");
    });

    it("is not believed under another ISTag where it cannot be tried out", async () => {
      icap.tag = "T2";
      icap.findsEicar = false;
      icap.optionsReply = "ICAP/1.0 503 Service overloaded\r\n\r\n";
      expect(await scanned(SMALL)).toBe("error bad-reply");
    });

    it.each(["T2", "", "with a blank", "x".repeat(101)])(
      "is not believed under an ISTag that no probe has met: %s",
      async (tag) => {
        icap.cleanTag = tag;
        expect(await scanned(SMALL)).toBe("error bad-reply");
        expect(await scanned(EICAR)).toBe("infected Eicar-Test-Signature");
        icap.cleanTag = undefined;
        expect(await scanned(SMALL)).toBe("clean");
      },
    );

    it("names the new ISTag once a ping has met it", async () => {
      icap.tag = "T2";
      expect(await engine.ping?.(never)).toEqual({ ok: true, value: "there" });
      expect(engine.version).toBe(
        `Fake antivirus, ISTag T2, at icap://127.0.0.1:${icap.address.port}/avscan`,
      );
      icap.tag = "T3";
      icap.findsEicar = false;
      const answer = await engine.ping?.(never);
      expect(answer).toMatchObject({ ok: false });
      expect(JSON.stringify(answer)).toContain("of the EICAR test file");
    });

    it("is asked for its signature version over one connection, however often", async () => {
      const before = icap.connections;
      const asked = Array.from({ length: 30 }, async () => engine.signatureVersion?.(never));
      expect(new Set(await Promise.all(asked))).toEqual(new Set(["T1"]));
      expect(icap.connections).toBe(before);
      icap.hangUp();
      expect(await engine.signatureVersion?.(never)).toBe("T1");
      icap.tag = "T2";
      expect(await engine.signatureVersion?.(never)).toBeUndefined();
    });

    it("is busy, not gone, when it says 503", async () => {
      icap.optionsReply = "ICAP/1.0 503 Service overloaded\r\n\r\n";
      expect(await engine.ping?.(never)).toEqual({ ok: true, value: "busy" });
    });
  });

  it("gives up after its own timeout", async () => {
    const clock = createManualClock();
    await using slow = createIcapEngine(
      { clock },
      { address: icap.address, required: true, timeoutMs: 500 },
    );
    expect(await slow.probe(never)).toBeUndefined();
    icap.fault = "silent";
    const before = icap.files;
    const result = slow.scan(createMemorySource(SMALL), never);
    await waitUntil("the file to arrive", () => icap.files > before);
    clock.advance(500);
    expect(shortOf(await result)).toBe("error timeout");
  });

  it("takes no more connections than the server allows", async () => {
    icap.maxConnections = 2;
    expect(await engine.probe(never)).toBeUndefined();
    icap.peakOpenSockets = 0;
    await Promise.all(Array.from({ length: 10 }, async () => scanned(FILE)));
    expect(icap.peakOpenSockets).toBeLessThanOrEqual(2);
  });

  it("speaks REQMOD to a service that knows nothing else", async () => {
    icap.methods = "REQMOD";
    expect(await engine.probe(never)).toBeUndefined();
    expect(await scanned(FILE)).toBe("clean");
    expect(icap.last?.http).toMatch(/^POST http:\/\/sluice\.invalid\//);
    icap.says204 = false;
    expect(await scanned(FILE)).toBe("clean");
    expect(await scanned(EICAR)).toBe("infected Eicar-Test-Signature");
  });

  it("is sent EICAR in pieces, and an empty file as a preview that is all", async () => {
    icap.findsEicar = false;
    expect(await engine.probe(never)).toContain('says "clean" of the EICAR test file');
    expect(icap.last?.chunks).toEqual([17, 17, 17, 16, 1]);
    icap.findsEicar = true;
    icap.findsEmpty = true;
    expect(await engine.probe(never)).toContain("of an empty file");
    expect(icap.last).toMatchObject({ ieof: true, chunks: [] });
  });

  it.each<[string, (fake: FakeIcap) => void]>([
    ["gives no answer to OPTIONS", (fake) => (fake.fault = "close-at-once")],
    ["gives no answer to OPTIONS", (fake) => (fake.optionsReply = "hello\r\n\r\n")],
    [
      "answers OPTIONS with 404",
      (fake) => (fake.optionsReply = "ICAP/1.0 404 Service not found\r\n\r\n"),
    ],
    ["takes no more requests (503)", (fake) => (fake.optionsReply = "ICAP/1.0 503 x\r\n\r\n")],
    ["offers neither RESPMOD nor REQMOD", (fake) => (fake.methods = "LOG")],
    ["names no ISTag", (fake) => (fake.tag = "")],
    ['says "clean" of an archive that nobody unpacks', (fake) => (fake.reportsDeep = false)],
    [
      'says "unscannable: partial" of the EICAR test file',
      (fake) => (fake.fault = { afterPreview: "ICAP/1.0 204 OK\r\nISTag: T1\r\n\r\n" }),
    ],
  ])("does not pass the probe, and says why: %s", async (why, spoil) => {
    spoil(icap);
    const problem = await engine.probe(never);
    expect(problem).toContain(why);
    expect(await scanned(SMALL)).toBe("error down");
  });

  it("takes no archive for clean from a server that calls encrypted ones clean", async () => {
    icap.reportsEncrypted = false;
    expect(await engine.probe(never)).toBeUndefined();
    expect(engine.warning).toContain("encrypted archives clean");
    expect(await scanned(encryptedZip())).toBe("unscannable unknown-format");
    expect(await scanned(SMALL)).toBe("clean");
  });
});
