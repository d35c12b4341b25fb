import { gzipSync } from "node:zlib";
import { beforeEach, describe, expect, it } from "vitest";
import { createManualClock, type ManualClock } from "../../test/support/manual-clock.ts";
import { createMemoryJournal, type MemoryJournal } from "../../test/support/memory-journal.ts";
import { parsedBytes, parsedRequest } from "../../test/support/parsed-request.ts";
import type { RequestContext, RequestOutcome, TransactionEnd } from "../proxy/seams.ts";
import type { ReceivedEvent, TransferEnd } from "../relay/relay.ts";
import type { ScanResult } from "../scan/scan-result.ts";
import { applySplices } from "../wire/sip/splice.ts";
import type { Filter } from "./create-filter.ts";
import { recordingMeans, type RecordingMeans } from "./filter-kit.test-data.ts";
import { ALICE, BOB, filterOf, policyOf } from "./filter-setup.test-data.ts";
import { ACCEPT, ADDRESS, cancelOf, INVITE, KEYS } from "./invitations.test-data.ts";

const RULES = {
  version: 1,
  templates: { virus: { en: "{file.name} was stopped: {scan.name}. Ref {incident.short}" } },
  rules: [
    {
      id: "nothing-for-carol",
      on: "file",
      when: { to: { user: "carol" } },
      then: "block",
    },
    {
      id: "no-documents",
      on: "file",
      when: { file: { extension: ["doc"] } },
      then: { block: {}, replace: "Gone: {incident.short}" },
    },
    { id: "no-programs", on: "session", when: { file: { extension: ["exe"] } }, then: "block" },
    {
      id: "infected",
      when: { scan: { verdict: ["infected"] } },
      then: { quarantine: { keep: "30d", release: "four-eyes" }, notify: { sender: "virus" } },
    },
  ],
};
let clock: ManualClock;
let journal: MemoryJournal;
let means: RecordingMeans;
let filter: Filter;
let failures: unknown[] = [];
let cseq = 0;

beforeEach(() => {
  clock = createManualClock();
  journal = createMemoryJournal();
  means = recordingMeans();
  cseq = 0;
  failures = [];
  const policy = policyOf(RULES);
  filter = filterOf({
    journal,
    clock,
    means,
    policy: () => policy,
    onFailure: (error) => failures.push(error),
    judge: {
      inspect: { linksPerMessage: 10, mimeDepth: 3, attachmentBytes: 1000, textBytes: 10_000 },
    },
  });
});

type Party = "alice" | "bob";

interface Sent {
  readonly outcome: RequestOutcome;
  /** What goes on to the other peer; undefined when refused. */
  readonly body: string | undefined;
}

/** One message in alice's and bob's dialog. */
async function sends(
  from: Party,
  lines: readonly string[],
  changes: {
    readonly tag?: string;
    readonly context?: RequestContext;
    readonly to?: string;
    readonly as?: string;
    readonly scheme?: "sips";
    readonly end?: TransactionEnd;
    readonly gzip?: boolean;
  } = {},
): Promise<Sent> {
  cseq += 1;
  const to = changes.to ?? (from === "alice" ? "bob" : "alice");
  const tags = { alice: "aa11", bob: "bb22" };
  const text = `${lines.join("\r\n")}\r\n`;
  const request = parsedRequest(
    [
      `MESSAGE sip:${to}@192.0.2.77:5061 SIP/2.0`,
      `Via: SIP/2.0/TCP 192.0.2.10:5061;branch=z9hG4bK${cseq}`,
      "Max-Forwards: 70",
      `From: <${changes.scheme ?? "sip"}:${changes.as ?? from}@example.com>;tag=${changes.tag ?? tags[from]}`,
      `To: <sip:${to}@example.com>;tag=${from === "alice" ? tags.bob : tags.alice}`,
      "Call-ID: e2c0ffee@192.0.2.10",
      `CSeq: ${cseq} MESSAGE`,
      "Content-Type: text/x-msmsgsinvite; charset=UTF-8",
      ...(changes.gzip === true ? ["Content-Encoding: gzip"] : []),
    ],
    changes.gzip === true ? gzipSync(text) : text,
  );
  const context = changes.context ?? (from === "alice" ? ALICE : BOB);
  const outcome = await filter.onRequest(request, context, new AbortController().signal);
  if (outcome.kind === "reply") return { outcome, body: undefined };
  const out = parsedBytes(applySplices(request.bytes, [...outcome.splices]));
  outcome.onEnd?.(changes.end ?? { status: 200, cause: "answered" });
  return { outcome, body: out.body.toString() };
}

