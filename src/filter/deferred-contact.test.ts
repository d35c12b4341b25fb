import { describe, expect, it } from "vitest";
import { ACCEPT, INVITE, KEYS, listeningAt } from "./invitations.test-data.ts";
import { TransferStage } from "./transfer-stage.test-data.ts";

const NAT = "Connectivity: N";
const KEYS_ACCEPT = [...ACCEPT, ...KEYS];
const THERE = [...ACCEPT, ...listeningAt("192.0.2.10")];
const OURS = (port: number): readonly string[] => [
  "IP-Address: 198.51.100.5",
  `Port: ${port}`,
  `PortX: ${port ^ 0x3141}`,
  "AuthCookie: 777000111",
];

function deferring(): TransferStage {
  return new TransferStage({ transferContact: "deferred" });
}

describe("deferred contact", () => {
  it("holds the sender's ACCEPT, and lets the receiver hear of it after a clean verdict", async () => {
    const stage = deferring();
    await stage.says("alice", INVITE);
    await stage.says("bob", KEYS_ACCEPT);
    const { outcome } = await stage.says("alice", THERE);
    expect(outcome).toMatchObject({ kind: "reply", status: 200 });
    expect(stage.means.relay.opened).toMatchObject([
      { contact: "deferred", sender: { kind: "dial" }, receiver: { kind: "await" } },
    ]);
    // Once more, as after a lost answer.
    expect((await stage.says("alice", THERE)).outcome).toMatchObject({ status: 200 });
    await stage.received();
    expect(stage.means.relay.decided).toEqual([["T1", "deliver"]]);
    expect(stage.ownWords).toEqual([]);
    await stage.contact();
    expect(stage.ownWords).toEqual([{ to: "bob", lines: [...ACCEPT, ...OURS(6893)] }]);
    await stage.contact();
    expect(stage.ownWords).toHaveLength(1);
    await stage.ended();
    expect(stage.journal.allowedEvents.at(-1)).toMatchObject({ delivery: "delivered" });
  });

  it("does so where both connect to us", async () => {
    const stage = deferring();
    stage.putBehindNat("alice", "bob");
    await stage.says("alice", [...INVITE, NAT]);
    const { lines } = await stage.says("bob", KEYS_ACCEPT);
    expect(lines).toEqual([...KEYS_ACCEPT, ...OURS(6893), "Sender-Connect: TRUE"]);
    expect(stage.ownWords).toEqual([]);
    await stage.received();
    await stage.contact();
    expect(stage.ownWords).toEqual([{ to: "bob", lines: [...ACCEPT, ...OURS(6894)] }]);
  });

  it("needs no words of ours where the receiver listens", async () => {
    const stage = deferring();
    await stage.says("alice", [...INVITE, NAT]);
    const accepted = [...KEYS_ACCEPT, ...listeningAt("192.0.2.20"), "Sender-Connect: TRUE"];
    expect((await stage.says("bob", accepted)).lines).toContain("Port: 6893");
    expect(stage.means.relay.opened).toMatchObject([{ contact: "deferred" }]);
  });

  it("tells a receiver of an infected file that nothing comes of it, and no place", async () => {
    const stage = deferring();
    await stage.says("alice", INVITE);
    await stage.says("bob", KEYS_ACCEPT);
    await stage.says("alice", THERE);
    await stage.received({ kind: "infected", engine: "builtin", threat: "Eicar", ms: 3 });
    expect(stage.means.relay.decided).toEqual([["T1", "stop"]]);
    await stage.ended({ result: "stopped" });
    expect(stage.ownWords).toMatchObject([{ to: "bob" }]);
    expect(stage.ownWords[0]?.lines).toContain("Cancel-Code: FTTIMEOUT");
  });

  it("ends a transfer whose receiver cannot be told", async () => {
    const stage = deferring();
    await stage.says("alice", INVITE);
    await stage.says("bob", KEYS_ACCEPT);
    await stage.says("alice", THERE);
    await stage.received();
    stage.means.saidInLeg = { kind: "failed", reason: "timeout" };
    await stage.contact();
    expect(stage.means.relay.aborted).toEqual([["T1", "not-told"]]);
  });

  it.each(["alice", "bob"] as const)(
    "meets both at once where %s signs: neither answers nor words of ours would count",
    async (party) => {
      const stage = deferring();
      stage.context[party] = { ...stage.context[party], signed: true };
      await stage.says("alice", INVITE);
      await stage.says("bob", KEYS_ACCEPT);
      const { lines } = await stage.says("alice", THERE);
      expect(lines).toEqual([...ACCEPT, ...OURS(6893)]);
      expect(stage.means.relay.opened).toMatchObject([{ contact: "both" }]);
    },
  );

  it("contacts nobody for a transfer that is not known any more", async () => {
    const stage = deferring();
    await stage.contact();
    expect(stage.means.relay.aborted).toEqual([["T1", "cancelled"]]);
    expect(stage.ownWords).toEqual([]);
  });
});
