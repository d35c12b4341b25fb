import { describe, expect, it } from "vitest";
import { ACCEPT, cancelOf, INVITE, KEYS, listeningAt } from "./invitations.test-data.ts";
import { TransferStage } from "./transfer-stage.test-data.ts";

const NAT = "Connectivity: N";
const KEYS_ACCEPT = [...ACCEPT, ...KEYS];
const THERE = [...ACCEPT, ...listeningAt("192.0.2.10")];
const CODES = [
  "REJECT",
  "TIMEOUT",
  "FTTIMEOUT",
  "OUTBANDCANCEL",
  "REJECT_NOT_INSTALLED",
  "FAIL",
] as const;

/** Each step that a transfer can be cancelled at, and whether the relay has it by then. */
const STEPS: readonly (readonly [string, boolean, (stage: TransferStage) => Promise<unknown>])[] = [
  ["it is offered", false, async (stage) => stage.says("alice", INVITE)],
  [
    "it is accepted",
    false,
    async (stage) => {
      await stage.says("alice", INVITE);
      await stage.says("bob", KEYS_ACCEPT);
    },
  ],
  [
    "the sender has named its place",
    true,
    async (stage) => {
      await stage.says("alice", INVITE);
      await stage.says("bob", KEYS_ACCEPT);
      await stage.says("alice", THERE);
    },
  ],
  [
    "both have been told to connect",
    true,
    async (stage) => {
      stage.putBehindNat("alice", "bob");
      await stage.says("alice", [...INVITE, NAT]);
      await stage.says("bob", KEYS_ACCEPT);
      stage.means.inLeg.length = 0;
    },
  ],
  [
    "the file has been judged",
    true,
    async (stage) => {
      await stage.says("alice", INVITE);
      await stage.says("bob", KEYS_ACCEPT);
      await stage.says("alice", THERE);
      await stage.received();
    },
  ],
];

const CASES = STEPS.flatMap(([step, isOpen, play]) =>
  (["alice", "bob"] as const).map((party) => ({ step, isOpen, play, party })),
);

describe("a transfer that is cancelled", () => {
  it.each(CASES)("by $party once $step goes no further", async ({ isOpen, play, party }) => {
    for (const code of CODES) {
      const stage = new TransferStage();
      await play(stage);
      // The other peer hears of it in the words of the one who cancels.
      expect((await stage.says(party, cancelOf(code))).lines).toEqual(cancelOf(code));
      expect(stage.means.relay.aborted).toEqual(isOpen ? [["T1", "cancelled"]] : []);
      await stage.ended({ result: "failed", reason: "cancelled" });
      expect(stage.ownWords).toEqual([]);
      const [end, another] = stage.journal.allowedEvents.filter(({ type }) => type === "transfer");
      const declined = party === "bob" && !isOpen;
      expect(end?.delivery).toBe(declined ? "refused" : "abandoned");
      expect(another).toBeUndefined();
      const opened = stage.means.relay.opened.length;
      const late = await stage.says("alice", THERE);
      expect(late.outcome).toMatchObject({ kind: "reply", status: 606 });
      expect(stage.means.relay.opened).toHaveLength(opened);
    }
  });

  it("is cancelled once: what comes after it changes nothing", async () => {
    const stage = new TransferStage();
    await stage.says("alice", INVITE);
    await stage.says("bob", KEYS_ACCEPT);
    await stage.says("alice", THERE);
    await stage.says("bob", cancelOf("FTTIMEOUT"));
    await stage.ended({ result: "failed", reason: "cancelled" });
    expect((await stage.says("alice", cancelOf("TIMEOUT"))).lines).toEqual(cancelOf("TIMEOUT"));
    expect(stage.means.relay.aborted).toHaveLength(1);
    expect((await stage.says("alice", INVITE)).outcome).toMatchObject({ status: 606 });
  });

  it("is not cancelled by somebody else in the same call", async () => {
    const stage = new TransferStage();
    await stage.says("alice", INVITE);
    await stage.says("bob", KEYS_ACCEPT);
    await stage.says("alice", THERE);
    stage.context.bob = { ...stage.context.bob, authenticatedAor: "sip:mallory@example.com" };
    stage.tags.bob = "cc33";
    const { outcome } = await stage.says("bob", cancelOf("FTTIMEOUT"));
    expect(outcome).toMatchObject({ kind: "reply", status: 606 });
    expect(stage.means.relay.aborted).toEqual([]);
  });

  it("with another cookie is another one", async () => {
    const stage = new TransferStage();
    await stage.says("alice", INVITE);
    await stage.says("bob", KEYS_ACCEPT);
    await stage.says("alice", THERE);
    const other = cancelOf("FTTIMEOUT").map((line) => line.replace("513756658", "1"));
    expect((await stage.says("bob", other)).lines).toEqual(other);
    expect(stage.means.relay.aborted).toEqual([]);
  });

  it.each([0, 1] as const)(
    "ends with its conversation, as long as nothing is open: step %i",
    async (step) => {
      for (const party of ["alice", "bob"] as const) {
        const stage = new TransferStage();
        await STEPS[step]?.[2](stage);
        await stage.hangsUp(party, 481);
        expect(stage.journal.allowedEvents.filter(({ type }) => type === "transfer")).toEqual([]);
        await stage.hangsUp(party);
        expect(stage.journal.allowedEvents.at(-1)).toMatchObject({
          type: "transfer",
          delivery: "abandoned",
        });
        expect((await stage.says("alice", THERE)).outcome).toMatchObject({ status: 606 });
      }
    },
  );

  it("ends with a conversation whose BYE says something, too", async () => {
    const stage = new TransferStage();
    await stage.says("alice", INVITE);
    await stage.hangsUp("alice", 200, "good bye");
    expect(stage.journal.allowedEvents.map(({ delivery }) => delivery)).toContain("abandoned");
  });

  it.each([2, 3] as const)("goes on without it once the relay has it: step %i", async (step) => {
    const stage = new TransferStage();
    await STEPS[step]?.[2](stage);
    await stage.hangsUp("alice");
    expect(stage.means.relay.aborted).toEqual([]);
    await stage.received();
    expect(stage.means.relay.decided).toEqual([["T1", "deliver"]]);
  });

  it("does not end with a conversation between others in the same call", async () => {
    const stage = new TransferStage();
    await stage.says("alice", INVITE);
    stage.tags.alice = "dd44";
    await stage.hangsUp("bob");
    stage.tags.alice = "aa11";
    expect((await stage.says("bob", KEYS_ACCEPT)).lines).toEqual(KEYS_ACCEPT);
    await stage.says("alice", THERE);
    expect(stage.means.relay.opened).toHaveLength(1);
  });

  it("leaves no place: the next offer of the same file is a new one", async () => {
    const stage = new TransferStage();
    for (let times = 0; times < 30; times += 1) {
      expect((await stage.says("alice", INVITE)).lines).toEqual(INVITE);
      await stage.says("alice", cancelOf("TIMEOUT"));
    }
  });
});
