import { createHash } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { EICAR } from "../support/eicar.ts";
import { FileStory } from "../support/file-story.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { harmlessBytes } from "../support/harmless-bytes.ts";
import { BYE_RECEIVED } from "../support/msnftp-peer.ts";
import { freePortRange } from "../support/port-range.ts";

/** Files of Windows Messenger: the plain variant MSNFTP, without keys and without a MAC. */
const IN_CLEAR = { encryption: undefined } as const;
/** Where the configuration asks for encrypted transfers. */
const STRICT = "127.0.0.9";

let gateway: GatewayProcess;

beforeAll(async () => {
  const ports = await freePortRange(3);
  const security = [{ net: STRICT, level: "encrypted" }];
  gateway = await GatewayProcess.start({ relay: { msnftp: { ports: ports.text, security } } });
  return async () => gateway[Symbol.asyncDispose]();
});

async function begin(address = "127.0.0.1"): Promise<FileStory> {
  return FileStory.begin({ gateway: gateway.at("tcp"), address });
}

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

describe("a file in clear", () => {
  it.each([
    ["direct", true],
    ["nat", false],
  ] as const)("arrives as it was sent, %s way (end marker: %s)", async (way, endMarker) => {
    await using story = await begin();
    const bytes = harmlessBytes(300_000);
    const staging = { way, ...IN_CLEAR, sending: { faults: { endMarker } } };
    const agreed = await story.agree({ name: `${way}.dat`, bytes }, staging);
    expect(agreed.accepted.keys).toBeUndefined();
    expect(await agreed.sender.result).toMatchObject({ end: "bye", byeCode: BYE_RECEIVED });
    const got = await agreed.receiver.result;
    expect(got.end).toBe("complete");
    expect(sha256(got.content)).toBe(sha256(bytes));
    expect(agreed.receiver.received.toString("latin1")).toMatch(/^VER MSNFTP\r\nFIL 300000\r\n/);
    expect(agreed.address.address?.port).not.toBe(agreed.listening.port);
    const [event] = await gateway.transferEvents(story.alice.callId);
    expect(event).toMatchObject({
      action: "allow",
      delivery: "delivered",
      file: { name: `${way}.dat`, sha256: sha256(bytes), sent: "clear" },
    });
  });

  it("is stopped when it is infected: no byte arrives, and both are told", async () => {
    await using story = await begin();
    const agreed = await story.agree({ name: "notes.txt", bytes: EICAR }, IN_CLEAR);
    expect((await agreed.sender.result).end).toBe("bye");
    const got = await agreed.receiver.result;
    expect(got.content).toHaveLength(0);
    const greeting = `VER MSNFTP\r\nFIL ${EICAR.length}\r\n`;
    expect(agreed.receiver.received.toString("latin1")).toBe(greeting);
    const cancel = await story.bob.sees("CANCEL", agreed.offer.cookie);
    expect(cancel.field("Cancel-Code")).toBe("FTTIMEOUT");
    expect((await story.alice.seesNotice()).text).toMatch(/^notes\.txt .*INC-/);
    expect(await gateway.incidents()).toMatchObject([
      { action: "quarantine", rule: "infected", file: { sha256: sha256(EICAR), sent: "clear" } },
    ]);
    await story.alice.says("are you there?");
    expect(await story.bob.hears()).toContain("are you there?");
  });

  it("is refused where encrypted ones are asked for, and nobody is asked", async () => {
    await using story = await begin(STRICT);
    const bytes = harmlessBytes(100);
    const offer = await story.alice.offers({ name: "a.txt", bytes }, IN_CLEAR);
    expect(offer.answer.status).toBe(606);
    expect(offer.answer.header("Warning")).toMatch(/^309 .*Unencrypted file transfer/);
    expect(offer.answer.text).toContain(`Invitation-Cookie: ${offer.cookie}`);
    expect(story.bob.unseenInvitations).toEqual([]);
    const [incident] = await gateway.incidents();
    expect(incident).toMatchObject({ rule: "relay", action: "block", file: { name: "a.txt" } });
  });
});