/** Up to the ACCEPT that names alice's address; what bob gets to see of it. */
async function opened(): Promise<string> {
  await sends("alice", INVITE);
  await sends("bob", [...ACCEPT, ...KEYS]);
  return (await sends("alice", [...ACCEPT, ...ADDRESS])).body ?? "";
}

function received(verdict: ScanResult): ReceivedEvent {
  return {
    kind: "received",
    id: "T1",
    size: 27,
    sha256: "ab".repeat(32),
    sha1: "cd".repeat(20),
    report: { verdict, results: [verdict], trueType: "text/plain" },
    recovered: undefined,
  };
}

const CLEAN: ScanResult = { kind: "clean", engine: "builtin", ms: 3 };
const EVIL: ScanResult = { kind: "infected", engine: "builtin", threat: "Eicar", ms: 3 };
const END: TransferEnd = {
  result: "delivered",
  reason: undefined,
  receivedBytes: 27,
  deliveredBytes: 27,
  senderTold: "received",
};

async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

describe("a file transfer in the filter", () => {
  it("passes the invitation and the keys untouched, and writes the relay's address over the sender's", async () => {
    expect((await sends("alice", INVITE)).body).toBe(`${INVITE.join("\r\n")}\r\n`);
    const keys = [...ACCEPT, ...KEYS];
    expect((await sends("bob", keys)).body).toBe(`${keys.join("\r\n")}\r\n`);
    const accept = await sends("alice", [...ACCEPT, ...ADDRESS, "IP-Address-Internal: 10.0.0.1"]);
    expect(accept.body?.split("\r\n")).toEqual([
      ...ACCEPT,
      "IP-Address: 198.51.100.5",
      "Port: 6893",
      "PortX: 11180",
      "AuthCookie: 777000111",
      "",
    ]);
    expect(means.relay.opened).toMatchObject([
      {
        size: 27,
        user: "bob@example.com",
        sender: { kind: "dial", address: "192.0.2.10", port: 6891, authCookie: "123456789" },
        receiver: { kind: "await", expected: "192.0.2.20" },
        owner: "sip:alice@example.com",
      },
    ]);
  });

  it("does the same where the receiver listens, and keeps its keys", async () => {
    await sends("alice", [...INVITE, "Connectivity: N"]);
    const lines = [...ACCEPT, ...KEYS, "Address: 1.2.3.4", ...ADDRESS, "Sender-Connect: TRUE"];
    const accept = await sends("bob", lines);
    expect(accept.body).toContain(KEYS.join("\r\n"));
    expect(accept.body).toContain("IP-Address: 198.51.100.5");
    expect(accept.body).toContain("Sender-Connect: TRUE");
    expect(accept.body).not.toContain("1.2.3.4");
    expect(means.relay.opened[0]).toMatchObject({
      sender: { kind: "await", onlyFrom: "192.0.2.10" },
      // Not the address that bob claims, but the one that he speaks from.
      receiver: { kind: "dial", address: "192.0.2.20" },
    });
  });

  it("does the same where all of it comes compressed, and passes it on for everyone to read", async () => {
    const gzip = true;
    expect((await sends("alice", INVITE, { gzip })).body).toBe(`${INVITE.join("\r\n")}\r\n`);
    await sends("bob", [...ACCEPT, ...KEYS], { gzip });
    const { body } = await sends("alice", [...ACCEPT, ...ADDRESS], { gzip });
    expect(body).toContain("IP-Address: 198.51.100.5\r\nPort: 6893\r\n");
    expect(body).not.toContain("192.0.2.10");
  });

  it("has a clean file delivered and writes one line about it", async () => {
    await opened();
    filter.onRelayEvent(received(CLEAN));
    await settled();
    expect(means.relay.decided).toEqual([["T1", "deliver"]]);
    filter.onRelayEvent({ kind: "ended", id: "T1", end: END });
    await settled();
    expect(journal.drafts).toEqual([]);
    expect(journal.allowedEvents.at(-1)).toMatchObject({
      type: "transfer",
      delivery: "delivered",
      file: { name: "hello.txt", size: 27, sha256: "ab".repeat(32) },
    });
    expect(means.inLeg).toEqual([]);
  });

  it("keeps a copy of an infected file and its record before the relay hears of it, then tells both", async () => {
    await opened();
    filter.onRelayEvent(received(EVIL));
    await settled();
    expect(means.relay.kept).toMatchObject([
      { name: "hello.txt", threat: "Eicar", keepMs: 30 * 86_400_000, release: "four-eyes" },
    ]);
    expect(journal.drafts).toMatchObject([
      { type: "transfer", action: "quarantine", rule: "infected", quarantine: "Q1" },
    ]);
    expect(means.relay.decided).toEqual([["T1", "stop"]]);
    expect(means.inLeg).toEqual([]);
    filter.onRelayEvent({ kind: "ended", id: "T1", end: { ...END, result: "stopped" } });
    await settled();
    expect(means.inLeg).toMatchObject([{ fromTag: "aa11", toTag: "bb22" }]);
    expect(means.inLeg[0]?.body.toString()).toContain("Cancel-Code: FTTIMEOUT");
    expect(means.notices).toEqual([
      {
        to: "sip:alice@example.com",
        text: "hello.txt was stopped: Eicar. Ref INC-00000001",
        encrypted: false,
        about: { sender: "sip:alice@example.com", receiver: "sip:bob@example.com" },
      },
    ]);
    expect(journal.settled).toMatchObject([
      { delivery: "refused", notify: [{ audience: "sender", state: "delivered" }] },
    ]);
  });

  it.each(["sender-gone", "bad-mac"] as const)(
    "tells a sender whose connection breaks (%s), for its client may show that all was sent",
    async (reason) => {
      await opened();
      const broken = { ...END, result: "failed", reason, senderTold: "nothing" } as const;
      filter.onRelayEvent({ kind: "ended", id: "T1", end: broken });
      await settled();
      expect(means.notices.map(({ to, text }) => [to, text])).toEqual([
        ["sip:alice@example.com", "hello.txt was not delivered."],
      ]);
    },
  );

  it("tells no sender whose connection breaks when it has cancelled itself", async () => {
    await opened();
    const broken = {
      ...END,
      result: "failed",
      reason: "sender-gone",
      senderTold: "nothing",
    } as const;
    await sends("alice", cancelOf());
    filter.onRelayEvent({ kind: "ended", id: "T1", end: broken });
    await settled();
    expect(means.notices).toEqual([]);
  });

  it("puts a text in the place of a stopped file, says so in the record, and tells its receiver by no CANCEL", async () => {
    await sends(
      "alice",
      INVITE.map((line) => line.replace("hello.txt", "hello.doc")),
    );
    await sends("bob", [...ACCEPT, ...KEYS]);
    await sends("alice", [...ACCEPT, ...ADDRESS]);
    filter.onRelayEvent(received(CLEAN));
    await settled();
    const text = Buffer.from("Gone: INC-00000001");
    expect(means.relay.decided).toEqual([["T1", { kind: "replace", text }]]);
    expect(journal.drafts).toMatchObject([
      { rule: "no-documents", action: "block", reason: "no-documents (a text in its place)" },
    ]);
    filter.onRelayEvent({ kind: "ended", id: "T1", end: { ...END, result: "replaced" } });
    await settled();
    expect(means.inLeg).toEqual([]);
    expect(journal.settled).toMatchObject([{ delivery: "refused" }]);
    expect(means.notices).toMatchObject([{ to: "sip:alice@example.com" }]);
  });

  it("just stops a file that is shorter than the text", async () => {
    const short = INVITE.map((line) =>
      line.replace("hello.txt", "hello.doc").replace(": 27", ": 5"),
    );
    await sends("alice", short);
    await sends("bob", [...ACCEPT, ...KEYS]);
    await sends("alice", [...ACCEPT, ...ADDRESS]);
    filter.onRelayEvent({ ...received(CLEAN), size: 5 });
    await settled();
    expect(means.relay.decided).toEqual([["T1", "stop"]]);
    expect(journal.drafts[0]?.reason).toContain("longer than the file");
  });

  it("counts against one quota of the sender, also when it calls itself sips", async () => {
    const context = { ...ALICE, authenticatedAor: "sips:alice@example.com" };
    const changes = { scheme: "sips", context } as const;
    await sends("alice", INVITE, changes);
    await sends("bob", [...ACCEPT, ...KEYS]);
    await sends("alice", [...ACCEPT, ...ADDRESS], changes);
    expect(means.relay.opened).toMatchObject([{ owner: "sip:alice@example.com" }]);
  });

  it("delivers a stopped file once when its very bytes were released for this receiver", async () => {
    await opened();
    journal.waivers.set(`${"ab".repeat(32)} sip:bob@example.com`, "INC-RELEASED");
    filter.onRelayEvent(received(EVIL));
    await settled();
    expect(means.relay.decided).toEqual([["T1", "deliver"]]);
    expect(means.relay.kept).toEqual([]);
    filter.onRelayEvent({ kind: "ended", id: "T1", end: END });
    await settled();
    expect(journal.endedWaivers).toEqual([{ taker: "T1", delivered: true }]);
    expect(journal.drafts).toEqual([]);
    expect(journal.allowedEvents.at(-1)).toMatchObject({
      delivery: "delivered",
      reason: "released: INC-RELEASED",
      scan: [{ result: "infected" }],
    });
  });

  it("gives the release back when the receiver went before it had all", async () => {
    await opened();
    journal.waivers.set(`${"ab".repeat(32)} sip:bob@example.com`, "INC-RELEASED");
    filter.onRelayEvent(received(EVIL));
    await settled();
    const end: TransferEnd = { ...END, result: "failed", reason: "receiver-gone" };
    filter.onRelayEvent({ kind: "ended", id: "T1", end });
    await settled();
    expect(journal.endedWaivers).toEqual([{ taker: "T1", delivered: false }]);
  });

  it("stops the file, and gives the release back, when nobody can say whether it was taken", async () => {
    await opened();
    journal.takeWaiver = async () => Promise.reject(new Error("the journal's worker ended"));
    filter.onRelayEvent(received(EVIL));
    await settled();
    expect(means.relay.decided).toEqual([["T1", "stop"]]);
    expect(journal.endedWaivers).toEqual([{ taker: "T1", delivered: false }]);
    expect(failures).toHaveLength(1);
  });

  it("asks for the release with what the engines say now", async () => {
    await opened();
    const asked: unknown[] = [];
    journal.takeWaiver = async (question) => void asked.push(question);
    filter.onRelayEvent(received(EVIL));
    await settled();
    expect(asked).toMatchObject([{ result: "infected", taker: "T1" }]);
    expect(means.relay.decided).toEqual([["T1", "stop"]]);
  });

  it.each([
    ["other bytes", `${"cd".repeat(32)} sip:bob@example.com`],
    ["another receiver", `${"ab".repeat(32)} sip:carol@example.com`],
  ])("stops a file when %s were released", async (_, waiver) => {
    await opened();
    journal.waivers.set(waiver, "INC-RELEASED");
    filter.onRelayEvent(received(EVIL));
    await settled();
    expect(means.relay.decided).toEqual([["T1", "stop"]]);
    expect(journal.waivers.size).toBe(1);
  });

  it("delivers nothing when the record cannot be kept", async () => {
    await opened();
    journal.fail = new Error("disk full");
    filter.onRelayEvent(received(EVIL));
    await settled();
    expect(means.relay.decided).toEqual([["T1", "stop"]]);
    expect(failures).toHaveLength(1);
  });

  it.each([
    [
      "a file that the rules refuse",
      INVITE.map((line) => line.replace("hello.txt", "a.pdf.exe")),
      606,
    ],
    [
      "an offer with a word of encryption that nobody knows",
      [...INVITE.slice(0, -1), "Encryption: X"],
      606,
    ],
    ["an offer without a size", INVITE.filter((line) => !line.includes("FileSize")), 606],
    ["a file that is too large", INVITE.map((line) => line.replace(": 27", ": 1001")), 606],
    [
      "an offer that names nothing",
      ["Invitation-Command: INVITE", "Invitation-Cookie: 513756658"],
      606,
    ],
    ["an offer with an address", [...INVITE, "IP-Address: 192.0.2.10"], 606],
  ])("refuses %s, with its cookie", async (_, lines, status) => {
    const { outcome } = await sends("alice", lines);
    expect(outcome).toMatchObject({ kind: "reply", status });
    if (outcome.kind !== "reply") return;
    expect(outcome.body?.bytes.toString()).toContain("Invitation-Cookie: 513756658");
    expect(journal.drafts).toHaveLength(1);
  });

  it.each([
    ["an address without an offer", async () => sends("alice", [...ACCEPT, ...ADDRESS])],
    [
      "a third party's answer",
      async () => {
        await opened();
        return sends("bob", [...ACCEPT, ...KEYS, ...ADDRESS], { tag: "cc33" });
      },
    ],
    [
      "a second address",
      async () => {
        await opened();
        return sends("alice", [...ACCEPT, ...ADDRESS.map((line) => line.replace("6891", "6899"))]);
      },
    ],
    [
      "the cookie of a transfer that is over",
      async () => {
        await opened();
        filter.onRelayEvent({ kind: "ended", id: "T1", end: END });
        return sends("alice", INVITE);
      },
    ],
    [
      "an address that is a name",
      async () => {
        await sends("alice", INVITE);
        await sends("bob", [...ACCEPT, ...KEYS]);
        return sends("alice", [...ACCEPT, "IP-Address: localhost", ...ADDRESS.slice(1)]);
      },
    ],
  ])("refuses %s", async (_, act) => {
    expect((await act()).outcome).toMatchObject({ kind: "reply", status: 606 });
  });

  it("refuses the eleventh transfer at its offer, and at its ACCEPT tells the other side", async () => {
    means.relay.busy = 10;
    expect((await sends("alice", INVITE)).outcome).toMatchObject({ kind: "reply", status: 606 });
    means.relay.busy = 9;
    means.relay.answer = { kind: "refused", reason: "no-free-port" };
    await sends(
      "alice",
      INVITE.map((line) => line.replace("513756658", "2")),
    );
    await sends(
      "bob",
      [...ACCEPT, ...KEYS].map((line) => line.replace("513756658", "2")),
    );
    const { outcome } = await sends(
      "alice",
      [...ACCEPT, ...ADDRESS].map((line) => line.replace("513756658", "2")),
    );
    expect(outcome).toMatchObject({ kind: "reply", status: 606 });
    expect(means.inLeg).toMatchObject([{ toTag: "bb22" }]);
  });

  it("gives the same ACCEPT the same answer again, when the server has asked for credentials in between", async () => {
    const first = await opened();
    const again = await sends("alice", [...ACCEPT, ...ADDRESS]);
    expect(again.body).toBe(first);
    expect(means.relay.opened).toHaveLength(1);
  });

  it("ends the relay's part when a peer cancels", async () => {
    await opened();
    await sends("bob", cancelOf("FTTIMEOUT"));
    expect(means.relay.aborted).toEqual([["T1", "cancelled"]]);
  });

  describe("of those who have not signed in", () => {
    const STRANGER = { ...ALICE, authenticatedAor: undefined };

    it("takes no offer, and remembers none", async () => {
      const { outcome } = await sends("alice", INVITE, { context: STRANGER });
      expect(outcome).toMatchObject({ kind: "reply", status: 606 });
      expect((await sends("alice", INVITE)).body).toBe(`${INVITE.join("\r\n")}\r\n`);
    });

    it("opens no port for an answer, and ends nobody's transfer", async () => {
      await sends("alice", INVITE);
      const nobody = { context: { ...BOB, authenticatedAor: undefined } };
      const answer = await sends("bob", [...ACCEPT, ...KEYS, ...ADDRESS], nobody);
      expect(answer.outcome).toMatchObject({ kind: "reply", status: 606 });
      const cancel = cancelOf();
      expect((await sends("bob", cancel, nobody)).outcome).toMatchObject({ kind: "reply" });
      expect(means.relay.opened).toEqual([]);
      await sends("bob", [...ACCEPT, ...KEYS]);
      await sends("alice", [...ACCEPT, ...ADDRESS]);
      expect(means.relay.opened).toHaveLength(1);
    });
  });

  it("keeps no port for an ACCEPT that was challenged and does not come again", async () => {
    await sends("alice", INVITE);
    await sends("bob", [...ACCEPT, ...KEYS]);
    const end = { status: 407, cause: "answered" } as const;
    await sends("alice", [...ACCEPT, ...ADDRESS], { end });
    expect(means.relay.aborted).toEqual([]);
    clock.advance(10_000);
    expect(means.relay.aborted).toEqual([["T1", "cancelled"]]);
  });

  it("keeps it for one that comes again with credentials", async () => {
    await sends("alice", INVITE);
    await sends("bob", [...ACCEPT, ...KEYS]);
    const end = { status: 407, cause: "answered" } as const;
    await sends("alice", [...ACCEPT, ...ADDRESS], { end });
    await sends("alice", [...ACCEPT, ...ADDRESS]);
    clock.advance(60_000);
    expect(means.relay.aborted).toEqual([]);
  });

  it("judges the file as one for whoever accepts it", async () => {
    await sends("alice", INVITE);
    const carol = { as: "carol", context: { ...BOB, authenticatedAor: "sip:carol@example.com" } };
    await sends("bob", [...ACCEPT, ...KEYS], carol);
    await sends("alice", [...ACCEPT, ...ADDRESS]);
    filter.onRelayEvent(received(CLEAN));
    await settled();
    expect(means.relay.decided).toEqual([["T1", "stop"]]);
    expect(journal.drafts).toMatchObject([{ rule: "nothing-for-carol" }]);
  });

  it("goes on judging it as one for whoever has accepted, whatever others say with the same tag", async () => {
    const carol = { as: "carol", context: { ...BOB, authenticatedAor: "sip:carol@example.com" } };
    await sends("alice", INVITE);
    await sends("bob", [...ACCEPT, ...KEYS], carol);
    // Somebody else who knows the tags: before the relay is open, and after it.
    const early = await sends("bob", [...ACCEPT, ...KEYS]);
    expect(early.outcome).toMatchObject({ kind: "reply", status: 606 });
    await sends("alice", [...ACCEPT, ...ADDRESS]);
    expect(means.relay.opened).toMatchObject([{ user: "carol@example.com" }]);
    await sends("bob", [...ACCEPT, ...KEYS]);
    await sends("bob", cancelOf());
    expect(means.relay.aborted).toEqual([]);
    filter.onRelayEvent(received(CLEAN));
    await settled();
    expect(means.relay.decided).toEqual([["T1", "stop"]]);
    expect(journal.drafts.at(-1)).toMatchObject({
      rule: "nothing-for-carol",
      to: ["sip:carol@example.com"],
    });
  });

  it("takes the same offer to another user for another offer", async () => {
    await sends("alice", INVITE);
    const { outcome } = await sends("alice", INVITE, { to: "carol" });
    expect(outcome).toMatchObject({ kind: "reply", status: 606 });
  });

  it("lets no sender push out the offers of others", async () => {
    await sends("alice", INVITE);
    const offers = await Promise.all(
      Array.from({ length: 30 }, async (_, cookie) =>
        sends(
          "bob",
          INVITE.map((line) => line.replace("513756658", String(cookie))),
        ),
      ),
    );
    expect(offers.filter(({ outcome }) => outcome.kind === "forward")).toHaveLength(20);
    await sends("bob", [...ACCEPT, ...KEYS]);
    await sends("alice", [...ACCEPT, ...ADDRESS]);
    expect(means.relay.opened).toHaveLength(1);
  });

  it("keeps nothing of an offer that was refused at its receiver", async () => {
    const end = { status: 404, cause: "answered" } as const;
    for (let times = 0; times < 30; times += 1) {
      const { outcome } = await sends("alice", INVITE, { end });
      expect(outcome.kind).toBe("forward");
    }
  });

  it("refuses what has no IPv4 address, instead of naming one that nobody can dial", async () => {
    await sends("alice", INVITE);
    await sends("bob", [...ACCEPT, ...KEYS]);
    const context = { ...ALICE, sourceAddress: "2001:db8::10" };
    const { outcome } = await sends("alice", [...ACCEPT, ...ADDRESS], { context });
    expect(outcome).toMatchObject({ kind: "reply", status: 606 });
    expect(means.relay.opened).toEqual([]);
  });

  it("tells the other side of a refused ACCEPT also when the refusal cannot be recorded", async () => {
    means.relay.answer = { kind: "refused", reason: "no-free-port" };
    await sends("alice", INVITE);
    await sends("bob", [...ACCEPT, ...KEYS]);
    journal.fail = new Error("disk full");
    await expect(sends("alice", [...ACCEPT, ...ADDRESS])).rejects.toThrow("disk full");
    await settled();
    expect(means.inLeg).toMatchObject([{ toTag: "bb22" }]);
  });

  it("stops what a restart finds, keeps it, and tells the sender", async () => {
    await opened();
    const { story } = means.relay.opened[0] ?? { story: {} };
    filter.onRelayEvent({ ...received(CLEAN), id: "OLD", recovered: { story, state: "held" } });
    await settled();
    expect(journal.drafts).toMatchObject([
      { action: "quarantine", rule: "interrupted", from: "sip:alice@example.com" },
    ]);
    expect(means.relay.decided).toEqual([["OLD", "stop"]]);
    expect(means.notices).toMatchObject([{ to: "sip:alice@example.com" }]);
  });

  it("promises no text in the place of what a restart finds, whose receiver has gone", async () => {
    await sends(
      "alice",
      INVITE.map((line) => line.replace("hello.txt", "hello.doc")),
    );
    await sends("bob", [...ACCEPT, ...KEYS]);
    await sends("alice", [...ACCEPT, ...ADDRESS]);
    const { story } = means.relay.opened[0] ?? { story: {} };
    filter.onRelayEvent({ ...received(CLEAN), id: "OLD", recovered: { story, state: "held" } });
    await settled();
    expect(journal.drafts).toMatchObject([{ rule: "no-documents", reason: "no-documents" }]);
    expect(means.relay.decided).toEqual([["OLD", "stop"]]);
  });
});
