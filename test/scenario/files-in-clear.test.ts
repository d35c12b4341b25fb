import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { TestAuthority } from "../support/certificates.ts";
import { EICAR } from "../support/eicar.ts";
import { FileStory } from "../support/file-story.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { harmlessBytes } from "../support/harmless-bytes.ts";
import { BYE_RECEIVED } from "../support/msnftp-peer.ts";
import { freePortRange } from "../support/port-range.ts";

/** Files of Windows Messenger: the plain variant MSNFTP, without keys and without a MAC. */
const IN_CLEAR = { encryption: undefined } as const;
/** Where the configuration asks for high security. */
const STRICT = "127.0.0.9";

const authority = new TestAuthority();
const ca = readFileSync(authority.ca);
let gateway: GatewayProcess;

beforeAll(async () => {
  const ports = await freePortRange(3);
  const security = [{ net: STRICT, level: "high" }];
  gateway = await GatewayProcess.start({
    listen: ["tcp://127.0.0.1:0", "tls://127.0.0.1:0"],
    tls: { ...authority.issue({ names: "IP:127.0.0.1" }), ca: authority.ca },
    relay: { msnftp: { ports: ports.text, security } },
  });
  return async () => {
    await gateway[Symbol.asyncDispose]();
    authority[Symbol.dispose]();
  };
});

async function begin(address = "127.0.0.1", transport: "tcp" | "tls" = "tcp"): Promise<FileStory> {
  return FileStory.begin({ gateway: gateway.at(transport), address, transport, tls: { ca } });
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

  it.each([
    ["whose SIP comes by TLS", "127.0.0.1", "tls", "Unencrypted file transfer"],
    ["of whom high security is asked", STRICT, "tls", "Unencrypted file transfer"],
    ["of whom it is asked, and who come without TLS", STRICT, "tcp", "connected by TLS"],
  ] as const)("is refused between peers %s", async (_what, address, transport, words) => {
    await using story = await begin(address, transport);
    const bytes = harmlessBytes(100);
    const offer = await story.alice.offers({ name: "a.txt", bytes }, IN_CLEAR);
    expect(offer.answer.status).toBe(606);
    expect(offer.answer.header("Warning")).toMatch(new RegExp(`^309 .*${words}`));
    expect(offer.answer.text).toContain(`Invitation-Cookie: ${offer.cookie}`);
    expect(story.bob.unseenInvitations).toEqual([]);
    const [incident] = await gateway.incidents();
    expect(incident).toMatchObject({ rule: "relay", action: "block", file: { name: "a.txt" } });
  });
});

describe("an encrypted file, where high security is asked", () => {
  it("arrives from a peer by TLS, and is refused without", async () => {
    await using story = await begin(STRICT, "tls");
    const file = { name: "a.txt", bytes: harmlessBytes(5000) };
    const agreed = await story.agree(file);
    const got = await agreed.receiver.result;
    expect(got.end).toBe("complete");
    expect(sha256(got.content)).toBe(sha256(file.bytes));
    await using clear = await begin(STRICT, "tcp");
    const { answer } = await clear.alice.offers(file);
    expect(answer.header("Warning")).toMatch(/^309 .*connected by TLS/);
  });
});
