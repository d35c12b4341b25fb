import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { ACCEPT, INVITE, KEYS } from "./invitations.test-data.ts";
import { TransferStage } from "./transfer-stage.test-data.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

describe("what is kept of a transfer", () => {
  it("holds on to none of the messages that arranged it, which may be large", async () => {
    const stage = new TransferStage();
    await stage.says("alice", INVITE);
    await stage.says("bob", [...ACCEPT, ...KEYS]);
    const messages = stage.sent.map((request) => new WeakRef(request));
    stage.sent.length = 0;
    expect(messages).toHaveLength(2);
    // A WeakRef holds until the turn is over.
    await new Promise((resolve) => setImmediate(resolve));
    collect();
    expect(messages.map((message) => message.deref()?.method)).toEqual([undefined, undefined]);
  });
});
