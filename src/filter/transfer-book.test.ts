import { describe, expect, it } from "vitest";
import { ACCEPT, INVITE, KEYS, listeningAt } from "./invitations.test-data.ts";
import { TransferStage } from "./transfer-stage.test-data.ts";

const OVER = {
  result: "failed",
  reason: "cancelled",
  receivedBytes: 0,
  deliveredBytes: 0,
  senderTold: "nothing",
} as const;

function own(cookie: number, lines: readonly string[]): readonly string[] {
  return lines.map((line) => line.replace("513756658", String(cookie)));
}

describe("TransferBook", () => {
  it("remembers a hundred finished transfers of a sender, so that nobody pushes out those of others", async () => {
    const stage = new TransferStage();
    const isTaken = async (cookie: number): Promise<boolean> =>
      (await stage.says("alice", own(cookie, INVITE))).outcome.kind === "forward";
    for (let cookie = 1; cookie <= 102; cookie += 1) {
      expect(await isTaken(cookie)).toBe(true);
      await stage.says("bob", own(cookie, [...ACCEPT, ...KEYS]));
      await stage.says("alice", own(cookie, [...ACCEPT, ...listeningAt("192.0.2.10")]));
      stage.filter.onRelayEvent({ kind: "ended", id: `T${cookie}`, end: OVER });
    }
    expect(stage.means.relay.opened).toHaveLength(102);
    expect(await isTaken(102)).toBe(false);
    expect(await isTaken(3)).toBe(false);
    expect(await isTaken(2)).toBe(true);
    // Of one that is forgotten no answer is taken without a new offer.
    const late = own(1, [...ACCEPT, ...listeningAt("192.0.2.10")]);
    expect((await stage.says("alice", late)).outcome).toMatchObject({ status: 606 });
  });
});
