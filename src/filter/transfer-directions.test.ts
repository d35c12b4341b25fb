import { describe, expect, it } from "vitest";
import { ACCEPT, INVITE, KEYS, listeningAt } from "./invitations.test-data.ts";
import { TransferStage } from "./transfer-stage.test-data.ts";

const NAT = "Connectivity: N";
const TO_BOB = ["IP-Address: 198.51.100.5", "Port: 6894", "PortX: 11183", "AuthCookie: 777000111"];
const TO_ALICE = [
  "IP-Address: 198.51.100.5",
  "Port: 6893",
  "PortX: 11180",
  "AuthCookie: 777000111",
  "Sender-Connect: TRUE",
];
const AWAITED_ALICE = { kind: "await", onlyFrom: "192.0.2.10", expected: "192.0.2.10" };
const AWAITED_BOB = { kind: "await", onlyFrom: undefined, expected: "192.0.2.20" };

describe("a transfer of two who cannot be connected to", () => {
  async function bothBehindNat(): Promise<TransferStage> {
    const stage = new TransferStage();
    stage.putBehindNat("alice", "bob");
    return stage;
  }

  it("has both connect to us: one ACCEPT rewritten, one of our own", async () => {
    const stage = await bothBehindNat();
    expect((await stage.says("alice", [...INVITE, NAT])).lines).toEqual(INVITE);
    const accepted = await stage.says("bob", [...ACCEPT, ...KEYS]);
    expect(accepted.lines).toEqual([...ACCEPT, ...KEYS, ...TO_ALICE]);
    expect(stage.means.relay.opened).toMatchObject([
      { sender: AWAITED_ALICE, receiver: AWAITED_BOB, user: "bob@example.com" },
    ]);
    expect(stage.ownWords).toEqual([{ to: "bob", lines: [...ACCEPT, ...TO_BOB] }]);
    expect(stage.means.inLeg[0]).toMatchObject({
      callId: "e2c0ffee@192.0.2.10",
      fromTag: "aa11",
      toTag: "bb22",
      contentType: "text/x-msmsgsinvite; charset=UTF-8",
    });
  });

  it("does so also where the sender does not say that it is behind NAT", async () => {
    const stage = await bothBehindNat();
    expect((await stage.says("alice", INVITE)).lines).toEqual(INVITE);
    const accepted = await stage.says("bob", [...ACCEPT, ...KEYS]);
    expect(accepted.lines).toEqual([...ACCEPT, ...KEYS, ...TO_ALICE]);
    expect(stage.ownWords).toHaveLength(1);
  });

  it("writes to the receiver only once, and when its own ACCEPT was taken", async () => {
    const stage = await bothBehindNat();
    await stage.says("alice", [...INVITE, NAT]);
    const keys = [...ACCEPT, ...KEYS];
    const first = await stage.says("bob", keys, { status: 407, cause: "answered" });
    expect(stage.ownWords).toEqual([]);
    expect((await stage.says("bob", keys)).lines).toEqual(first.lines);
    await stage.says("bob", keys);
    expect(stage.ownWords).toHaveLength(1);
    expect(stage.means.relay.opened).toHaveLength(1);
  });

  it("ends the relay's part when the sender refuses the ACCEPT", async () => {
    const stage = await bothBehindNat();
    await stage.says("alice", [...INVITE, NAT]);
    await stage.says("bob", [...ACCEPT, ...KEYS], { status: 481, cause: "answered" });
    expect(stage.means.relay.aborted).toEqual([["T1", "cancelled"]]);
    expect(stage.ownWords).toEqual([]);
  });

  it.each([
    { kind: "failed", reason: "signed" },
    { kind: "failed", reason: "no-leg" },
    { kind: "answered", status: 481 },
  ] as const)("ends it when the receiver cannot be told: $kind $reason", async (end) => {
    const stage = await bothBehindNat();
    stage.means.saidInLeg = end;
    await stage.says("alice", [...INVITE, NAT]);
    await stage.says("bob", [...ACCEPT, ...KEYS]);
    expect(stage.means.relay.aborted).toEqual([["T1", "not-told"]]);
    await stage.ended({ result: "failed", reason: "not-told" });
    expect(stage.journal.allowedEvents.at(-1)).toMatchObject({
      delivery: "failed",
      reason: "not-told",
    });
  });

  it("takes no second answer, neither an address of the sender's nor one of the receiver's", async () => {
    const stage = await bothBehindNat();
    await stage.says("alice", [...INVITE, NAT]);
    await stage.says("bob", [...ACCEPT, ...KEYS]);
    const late = await stage.says("alice", [...ACCEPT, ...listeningAt("192.0.2.10")]);
    expect(late.outcome).toMatchObject({ kind: "reply", status: 606 });
    const other = await stage.says("bob", [...ACCEPT, ...KEYS, ...listeningAt("192.0.2.20")]);
    expect(other.outcome).toMatchObject({ kind: "reply", status: 606 });
    expect(stage.means.relay.opened).toHaveLength(1);
  });

  it("lets no sender name a place of its own beside ours, which it knows from the ACCEPT that it got", async () => {
    const stage = await bothBehindNat();
    await stage.says("alice", [...INVITE, NAT]);
    await stage.says("bob", [...ACCEPT, ...KEYS]);
    const inside = ["IP-Address-Internal: 10.0.0.5", "PortX-Internal: 11178"];
    const beside = await stage.says("alice", [...ACCEPT, ...TO_ALICE, ...inside]);
    expect(beside.outcome).toMatchObject({ kind: "reply", status: 606 });
  });

  it("takes out what stands beside our own place in an ACCEPT that crosses a second time", async () => {
    const stage = new TransferStage();
    await stage.says("alice", INVITE);
    await stage.says("bob", [...ACCEPT, ...KEYS]);
    const ours = await stage.says("alice", [...ACCEPT, ...listeningAt("192.0.2.10")]);
    const { lines = [] } = ours;
    expect((await stage.says("alice", lines)).lines).toEqual(lines);
    const inside = [...lines, "IP-Address-Internal: 10.0.0.5", "Where: 10.0.0.5"];
    expect((await stage.says("alice", inside)).lines).toEqual(lines);
  });

  it("asks a sender that has not said that it cannot to listen, where the receiver takes no words of ours", async () => {
    const stage = await bothBehindNat();
    await stage.says("alice", INVITE);
    stage.context.bob = { ...stage.context.bob, signed: true };
    const keys = [...ACCEPT, ...KEYS];
    expect((await stage.says("bob", keys)).lines).toEqual(keys);
    await stage.says("alice", [...ACCEPT, ...listeningAt("192.168.1.10")]);
    expect(stage.means.relay.opened).toMatchObject([
      { sender: { kind: "dial", address: "192.0.2.10" }, receiver: AWAITED_BOB },
    ]);
    expect(stage.ownWords).toEqual([]);
  });

  it("refuses by name what then goes no way at all, and tells the sender", async () => {
    const stage = await bothBehindNat();
    await stage.says("alice", [...INVITE, NAT]);
    stage.context.bob = { ...stage.context.bob, signed: true };
    // On a signed leg the server is given the refusal to speak (docs/decisions/027).
    const { lines } = await stage.says("bob", [...ACCEPT, ...KEYS]);
    expect(lines?.join()).not.toContain("Key");
    expect(stage.journal.drafts).toMatchObject([
      { action: "block", reason: expect.stringContaining("between these networks") as unknown },
    ]);
    expect(stage.ownWords).toMatchObject([{ to: "alice" }]);
    expect(stage.ownWords[0]?.lines).toContain("Cancel-Code: FTTIMEOUT");
    expect(stage.means.relay.opened).toEqual([]);
  });

  it("leaves an invitation alone whose sender's messages are signed", async () => {
    const stage = await bothBehindNat();
    stage.context.alice = { ...stage.context.alice, signed: true };
    expect((await stage.says("alice", [...INVITE, NAT])).lines).toEqual([...INVITE, NAT]);
  });

  it("makes the same of the same invitation, when it comes again", async () => {
    const stage = await bothBehindNat();
    const end = { status: 407, cause: "answered" } as const;
    await stage.says("alice", [...INVITE, NAT], end);
    expect((await stage.says("alice", [...INVITE, NAT])).lines).toEqual(INVITE);
    expect((await stage.says("alice", INVITE)).lines).toEqual(INVITE);
  });
});

