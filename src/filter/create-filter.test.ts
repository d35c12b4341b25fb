import { hash } from "node:crypto";
import { deflateSync, gzipSync } from "node:zlib";
import { beforeEach, describe, expect, it } from "vitest";
import { createManualClock, type ManualClock } from "../../test/support/manual-clock.ts";
import { createMemoryJournal, type MemoryJournal } from "../../test/support/memory-journal.ts";
import { messageRequest, parsedBytes, parsedRequest } from "../../test/support/parsed-request.ts";
import type { ScanFacts } from "../policy/facts.ts";
import type { RequestContext, RequestOutcome, TransactionEnd } from "../proxy/seams.ts";
import { SipResponse, type SipRequest } from "../wire/sip/message.ts";
import { parseDatagram } from "../wire/sip/parse-message.ts";
import { applySplices } from "../wire/sip/splice.ts";
import type { Filter } from "./create-filter.ts";
import { ALICE, filterOf, policyOf } from "./filter-setup.test-data.ts";

const RULES = {
  version: 1,
  lists: { bad: { type: "extension", items: ["exe"] } },
  templates: { off: { en: "[off {incident.short}]" } },
  rules: [
    {
      id: "no-programs",
      title: "No programs",
      when: { url: { path_extension: { in_list: "bad" } } },
      then: { block: { reason: "Link not permitted" } },
    },
    {
      id: "disarm",
      when: { url: { zone: "internet" } },
      then: {
        rewrite: { links: { prefix: "_" } },
        notice: { template: "off", position: "prepend" },
      },
    },
    { id: "no-files", on: "session", when: { file: { extension: ["exe"] } }, then: "block" },
    {
      id: "no-msrp",
      when: { media: { has: ["msrp"] } },
      then: { block: { reason: "No such media" } },
    },
  ],
};

const CLIENT: RequestContext = { ...ALICE, sourceAddress: "192.0.2.1" };
const SERVER: RequestContext = { ...CLIENT, side: "server", authenticatedAor: undefined };
const ANSWERED: TransactionEnd = { status: 200, cause: "answered" };

let clock: ManualClock;
let journal: MemoryJournal;
let scan: ScanFacts;
let onScan: (withinMs: number, sender: string) => void;
let filter: Filter;

beforeEach(() => {
  clock = createManualClock();
  journal = createMemoryJournal();
  scan = { verdict: "clean", engine: "test", name: "", reason: "" };
  onScan = () => undefined;
  const policy = policyOf(RULES);
  filter = filterOf({
    journal,
    clock,
    policy: () => policy,
    scan(_, withinMs, sender) {
      onScan(withinMs, sender);
      return scan;
    },
    settings: { maxFileBytes: undefined, attachmentScanMs: 17_000 },
  });
});

async function ask(request: SipRequest, context = CLIENT): Promise<RequestOutcome> {
  return filter.onRequest(request, context, new AbortController().signal);
}

function answerWith(method: string, type: string, body: string): SipResponse {
  const head = [
    "SIP/2.0 200 OK",
    "Via: SIP/2.0/TCP 192.0.2.1:5060",
    "From: <sip:alice@example.com>;tag=a1",
    "To: <sip:bob@example.com>;tag=b",
    "Call-ID: late",
    `CSeq: 1 ${method}`,
    `Content-Type: ${type}`,
    `Content-Length: ${body.length}`,
  ];
  const parsed = parseDatagram(Buffer.from(`${head.join("\r\n")}\r\n\r\n${body}`), {
    maxHeadBytes: 10_000,
    maxHeaderCount: 100,
    maxBodyBytes: 10_000,
  });
  if (!parsed.ok || !(parsed.value instanceof SipResponse)) throw new Error("not a response");
  return parsed.value;
}

