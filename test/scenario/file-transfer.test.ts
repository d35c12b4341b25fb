import { createHash } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import { readNdjson } from "../support/cli.ts";
import { EICAR } from "../support/eicar.ts";
import { FileStory } from "../support/file-story.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { BYE_RECEIVED } from "../support/msnftp-peer.ts";
import { harmlessBytes } from "../support/harmless-bytes.ts";
import { freePortRange } from "../support/port-range.ts";

const WAYS = ["direct", "nat"] as const;

let gateway: GatewayProcess;
let story: FileStory;
let ports: { first: number; text: string };

beforeEach(async () => {
  ports = await freePortRange(3);
  gateway = await GatewayProcess.start({ relay: { msnftp: { ports: ports.text } } });
  story = await FileStory.begin({ gateway: gateway.at("tcp") });
  return async () => {
    await story[Symbol.asyncDispose]();
    await gateway[Symbol.asyncDispose]();
  };
});

function sha1(bytes: Buffer): string {
  return createHash("sha1").update(bytes).digest("hex");
}

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** What was given to the receiver before any content: VER and FIL, and not one byte more. */
function onlyGreeting(size: number): string {
  return `VER MSN_SECURE_FTP\r\nFIL ${size}\r\n`;
}

async function noTransferLeft(): Promise<void> {
  const { stdout } = await gateway.cli("transfers", "-o", "ndjson");
  expect(stdout.trim()).toBe("");
}

describe.each(WAYS)("a file through the gateway, %s way", (way) => {
  it("arrives as it was sent, and neither learns the other's address", async () => {
    const bytes = harmlessBytes(300_000);
    const agreed = await story.agree({ name: "holiday.dat", bytes }, { way });
    expect(await agreed.sender.result).toMatchObject({ end: "bye", byeCode: BYE_RECEIVED });
    const got = await agreed.receiver.result;
    expect(got.end).toBe("complete");
    expect(sha256(got.content)).toBe(sha256(bytes));
    const { address } = agreed.address;
    expect(address?.port).not.toBe(agreed.listening.port);
    expect(address?.authCookie).not.toBe(agreed.listening.authCookie);
    const [event] = await gateway.transferEvents();
    expect(event).toMatchObject({
      action: "allow",
      channel: "msnftp",
      delivery: "delivered",
      file: { name: "holiday.dat", size: bytes.length, sha256: sha256(bytes), sha1: sha1(bytes) },
      scan: [{ engine: "builtin", result: "clean" }],
    });
    await noTransferLeft();
  });

  it("is stopped when it is infected: no byte arrives, both are told, a copy is kept", async () => {
    const agreed = await story.agree({ name: "notes.txt", bytes: EICAR }, { way });
    expect((await agreed.sender.result).end).toBe("bye");
    const got = await agreed.receiver.result;
    expect(got.content).toHaveLength(0);
    expect(agreed.receiver.received.toString("latin1")).toBe(onlyGreeting(EICAR.length));
    const cancel = await story.bob.sees("CANCEL", agreed.offer.cookie);
    expect(cancel.field("Cancel-Code")).toBe("FTTIMEOUT");
    const notice = await story.alice.seesNotice();
    expect(notice.text).toMatch(/^notes\.txt .*INC-/);
    const incidents = await gateway.incidents();
    expect(incidents).toMatchObject([
      {
        action: "quarantine",
        rule: "infected",
        channel: "msnftp",
        from: "sip:alice@example.test",
        to: ["sip:bob@example.test"],
        file: { name: "notes.txt", sha256: sha256(EICAR), sha1: sha1(EICAR) },
      },
    ]);
    const listed = await gateway.cli("incidents", "list", "-o", "ndjson");
    expect(readNdjson(listed.stdout)).toEqual(incidents);
    const { stdout } = await gateway.cli("quarantine", "list", "-o", "ndjson");
    expect(JSON.parse(stdout)).toMatchObject({
      incident: incidents[0]?.["id"],
      sha256: sha256(EICAR),
      sha1: sha1(EICAR),
      state: "quarantined",
    });
    await noTransferLeft();
    await story.alice.says("are you there?");
    expect(await story.bob.hears()).toContain("are you there?");
  });
});

describe("an offer", () => {
  it("with a forbidden name is refused with its cookie, and nobody is asked", async () => {
    const offer = await story.alice.offers({ name: "report.pdf.exe", bytes: EICAR });
    expect(offer.answer.status).toBe(606);
    expect(offer.answer.header("Warning")).toMatch(/^309 /);
    expect(offer.answer.text).toContain(`Invitation-Cookie: ${offer.cookie}`);
    expect(story.bob.unseenInvitations).toEqual([]);
  });
});