describe("a transfer where the operator says who connects", () => {
  it("has the gateway connect to both: the sender learns no place, and its own goes no further", async () => {
    const stage = new TransferStage({ transferConnects: () => "gateway" });
    stage.means.seats.set("sip:bob@example.com", [{ address: "192.0.2.20", behindNat: false }]);
    expect((await stage.says("alice", INVITE)).lines).toEqual([...INVITE, NAT]);
    const there = [...listeningAt("192.0.2.20", 6899), "Sender-Connect: TRUE"];
    const accepted = await stage.says("bob", [...ACCEPT, ...KEYS, ...there, "Address: 1.2.3.4"]);
    expect(accepted.lines).toEqual([...ACCEPT, ...KEYS]);
    expect(stage.means.relay.opened).toEqual([]);
    const last = await stage.says("alice", [...ACCEPT, ...listeningAt("192.0.2.10")]);
    expect(last.outcome).toMatchObject({ kind: "reply", status: 200 });
    expect(stage.means.relay.opened).toMatchObject([
      {
        sender: { kind: "dial", address: "192.0.2.10", port: 6891, authCookie: "123456789" },
        receiver: { kind: "dial", address: "192.0.2.20", port: 6899 },
      },
    ]);
    expect(stage.ownWords).toEqual([]);
    const again = await stage.says("alice", [...ACCEPT, ...listeningAt("192.0.2.10")]);
    expect(again.outcome).toMatchObject({ kind: "reply", status: 200 });
    const other = await stage.says("alice", [...ACCEPT, ...listeningAt("192.0.2.10", 7000)]);
    expect(other.outcome).toMatchObject({ kind: "reply", status: 606 });
    expect(stage.means.relay.opened).toHaveLength(1);
  });

  it("takes no second place of a receiver before the sender has named its own", async () => {
    const stage = new TransferStage({ transferConnects: () => "gateway" });
    stage.means.seats.set("sip:bob@example.com", [{ address: "192.0.2.20", behindNat: false }]);
    await stage.says("alice", INVITE);
    await stage.says("bob", [...ACCEPT, ...KEYS, ...listeningAt("192.0.2.20", 6899)]);
    const other = await stage.says("bob", [...ACCEPT, ...KEYS, ...listeningAt("192.0.2.20", 7000)]);
    expect(other.outcome).toMatchObject({ kind: "reply", status: 606 });
  });

  it("turns the direction round, for a sender that listens nowhere else", async () => {
    const stage = new TransferStage({
      transferConnects: (address) => (address === "192.0.2.10" ? "peer" : "gateway"),
    });
    stage.means.seats.set("sip:bob@example.com", [{ address: "192.0.2.20", behindNat: false }]);
    const invitation = [...INVITE, "Connectivity: Y"];
    expect((await stage.says("alice", invitation)).lines).toEqual([...INVITE, NAT]);
    const there = [...listeningAt("192.0.2.20"), "Sender-Connect: TRUE"];
    const accepted = await stage.says("bob", [...ACCEPT, ...KEYS, ...there]);
    expect(accepted.lines).toEqual([...ACCEPT, ...KEYS, ...TO_ALICE]);
    expect(stage.means.relay.opened).toMatchObject([
      { sender: AWAITED_ALICE, receiver: { kind: "dial", address: "192.0.2.20" } },
    ]);
  });
});

