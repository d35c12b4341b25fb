import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { fileInvitation, INVITATION_TYPE, type OfferedFile } from "../support/invitation-text.ts";
import { FileStory, type AgreedTransfer, type Staging } from "../support/file-story.ts";
import { nicenessOf } from "../support/gateway-figures.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import type { FileReceiver } from "../support/msnftp-peer.ts";
import { harmlessBytes } from "../support/harmless-bytes.ts";
import { freePortRange } from "../support/port-range.ts";
import { SipClient } from "../support/sip-client.ts";
import { waitUntil } from "../support/wait-until.ts";

const FILE: OfferedFile = { name: "plan.dat", bytes: harmlessBytes(120_000) };

let gateway: GatewayProcess;
let story: FileStory;

// One port alone: what is not freed is missed by the next transfer.
beforeAll(async () => {
  const { text } = await freePortRange(1);
  gateway = await GatewayProcess.start({ relay: { msnftp: { ports: text } } });
});

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
});

beforeEach(async () => {
  story = await FileStory.begin({ gateway: gateway.at("tcp") });
  return async () => story[Symbol.asyncDispose]();
});

/** Nothing is open, nothing lies in the spool, and the next file arrives. */
async function allIsFree(): Promise<void> {
  await noneIsOpen();
  for (const place of ["incoming", "held", "releasing"]) {
    expect(await readdir(join(gateway.dir, "data", "spool", place))).toEqual([]);
  }
  const next = await story.agree({ name: "next.dat", bytes: harmlessBytes(5000) });
  expect((await next.sender.result).end).toBe("bye");
  expect((await next.receiver.result).end).toBe("complete");
  await noneIsOpen();
}

async function noneIsOpen(): Promise<void> {
  await waitUntil("no transfer is open", async () => (await gateway.transfers()).length === 0);
}

/** Neither VER nor FIL is content. */
function contentBytes(receiver: FileReceiver): number {
  const head = `VER MSN_SECURE_FTP\r\nFIL ${FILE.bytes.length}\r\n`;
  return Math.max(0, receiver.received.length - head.length);
}

async function bothAreTold({ offer }: AgreedTransfer): Promise<void> {
  const cancels = await Promise.all([
    story.alice.sees("CANCEL", offer.cookie, 20_000),
    story.bob.sees("CANCEL", offer.cookie, 20_000),
  ]);
  expect(cancels.map((cancel) => cancel.field("Cancel-Code"))).toEqual(["FTTIMEOUT", "FTTIMEOUT"]);
}

/** Of this story's transfer, not of one before. */
async function reasonOnRecord(): Promise<unknown> {
  const events = await gateway.eventsOf(story.alice.callId);
  const ended = events.find(
    (event) => event["type"] === "transfer" && event["delivery"] !== "delivered",
  );
  return ended?.["reason"];
}

const FAULTS: readonly (readonly [string, Staging, string])[] = [
  [
    "a sender that closes in the middle",
    { sending: { faults: { stopsAfter: { bytes: 50_000, then: "close" } } } },
    "sender-gone",
  ],
  ["a wrong MAC", { sending: { faults: { wrongMac: true } } }, "bad-mac"],
  ["a MAC without its NUL", { sending: { faults: { macWithoutNul: true } } }, "bad-mac"],
  ["a bit that was turned", { sending: { faults: { flipsBit: true } } }, "bad-mac"],
  ["another size than announced", { sending: { faults: { announces: 119_999 } } }, "wrong-size"],
  [
    "a receiver that closes while it waits",
    { receiving: { faults: { closesAt: "tfr" } } },
    "receiver-gone",
  ],
  [
    "a receiver that gives up in the middle",
    { receiving: { faults: { stopsAfter: { bytes: 10_000, then: "ccl" } } } },
    "receiver-refused",
  ],
  [
    "a sender that falls silent",
    { sending: { faults: { silentAt: "fil" }, lineTimeoutMs: 30_000 } },
    "timeout",
  ],
];