/** What goes out towards the server. */
async function forwarded(request: SipRequest, context = CLIENT): Promise<SipRequest> {
  const outcome = await ask(request, context);
  if (outcome.kind !== "forward") throw new Error(`refused with ${outcome.status}`);
  const edits = [...outcome.splices, ...(outcome.towardsServer ?? [])];
  return parsedBytes(applySplices(request.bytes, edits));
}

describe("createFilter", () => {
  it("forwards plain text byte for byte but for its mark, and notes it when it is over", async () => {
    const request = messageRequest("hello bob");
    const outcome = await ask(request);
    expect(outcome.kind).toBe("forward");
    const out = await forwarded(request);
    expect(out.bytes.toString().replace(/Sluice-Mark: \S+\r\n/, "")).toBe(request.bytes.toString());
    expect(journal.allowedEvents).toEqual([]);
    outcome.onEnd?.(ANSWERED);
    expect(journal.allowedEvents).toMatchObject([{ callId: "call-1@example.com", status: 200 }]);
  });

  it("lets a body that came encoded leave decoded, known by its mark and otherwise as it was", async () => {
    const extra = ["e: deflate", "X-Odd:   a ,b  "];
    const out = await forwarded(messageRequest(deflateSync("hello bob"), { extra }));
    const plain = messageRequest("hello bob", { extra: extra.slice(1) });
    expect(out.bytes.toString().replace(/Sluice-Mark: \S+\r\n/, "")).toBe(plain.bytes.toString());
    expect(await ask(out, SERVER)).toEqual({ kind: "forward", splices: [] });
  });

  it("refuses an encoded body under credentials that cover it", async () => {
    const extra = ["Content-Encoding: gzip", "Proxy-Authorization: Digest qop=auth-int"];
    const outcome = await ask(messageRequest(gzipSync("hello bob"), { extra }));
    expect(outcome).toMatchObject({ kind: "reply", status: 415 });
    expect(JSON.stringify(outcome)).toContain("could not be understood");
    expect(journal.drafts).toMatchObject([{ action: "block", rule: "parse_problem" }]);
  });

  it("makes a wrong length within message/cpim right, but not under credentials that cover it", async () => {
    const cpim = (length: number): string =>
      `From: <sip:a@x>\r\n\r\nContent-Type: text/plain\r\nContent-Length: ${length}\r\n\r\nhello`;
    const type = "message/cpim";
    const out = await forwarded(messageRequest(cpim(12), { type }));
    expect(out.body.toString()).toBe(cpim(5));
    expect(await ask(out, SERVER)).toEqual({ kind: "forward", splices: [] });
    const extra = ["Proxy-Authorization: Digest qop=auth-int"];
    const sealed = await ask(messageRequest(cpim(12), { type, extra }));
    expect(sealed).toMatchObject({ kind: "reply", status: 400 });
    expect(journal.drafts).toMatchObject([{ action: "block", rule: "parse_problem" }]);
  });

  it("refuses to send a client to a page of the web, and lets a call be transferred", async () => {
    const refer = (target: string): SipRequest =>
      parsedRequest([
        "REFER sip:bob@example.com SIP/2.0",
        "Via: SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bKtest1",
        'From: "Alice" <sip:alice@example.com>;tag=a1',
        "To: <sip:bob@example.com>;tag=b1",
        "Call-ID: call-1@example.com",
        "CSeq: 7 REFER",
        `Refer-To: <${target}>`,
      ]);
    expect(await ask(refer("sip:carol@example.com"))).toEqual({ kind: "forward", splices: [] });
    expect(journal.drafts).toEqual([]);
    expect(await ask(refer("http://evil.example/x"))).toMatchObject({ kind: "reply", status: 403 });
    expect(journal.drafts).toMatchObject([{ action: "block", rule: "disarm" }]);
  });

  it("answers plain text at once, without a promise", () => {
    const outcome = filter.onRequest(messageRequest("hello"), CLIENT, new AbortController().signal);
    expect(outcome).not.toBeInstanceOf(Promise);
  });

  it("disarms a link, commits before it forwards, and settles when the message has arrived", async () => {
    const request = messageRequest("see http://evil.example/x");
    const outcome = await ask(request);
    expect(journal.drafts).toMatchObject([
      { action: "rewrite", rule: "disarm", urls: ["hxxp://evil[.]example/x"], answer: undefined },
    ]);
    if (outcome.kind !== "forward") throw new Error("refused");
    const out = parsedBytes(applySplices(request.bytes, outcome.splices));
    expect(out.body.toString()).toBe("[off INC-00000001]\nsee _http://evil.example/x");
    expect(journal.settled).toEqual([]);
    outcome.onEnd?.(ANSWERED);
    expect(journal.settled).toMatchObject([{ delivery: "delivered", status: 200 }]);
  });

  it("refuses a link to a program with the incident in the answer, recorded before", async () => {
    const outcome = await ask(messageRequest("http://x.example/setup.EXE?v=1"));
    expect(outcome).toMatchObject({ kind: "reply", status: 403 });
    expect(JSON.stringify(outcome)).toContain("Ref INC-00000001");
    expect(journal.drafts).toMatchObject([
      { action: "block", rule: "no-programs", answer: { status: 403 } },
    ]);
    expect(journal.drafts[0]?.trace.length).toBeGreaterThan(0);
  });

  it("throws, and so fails closed, when the journal cannot keep the incident", async () => {
    journal.fail = new Error("disk full");
    await expect(ask(messageRequest("http://x.example/"))).rejects.toThrow("disk full");
  });

  it("lets its own judged message pass when the server sends it back, and judges everything else", async () => {
    const sent = await forwarded(messageRequest("see http://evil.example/x"));
    expect(await ask(sent, SERVER)).toEqual({ kind: "forward", splices: [] });
    expect(journal.drafts).toHaveLength(1);
    const unmarked = messageRequest("see http://evil.example/x");
    expect((await forwarded(unmarked, SERVER)).body.toString()).toContain("_http://");
  });

  it("does not believe a mark that a client brings", async () => {
    const replayed = await forwarded(messageRequest("http://evil.example/"));
    const tampered = parsedBytes(
      Buffer.from(replayed.bytes.toString().replace("_http", "  http"), "utf8"),
    );
    const outcome = await ask(tampered, CLIENT);
    expect(outcome.kind === "forward" && outcome.splices.length).toBeGreaterThan(0);
  });

  it("records one action once when the server asks for credentials in between", async () => {
    const first = await ask(messageRequest("http://evil.example/"));
    first.onEnd?.({ status: 407, cause: "answered" });
    expect(journal.settled).toEqual([]);
    const retry = await ask(
      messageRequest("http://evil.example/", { extra: ["Proxy-Authorization: Digest x"] }),
    );
    retry.onEnd?.(ANSWERED);
    expect(journal.drafts).toHaveLength(1);
    expect(journal.settled).toMatchObject([{ delivery: "delivered" }]);
  });

  it("writes one line for an allowed message that was challenged, and one for a challenge without a retry", async () => {
    const first = await ask(messageRequest("hello"));
    first.onEnd?.({ status: 401, cause: "answered" });
    const second = await ask(messageRequest("hello"));
    second.onEnd?.(ANSWERED);
    expect(journal.allowedEvents).toMatchObject([{ status: 200 }]);
    const lonely = await ask(messageRequest("never again"));
    lonely.onEnd?.({ status: 407, cause: "answered" });
    clock.advance(70_000);
    expect(journal.allowedEvents).toMatchObject([
      { status: 200 },
      { status: 407, delivery: "refused" },
    ]);
  });

  it("counts the text of an INVITE and the same text as MESSAGE as one action", async () => {
    const body = Buffer.from("http://evil.example/").toString("base64");
    const lines = [
      "Via: SIP/2.0/TCP 192.0.2.1:5060",
      "From: <sip:alice@example.com>;tag=a1",
      "To: <sip:bob@example.com>",
      "Call-ID: call-1@example.com",
    ];
    await ask(
      parsedRequest([
        "INVITE sip:bob@example.com SIP/2.0",
        ...lines,
        "CSeq: 1 INVITE",
        `ms-text-format: text/plain; charset=UTF-8;ms-body=${body}`,
      ]),
    );
    const inSession = messageRequest("http://evil.example/").bytes.toString();
    const again = inSession
      .replace("sip:bob@example.com SIP", "sip:bob@192.0.2.2:5060 SIP")
      .replace("To: <sip:bob@example.com>", "To: <sip:bob@example.com>;tag=b1");
    await ask(parsedBytes(Buffer.from(again)));
    expect(journal.drafts).toHaveLength(1);
    await ask(parsedBytes(Buffer.from(again.replace("CSeq: 7", "CSeq: 8"))));
    expect(journal.drafts).toHaveLength(2);
  });

  it("puts what strangers send into one aggregate for each rule", async () => {
    const stranger = { ...CLIENT, authenticatedAor: undefined };
    await ask(messageRequest("http://a.example/1.exe"), stranger);
    await ask(
      messageRequest("http://b.example/2.exe", { from: "<sip:eve@x.example>;tag=2" }),
      stranger,
    );
    expect(new Set(journal.drafts.map((draft) => draft.id)).size).toBe(1);
  });

  it("makes ten thousand forged senders one incident and a few records, and tells none of them by notice", async () => {
    const stranger = { ...CLIENT, authenticatedAor: undefined };
    for (let n = 0; n < 10_000; n += 1) {
      const from = `<sip:user${n}@example.com>;tag=${n}`;
      const outcome = await ask(messageRequest("http://a.example/1.exe", { from }), stranger);
      expect(outcome).toMatchObject({ kind: "reply", status: 403 });
    }
    clock.advance(1000);
    expect(journal.drafts).toHaveLength(11);
    expect(new Set(journal.drafts.map((draft) => draft.id)).size).toBe(1);
    const counted = journal.drafts.reduce((sum, { repeats = 0 }) => sum + 1 + repeats, 0);
    expect(counted).toBe(10_000);
    expect(journal.drafts.every((draft) => draft.quarantine === undefined)).toBe(true);
    expect(clock.scheduledCalls).toBe(0);
  });

  it("answers no stranger before the incident is on disk, and none at all when it cannot be", async () => {
    const stranger = { ...CLIENT, authenticatedAor: undefined };
    journal.fail = new Error("disk full");
    for (let n = 0; n < 12; n += 1) {
      await expect(ask(messageRequest(`http://a.example/${n}.exe`), stranger)).rejects.toThrow(
        "disk",
      );
    }
  });

  it("writes what was only counted when the gateway stops", async () => {
    const stranger = { ...CLIENT, authenticatedAor: undefined };
    for (let n = 0; n < 15; n += 1)
      await ask(messageRequest(`http://a.example/${n}.exe`), stranger);
    filter.close();
    expect(journal.drafts.at(-1)).toMatchObject({ repeats: 4 });
  });

  it("refuses an attachment by name before it is scanned, and by its scan after", async () => {
    const named = ['Content-Disposition: attachment; filename="a.exe"'];
    const type = "application/octet-stream";
    expect(await ask(messageRequest("MZ", { type, extra: named }))).toMatchObject({ status: 403 });
    scan = { verdict: "infected", engine: "test", name: "Eicar", reason: "" };
    expect((await ask(messageRequest("data", { type }))).kind).toBe("reply");
    expect(journal.drafts.at(-1)).toMatchObject({ action: "quarantine", rule: "on_infected" });
    scan = { verdict: "error", engine: "test", name: "", reason: "down" };
    expect((await ask(messageRequest("other", { type }))).kind).toBe("reply");
    expect(journal.drafts.at(-1)).toMatchObject({ action: "block", rule: "on_error" });
    scan = { verdict: "clean", engine: "test", name: "", reason: "" };
    expect((await ask(messageRequest("fine", { type }))).kind).toBe("forward");
  });

  describe("a file inside a message that was released for its receiver", () => {
    const type = "application/octet-stream";
    const named = ['Content-Disposition: attachment; filename="a.exe"'];
    const releases = (bytes: string, receiver = "sip:bob@example.com"): void => {
      journal.waivers.set(`${hash("sha256", bytes)} ${receiver}`, "INC-RELEASED");
    };

    it("passes once, whatever rules say of its name and its scan", async () => {
      scan = { verdict: "infected", engine: "test", name: "Eicar", reason: "" };
      for (const extra of [[], named]) {
        releases("data");
        const passed = await ask(messageRequest("data", { type, extra }));
        if (passed.kind !== "forward") throw new Error("refused");
        passed.onEnd?.(ANSWERED);
        expect(journal.endedWaivers.at(-1)).toMatchObject({ delivered: true });
        expect((await ask(messageRequest("data", { type, extra }))).kind).toBe("reply");
      }
      expect(journal.endedWaivers).toHaveLength(2);
    });

    it("gives its release back when the message does not arrive", async () => {
      scan = { verdict: "infected", engine: "test", name: "Eicar", reason: "" };
      releases("data");
      const passed = await ask(messageRequest("data", { type }));
      if (passed.kind !== "forward") throw new Error("refused");
      passed.onEnd?.({ status: 407, cause: "answered" });
      expect(journal.endedWaivers).toMatchObject([{ delivered: false }]);
    });

    it("gives its release back when the message is given up while its record is written", async () => {
      releases("data");
      const givesUp = new AbortController();
      journal.commit = async () => givesUp.abort();
      const text = "--b\r\nContent-Type: text/plain\r\n\r\nhttp://evil.example/x\r\n";
      const file = "--b\r\nContent-Type: application/x-a; name=a.exe\r\n\r\ndata\r\n--b--\r\n";
      const message = messageRequest(`${text}${file}`, { type: "multipart/mixed;boundary=b" });
      await expect(filter.onRequest(message, CLIENT, givesUp.signal)).rejects.toMatchObject({
        name: "AbortError",
      });
      expect(journal.waivers.size).toBe(0);
      expect(journal.endedWaivers).toMatchObject([{ delivered: false }]);
    });

    it("does not help the text beside it, nor other bytes, nor another receiver", async () => {
      scan = { verdict: "infected", engine: "test", name: "Eicar", reason: "" };
      releases("data");
      const part = "--b\r\nContent-Type: application/x-a; name=a\r\n\r\ndata\r\n--b--\r\n";
      const text = "--b\r\nContent-Type: text/plain\r\n\r\nhttp://evil.example/a.exe\r\n";
      const mixed = `${text}${part}`;
      const both = await ask(messageRequest(mixed, { type: "multipart/mixed;boundary=b" }));
      expect([both.kind, journal.waivers.size]).toEqual(["reply", 1]);
      const entry = '<entry uri="sip:carol@example.com"/>';
      const list = `<resource-lists><list>${entry}</list></resource-lists>`;
      const listType = "Content-Type: application/resource-lists+xml";
      const head = `--b\r\n${listType}\r\nContent-Disposition: recipient-list\r\n\r\n${list}\r\n`;
      const program = part.replace("name=a", "name=a.exe");
      scan = { verdict: "clean", engine: "test", name: "", reason: "" };
      const toTwo = await ask(
        messageRequest(`${head}${program}`, { type: "multipart/mixed;boundary=b" }),
      );
      expect(toTwo.kind).toBe("reply");
      expect(journal.endedWaivers).toMatchObject([{ delivered: false }]);
      scan = { verdict: "infected", engine: "test", name: "Eicar", reason: "" };
      journal.waivers.clear();
      releases("data", "sip:carol@example.com");
      releases("Data");
      expect((await ask(messageRequest("data", { type }))).kind).toBe("reply");
      expect(journal.waivers.size).toBe(2);
      expect(journal.endedWaivers.filter(({ delivered }) => delivered)).toEqual([]);
    });
  });

  it("writes of what it lets pass what was said of the files in it", async () => {
    scan = { verdict: "clean", engine: "test", name: "", reason: "" };
    const type = "application/octet-stream";
    const passed = await ask(messageRequest("fine", { type }));
    if (passed.kind !== "forward") throw new Error("forwarded");
    passed.onEnd?.(ANSWERED);
    expect(journal.allowedEvents.at(-1)).toMatchObject({
      scan: [{ engine: "test", result: "clean" }],
    });
  });

  it("gives the attachments of one message so long together", async () => {
    const part = (n: number) => `--b\r\nContent-Type: application/x-a;name=a\r\n\r\nx${n}\r\n`;
    const type = "multipart/mixed;boundary=b";
    const given: number[] = [];
    onScan = (withinMs, sender) => {
      expect(sender).toBe("sip:alice@example.com");
      given.push(withinMs);
      clock.advance(9000);
    };
    await ask(messageRequest(`${[1, 2, 3].map(part).join("")}--b--\r\n`, { type }));
    expect(given).toEqual([17_000, 8000, 0]);
  });

  it("scans each content of a message once, all in the time of one, also where a release is looked for", async () => {
    const part = (text: string) => `--b\r\nContent-Type: application/x-a;name=a\r\n\r\n${text}\r\n`;
    const type = "multipart/mixed;boundary=b";
    const times: number[] = [];
    scan = { verdict: "error", engine: "test", name: "", reason: "timeout" };
    onScan = (withinMs) => {
      times.push(withinMs);
      clock.advance(15_000);
    };
    const body = `${["one", "two", "one"].map(part).join("")}--b--\r\n`;
    expect((await ask(messageRequest(body, { type }))).kind).toBe("reply");
    expect(times).toEqual([17_000, 2000]);
  });

  it("scans no further for a request that was given up, and records nothing of it", async () => {
    const part = (n: number) => `--b\r\nContent-Type: application/x-a;name=a\r\n\r\nx${n}\r\n`;
    const type = "multipart/mixed;boundary=b";
    const given = new AbortController();
    let scans = 0;
    scan = { verdict: "infected", engine: "test", name: "Eicar", reason: "" };
    onScan = () => {
      scans += 1;
      if (scans === 2) given.abort();
    };
    const request = messageRequest(`${[1, 2, 3, 4, 5].map(part).join("")}--b--\r\n`, { type });
    await expect(filter.onRequest(request, CLIENT, given.signal)).rejects.toThrow("aborted");
    expect(scans).toBe(2);
    expect(journal.drafts).toEqual([]);
  });

  it("records a link without the number of a card that stands in it", async () => {
    const link = "http://pay.evil.example/4111111111111111/a.exe?iban=DE89370400440532013000";
    await ask(messageRequest(link));
    const record = JSON.stringify(journal.drafts[0]);
    expect(record).toContain("hxxp://pay[.]evil[.]example/411111******1111/a.exe");
    expect(record).not.toContain("4111111111111111");
    expect(record).not.toContain("DE89370400440532013000");
  });

  it("refuses what cannot be read without doubt, and says so in the record only", async () => {
    const outcome = await ask(messageRequest("x", { type: "text/plain;charset=x-secret" }));
    expect(outcome).toMatchObject({ kind: "reply", status: 415 });
    expect(JSON.stringify(outcome)).not.toContain("x-secret");
    expect(journal.drafts).toMatchObject([{ rule: "parse_problem", action: "block" }]);
  });

  describe("media that a late offer brings in a response", () => {
    const invite = (given: { tag?: string; uri?: string } = {}): SipRequest =>
      parsedRequest([
        `INVITE ${given.uri ?? "sip:bob@example.com"} SIP/2.0`,
        "Via: SIP/2.0/TCP 192.0.2.1:5060",
        `From: <sip:alice@example.com>;tag=${given.tag ?? "a1"}`,
        "To: <sip:bob@example.com>",
        "Call-ID: late",
        "CSeq: 1 INVITE",
      ]);
    const sdp = [
      "v=0",
      "o=- 0 0 IN IP4 192.0.2.9",
      "s=-",
      "c=IN IP4 192.0.2.9",
      "t=0 0",
      "m=audio 4000 RTP/AVP 0",
      "m=message 2855 TCP/MSRP *",
      "",
    ].join("\r\n");
    const response = answerWith("INVITE", "application/sdp", sdp);

    it("are closed", () => {
      const splices = filter.onResponse(response, invite(), CLIENT);
      const out = applySplices(response.bytes, splices).toString();
      expect(out).toContain("m=message 0 TCP/MSRP *");
      expect(out).toContain("m=audio 4000 RTP/AVP 0");
      expect(out).toContain(`Content-Length: ${sdp.length - 3}`);
      filter.onResponse(response, invite(), CLIENT);
      expect(journal.drafts).toMatchObject([{ type: "session", rule: "no-msrp", action: "block" }]);
    });

    it("are the line of their session, and of no other with the same Call-ID", async () => {
      const others = [invite({ tag: "a2" }), invite({ uri: "sip:eve@example.com" })];
      const [call, ...rest] = await Promise.all([invite(), ...others].map((one) => ask(one)));
      filter.onResponse(response, invite(), CLIENT);
      call?.onEnd?.(ANSWERED);
      expect(journal.allowedEvents).toEqual([]);
      for (const outcome of rest) outcome.onEnd?.(ANSWERED);
      expect(journal.allowedEvents).toHaveLength(2);
      for (const other of others) filter.onResponse(response, other, CLIENT);
      expect(journal.drafts).toHaveLength(3);
    });
  });

  it.each([
    ["text/plain", "", 0],
    ["multipart/mixed;boundary=b", "", 0],
    ["application/ms-imdn+xml", "hello", 5],
  ])("takes %s out of the answer to a MESSAGE, if a client would show it", (type, body, length) => {
    const response = answerWith("MESSAGE", type, "hello");
    const splices = filter.onResponse(response, messageRequest("hi"), CLIENT);
    const out = applySplices(response.bytes, splices).toString();
    expect(out.split("\r\n\r\n")[1]).toBe(body);
    expect(out).toContain(`Content-Length: ${length}`);
  });

  it("records the same text sent again, to whomever, as a decision of its own", async () => {
    const bytes = messageRequest("http://a.example/1.exe").bytes.toString();
    const other = bytes.replace("sip:bob@example.com SIP", "sip:eve@example.com SIP");
    for (const sent of [bytes, other, bytes]) await ask(parsedBytes(Buffer.from(sent)));
    expect(journal.drafts.map((draft) => [draft.id, draft.to[0]])).toEqual([
      ["INC-00000001", "sip:bob@example.com"],
      ["INC-00000002", "sip:eve@example.com"],
      ["INC-00000001", "sip:bob@example.com"],
    ]);
  });

  it.each(["NOTIFY", "REFER", "PUBLISH", "OPTIONS", "BYE", "MESSAGEX", "INFO"])(
    "judges a text that travels in %s",
    async (method) => {
      const bytes = messageRequest("http://a.example/1.exe").bytes.toString();
      const request = parsedBytes(Buffer.from(bytes.replaceAll("MESSAGE", method)));
      expect((await ask(request)).kind).toBe("reply");
    },
  );

  it("leaves presence documents and the progress of transfers alone", async () => {
    const bytes = messageRequest("http://a.example/1.exe", { type: "application/pidf+xml" }).bytes;
    const request = parsedBytes(Buffer.from(bytes.toString().replaceAll("MESSAGE", "NOTIFY")));
    expect(await ask(request)).toEqual({ kind: "forward", splices: [] });
  });
});