describe("a transfer over a listener on [::]", () => {
  it("takes IPv4 addresses that are written as IPv6 for what they are", async () => {
    const stage = new TransferStage();
    for (const party of ["alice", "bob"] as const) {
      const { sourceAddress } = stage.context[party];
      stage.context[party] = {
        ...stage.context[party],
        sourceAddress: `::ffff:${sourceAddress}`,
      };
    }
    expect((await stage.says("alice", INVITE)).lines).toEqual(INVITE);
    await stage.says("bob", [...ACCEPT, ...KEYS]);
    const { lines } = await stage.says("alice", [...ACCEPT, ...listeningAt("192.0.2.10")]);
    expect(lines).toContain("IP-Address: 198.51.100.5");
    expect(stage.means.relay.opened).toMatchObject([
      { sender: { kind: "dial", address: "192.0.2.10" }, receiver: AWAITED_BOB },
    ]);
  });
});

describe("a transfer when ports are scarce", () => {
  it.each([
    ["none is left: neither way", 10, 0, [606, 606]],
    ["receivers' ports can be shared: only where the sender listens", 10, 3, [200, 606]],
    ["one is left", 9, 0, [200, 200]],
    ["too many are under way", 20, 3, [606, 606]],
  ] as const)("is refused in words at its offer, or not: %s", async (_, busy, doors, statuses) => {
    const stage = new TransferStage();
    stage.means.relay.busy = busy;
    stage.means.relay.doors = doors;
    const other = INVITE.map((line) => line.replace("513756658", "2"));
    const answers = [await stage.says("alice", INVITE), await stage.says("alice", [...other, NAT])];
    expect(answers.map(({ outcome }) => (outcome.kind === "reply" ? outcome.status : 200))).toEqual(
      statuses,
    );
    for (const { reason } of stage.journal.drafts) expect(reason).toContain("Too many files");
  });

  it("counts the ports at which receivers are awaited as well", async () => {
    const stage = new TransferStage();
    const own = (cookie: number, lines: readonly string[]): readonly string[] =>
      lines.map((line) => line.replace("513756658", String(cookie)));
    // Each receiver has a port of its own while half of them are free.
    for (let cookie = 1; cookie <= 5; cookie += 1) {
      const receiver = { port: 6890 + cookie, authCookie: "777000111" };
      stage.means.relay.answer = { kind: "opened", sender: undefined, receiver };
      await stage.says("alice", own(cookie, INVITE));
      await stage.says("bob", own(cookie, [...ACCEPT, ...KEYS]));
      await stage.says("alice", own(cookie, [...ACCEPT, ...listeningAt("192.0.2.10")]));
    }
    stage.means.relay.answer = undefined;
    stage.means.relay.doors = 5;
    const statuses: number[] = [];
    for (let cookie = 6; cookie <= 10; cookie += 1) {
      await stage.says("alice", own(cookie, [...INVITE, NAT]));
      const accept = own(cookie, [...ACCEPT, ...KEYS, ...listeningAt("192.0.2.20")]);
      const { outcome } = await stage.says("bob", accept);
      statuses.push(outcome.kind === "reply" ? outcome.status : 200);
    }
    expect(statuses).toEqual([200, 200, 200, 606, 606]);
  });

  it("lets no user hold more than eight of ten, nor more than a share of all", async () => {
    const stage = new TransferStage();
    const offered = async (cookie: number, more: readonly string[]): Promise<number> => {
      const own = (lines: readonly string[]): readonly string[] =>
        lines.map((line) => line.replace("513756658", String(cookie)));
      await stage.says("alice", own([...INVITE, ...more]));
      const keys = [...ACCEPT, ...KEYS, ...(more.length > 0 ? listeningAt("192.0.2.20") : [])];
      const { outcome } = await stage.says("bob", own(keys));
      if (more.length > 0) return outcome.kind === "reply" ? outcome.status : 200;
      const last = await stage.says("alice", own([...ACCEPT, ...listeningAt("192.0.2.10")]));
      return last.outcome.kind === "reply" ? last.outcome.status : 200;
    };
    for (let cookie = 1; cookie <= 8; cookie += 1) expect(await offered(cookie, [NAT])).toBe(200);
    expect(await offered(9, [NAT])).toBe(606);
    // Receivers that connect need a port as well, where there is none that they could share.
    expect(await offered(10, [])).toBe(606);
    stage.means.relay.doors = 1;
    for (let cookie = 10; cookie <= 17; cookie += 1) expect(await offered(cookie, [])).toBe(200);
    expect(await offered(18, [])).toBe(606);
    // Who waits for what was refused hears that nothing comes of it.
    expect(stage.ownWords.map(({ to }) => to)).toEqual(["alice", "bob", "bob"]);
  });
});