describe("the thread in which files are", () => {
  it("leaves the processor to SIP, and is the only one that does", async () => {
    const { main, others } = await nicenessOf(gateway);
    expect(others.filter((nice) => nice !== main)).toEqual([main + 5]);
  });
});

describe("a transfer that breaks", () => {
  it.each(FAULTS)(
    "by %s ends clearly on both sides, and leaves nothing behind",
    async (_, staging, reason) => {
      const agreed = await story.agree(FILE, staging);
      await bothAreTold(agreed);
      // A client that is told so gives up; this one would listen on.
      agreed.sender.vanishes();
      const [sent, got] = await Promise.all([agreed.sender.result, agreed.receiver.result]);
      expect(got.end).not.toBe("complete");
      const mayHaveSome = reason === "receiver-refused";
      expect(mayHaveSome || contentBytes(agreed.receiver) === 0).toBe(true);
      expect(sent.end).toBeDefined();
      await expect.poll(reasonOnRecord, { timeout: 10_000 }).toBe(reason);
      await allIsFree();
    },
  );

  it("burns a source that shows a wrong cookie: the right one comes too late from there", async () => {
    const wrong = { faults: { authCookie: "1" } };
    const agreed = await story.agree(FILE, { receiving: wrong });
    expect((await agreed.receiver.result).content).toHaveLength(0);
    const again = story.bob.fetches(agreed.invitation, agreed.accepted.keys, agreed.address);
    expect((await again.result).content).toHaveLength(0);
    expect(again.received).toHaveLength(0);
    await story.alice.cancels(agreed.offer.cookie, "FTTIMEOUT");
    agreed.sender.vanishes();
    await allIsFree();
  });

  it("opens no port for somebody who has not signed in, under whatever name", async () => {
    const common = { gateway: gateway.at("udp"), transport: "udp" } as const;
    await using mallory = await SipClient.open({ ...common, name: "alice" });
    const type = { contentType: INVITATION_TYPE, callId: "made-up" };
    const text = fileInvitation("7", { name: "plan.dat", size: 5000 }, { behindNat: true });
    const offer = await mallory.sends(story.bob.aor, text, type);
    expect(offer.status).toBe(606);
    expect(offer.header("Warning")).toMatch(/signed in.*INC-/);
    expect(story.bob.unseenInvitations).toEqual([]);
    await noneIsOpen();
  });

  it("takes no second answer to an offer, and no cookie twice", async () => {
    const agreed = await story.agree(FILE);
    expect((await agreed.receiver.result).end).toBe("complete");
    const again = await story.alice.offers(FILE, { cookie: agreed.offer.cookie });
    expect(again.answer.status).toBe(606);
    const answer = await story.bob.accepts(agreed.invitation);
    expect(answer.answer.status).toBe(606);
    await allIsFree();
  });

  it("lets receivers share the one port that there is", async () => {
    const slow = { faults: { pauseMs: 5 } };
    const first = await story.agree(FILE, { sending: slow });
    const second = await story.agree({ name: "more.dat", bytes: harmlessBytes(5000) });
    expect(second.address.address?.port).toBe(first.address.address?.port);
    expect((await second.receiver.result).end).toBe("complete");
    expect((await first.receiver.result).end).toBe("complete");
    await allIsFree();
  });

  it("refuses one more than there are ports, and says so", async () => {
    const slow = { faults: { pauseMs: 20 } };
    // A sender that connects says nothing by which it could be told from another: no port is shared with it.
    const first = await story.agree(FILE, { way: "nat", sending: slow });
    const second = await story.alice.offers({ name: "more.dat", bytes: FILE.bytes });
    expect(second.answer.status).toBe(606);
    expect(second.answer.header("Warning")).toMatch(/Too many files.*INC-/);
    expect(story.bob.unseenInvitations.filter((one) => one.command === "INVITE")).toEqual([]);
    expect((await first.receiver.result).end).toBe("complete");
    await allIsFree();
  });
});
