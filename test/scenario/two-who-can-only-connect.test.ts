import { afterAll, beforeAll, expect, it } from "vitest";
import { EICAR } from "../support/eicar.ts";
import { FileStory } from "../support/file-story.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { harmlessBytes } from "../support/harmless-bytes.ts";
import type { InvitationText, OfferedFile } from "../support/invitation-text.ts";
import { BYE_RECEIVED, type FileReceiver, type FileSender } from "../support/msnftp-peer.ts";
import { freePortRange } from "../support/port-range.ts";
import { waitUntil } from "../support/wait-until.ts";

/** Neither of the two listens anywhere: both connect to the gateway. */
let gateway: GatewayProcess;
let story: FileStory;

beforeAll(async () => {
  const { text } = await freePortRange(2);
  gateway = await GatewayProcess.start({ relay: { msnftp: { ports: text, connects: "peer" } } });
  story = await FileStory.begin({ gateway: gateway.at("tcp") });
});

afterAll(async () => {
  await story[Symbol.asyncDispose]();
  await gateway[Symbol.asyncDispose]();
});

interface Agreed {
  readonly invitation: InvitationText;
  readonly accepted: InvitationText;
  readonly address: InvitationText;
  readonly sender: FileSender;
  readonly receiver: FileReceiver;
}

async function agree(file: OfferedFile, behindNat: boolean): Promise<Agreed> {
  const { alice, bob } = story;
  // There are ports for one transfer, and the last one may still say goodbye.
  await waitUntil("no transfer is open", async () => (await gateway.transfers()).length === 0);
  const offer = await alice.offers(file, { behindNat });
  const invitation = await bob.sees("INVITE", offer.cookie);
  const { keys } = await bob.accepts(invitation);
  const accepted = await alice.sees("ACCEPT", offer.cookie);
  const sender = alice.delivers(offer, accepted, bob);
  const address = await bob.sees("ACCEPT", offer.cookie);
  const receiver = bob.fetches(invitation, keys, address);
  return { invitation, accepted, address, sender, receiver };
}

it.each([true, false])(
  "a file arrives (the sender says that it is behind NAT: %s)",
  async (says) => {
    const { alice, bob } = story;
    const bytes = harmlessBytes(100_000);
    const { invitation, accepted, address, sender, receiver } = await agree(
      { name: "holiday.dat", bytes },
      says,
    );
    expect(invitation.field("Connectivity")).toBeUndefined();
    expect(accepted.field("Sender-Connect")).toBe("TRUE");
    expect(address.address?.authCookie).not.toBe(accepted.address?.authCookie);
    expect(await sender.result).toMatchObject({ end: "bye", byeCode: BYE_RECEIVED });
    const got = await receiver.result;
    expect(got.end).toBe("complete");
    expect(got.content.equals(bytes)).toBe(true);
    // Our own message in the dialog has cost the others nothing.
    await alice.says("did you get it?");
    expect(await bob.hears()).toContain("did you get it?");
    await bob.says("yes");
    expect(await alice.hears()).toContain("yes");
  },
);

it("an infected one is stopped before a byte of it arrives, and both ports are free again", async () => {
  const { receiver, sender, invitation } = await agree({ name: "notes.txt", bytes: EICAR }, true);
  expect((await sender.result).end).toBe("bye");
  await receiver.result;
  const greeting = `VER MSN_SECURE_FTP\r\nFIL ${EICAR.length}\r\n`;
  expect(receiver.received.toString("latin1")).toBe(greeting);
  const cancel = await story.bob.sees("CANCEL", invitation.cookie);
  expect(cancel.field("Cancel-Code")).toBe("FTTIMEOUT");
  const next = await agree({ name: "next.dat", bytes: harmlessBytes(5000) }, true);
  expect((await next.receiver.result).end).toBe("complete");
});
