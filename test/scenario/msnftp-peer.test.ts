import { AssertionError } from "node:assert";
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { assertRewritten } from "../support/file-story.ts";
import { acceptance, InvitationText } from "../support/invitation-text.ts";
import { macOf, payloadCipher, rc4 } from "../support/msnftp-cipher.ts";
import {
  BYE_CANCELLED,
  FileReceiver,
  FileSender,
  type ReceiverFaults,
  type ReceiverResult,
  type SenderFaults,
  type SenderResult,
} from "../support/msnftp-peer.ts";

const KEYS = {
  encryptionKey: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX",
  hashKey: "QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZX",
};
const USER = "bob@example.com";
const COOKIE = "123456789";
const V1 = Buffer.from("Hello, LCS file transfer!\r\n");
const V3 = Buffer.from(Uint8Array.from({ length: 5000 }, (_, i) => i % 251));

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

interface Staged {
  readonly content?: Buffer;
  readonly size?: number;
  readonly plain?: boolean;
  readonly sender?: SenderFaults;
  readonly receiver?: ReceiverFaults;
  readonly lineTimeoutMs?: number;
}

/** One transfer from peer to peer; who listens is told. */
async function transfer(way: "direct" | "nat", staged: Staged = {}): Promise<Played> {
  const content = staged.content ?? V1;
  const common = {
    keys: staged.plain === true ? undefined : KEYS,
    user: USER,
    authCookie: COOKIE,
    lineTimeoutMs: staged.lineTimeoutMs ?? 2000,
    dataTimeoutMs: staged.lineTimeoutMs ?? 2000,
  };
  const forSender = { ...common, content, faults: staged.sender ?? {} };
  const size = staged.size ?? content.length;
  const forReceiver = { ...common, size, faults: staged.receiver ?? {} };
  if (way === "direct") {
    await using sender = await FileSender.listens(forSender);
    await using receiver = FileReceiver.dials(sender.local, forReceiver);
    return await ended(sender, receiver);
  }
  await using receiver = await FileReceiver.listens(forReceiver);
  await using sender = FileSender.dials(receiver.local, forSender);
  return await ended(sender, receiver);
}

interface Played {
  readonly sender: SenderResult & { readonly wire: Buffer };
  readonly receiver: ReceiverResult & { readonly wire: Buffer };
}

async function ended(sender: FileSender, receiver: FileReceiver): Promise<Played> {
  const results = await Promise.all([sender.result, receiver.result]);
  return {
    sender: { ...results[0], wire: sender.sent },
    receiver: { ...results[1], wire: receiver.sent },
  };
}

describe("the cipher of the file peers", () => {
  it("knows the key stream of RFC 6229", () => {
    const stream = rc4(Buffer.from("0102030405", "hex"))(Buffer.alloc(16));
    expect(stream.toString("hex")).toBe("b2396305f03dc027ccc3524a0a1118a8");
  });

  it("derives both keys as the known client does", () => {
    const stream = payloadCipher(KEYS)(Buffer.alloc(32));
    expect(stream.toString("hex")).toBe(
      "ba6b4398e508b5d391c3f2a1ce1496a82b79c39b4672db65c0d50ea07b0c4063",
    );
    expect(macOf(KEYS, Buffer.alloc(0))).toBe("HikVA7wQwmrureD0yQhEfuzatRA=");
    expect(macOf(KEYS, V3)).toBe("lUNdRWewOyNJaGTzcNmuzjBfr7g=");
  });
});

describe.each(["direct", "nat"] as const)("two file peers, %s", (way) => {
  it("put the bytes of the worked example on the wire", async () => {
    const { sender, receiver } = await transfer(way);
    expect(sender).toMatchObject({ end: "bye", byeCode: 16_777_989, sentBytes: 27 });
    expect(receiver).toMatchObject({ end: "complete", content: V1, announced: 27 });
    expect(sender.wire.toString("hex")).toBe(
      "564552204d534e5f5345435552455f4654500d0a46494c2032370d0a001b00" +
        "f20e2ff48a24959fd290d2c7a778f3885f0ba2f53514be17e1d804" +
        "4d4143205459715262635858443962587036323166464d466a496265736c343d000d0a",
    );
    expect(receiver.wire.toString("latin1")).toBe(
      "VER MSN_SECURE_FTP\r\nUSR bob@example.com 123456789\r\nTFR\r\nBYE 16777989\r\n",
    );
  });

  it("send a file of several chunks as the worked example does", async () => {
    const { sender, receiver } = await transfer(way, { content: V3 });
    expect(receiver.content.equals(V3)).toBe(true);
    expect(sender.wire).toHaveLength(5074);
    expect(sha256(sender.wire)).toBe(
      "093968f33acc61e8b7db090b3b08aa207bc97a1de1a5577aec24ac5508cebc71",
    );
  });

  it("carry a large file and an empty one, in any chunks, encrypted or not", async () => {
    const large = Buffer.alloc(3_000_000, "a line of some length\n");
    for (const content of [large, Buffer.alloc(0)]) {
      for (const plain of [false, true]) {
        const sender = { chunkBytes: plain ? 2045 : 60_001 };
        const played = await transfer(way, { content, plain, sender, lineTimeoutMs: 9000 });
        expect(played.receiver.end).toBe("complete");
        expect(played.receiver.content.equals(content)).toBe(true);
      }
    }
  });

  it.each<[string, Staged, ReceiverResult["end"], SenderResult["end"]]>([
    ["a wrong MAC", { sender: { wrongMac: true } }, "bad-mac", "bye"],
    ["a MAC without NUL", { sender: { macWithoutNul: true } }, "bad-mac", "bye"],
    ["a bit flipped on the way", { sender: { flipsBit: true } }, "bad-mac", "bye"],
    ["a MAC before the BYE", { sender: { macBeforeBye: true } }, "complete", "bye"],
    ["another size in FIL", { sender: { announces: 28 } }, "wrong-fil", "closed"],
    ["a size other than invited", { size: 28 }, "wrong-fil", "closed"],
    ["a chunk beyond the size", { sender: { extra: Buffer.from("!") } }, "breach", "closed"],
    ["a chunk of another type", { sender: { chunkType: 1 } }, "breach", "closed"],
    ["a wrong cookie", { receiver: { authCookie: "1" } }, "closed", "refused"],
    ["a wrong user", { receiver: { user: "mallory@example.com" } }, "closed", "refused"],
    ["another version", { receiver: { ver: "MSNFTP" } }, "closed", "refused"],
    ["a BYE that tells of a failure", { receiver: { byeCode: BYE_CANCELLED } }, "complete", "bye"],
    ["a sender that closes early", stopped("close"), "closed", "gave-up"],
    [
      "a sender that falls silent",
      { ...stopped("silence"), lineTimeoutMs: 300 },
      "timeout",
      "gave-up",
    ],
    ["a receiver that closes early", cancelled("close"), "gave-up", "closed"],
    ["a receiver that cancels", cancelled("ccl"), "gave-up", "ccl"],
  ])("tell %s", async (_, staged, receiverEnd, senderEnd) => {
    const played = await transfer(way, staged);
    expect(played.receiver.end).toBe(receiverEnd);
    expect(played.sender.end).toBe(senderEnd);
  });

  it.each(["ver", "fil", "data", "mac"] as const)("notice a sender that ends at %s", async (at) => {
    const closing = await transfer(way, { sender: { closesAt: at } });
    expect(closing).toMatchObject({ receiver: { end: "closed" }, sender: { end: "gave-up" } });
    const silent = await transfer(way, { sender: { silentAt: at }, lineTimeoutMs: 200 });
    expect(silent).toMatchObject({ receiver: { end: "timeout" }, sender: { end: "gave-up" } });
  });

  it.each(["ver", "usr", "tfr", "bye"] as const)(
    "notice a receiver that ends at %s",
    async (at) => {
      const closing = await transfer(way, { receiver: { closesAt: at } });
      expect(closing).toMatchObject({ receiver: { end: "gave-up" }, sender: { end: "closed" } });
      const silent = await transfer(way, { receiver: { silentAt: at }, lineTimeoutMs: 200 });
      expect(silent).toMatchObject({ receiver: { end: "gave-up" }, sender: { end: "timeout" } });
    },
  );
});

function stopped(then: "close" | "silence"): Staged {
  return { content: V3, sender: { stopsAfter: { bytes: 3000, then } } };
}

function cancelled(then: "close" | "ccl"): Staged {
  return { content: Buffer.alloc(20_000_000, 7), receiver: { stopsAfter: { bytes: 1, then } } };
}

describe("a listening file peer", () => {
  it("turns a second visitor away and keeps a ledger of the first", async () => {
    const options = { keys: KEYS, user: USER, authCookie: COOKIE };
    await using sender = await FileSender.listens({ ...options, content: V1 });
    await using first = FileReceiver.dials(sender.local, {
      ...options,
      size: V1.length,
      faults: { silentAt: "tfr" },
    });
    await expect.poll(() => sender.received.toString("latin1")).toContain("USR");
    await using second = FileReceiver.dials(sender.local, { ...options, size: V1.length });
    expect((await second.result).end).toBe("closed");
    expect(sender.turnedAway).toHaveLength(1);
    expect(sender.ledger.map((entry) => entry.what)).toContain("sent");
    expect(first.content).toHaveLength(0);
    first.vanishes();
    expect((await sender.result).end).toBe("closed");
  });

  it("ends without a result to wait for when nobody comes", async () => {
    const options = { keys: KEYS, user: USER, authCookie: COOKIE, content: V1 };
    const sender = await FileSender.listens(options);
    sender.vanishes();
    expect((await sender.result).end).toBe("unreachable");
    await using receiver = FileReceiver.dials(sender.local, { ...options, size: 27 });
    expect((await receiver.result).end).toBe("unreachable");
  });
});

describe("assertRewritten", () => {
  const real = { address: "127.0.0.1", port: 6891, authCookie: COOKIE };
  const relay = { host: "127.0.0.1", ports: [6892, 6895] } as const;
  const ours = { address: "127.0.0.1", port: 6893, authCookie: "777000111" };
  const seen = (text: string): InvitationText => new InvitationText(text);

  it("is content with another port, its PortX and another cookie", () => {
    const text = acceptance("513756658", { at: ours });
    expect(text).toContain("PortX: 11180");
    expect(() => assertRewritten(seen(text), real, relay)).not.toThrow();
  });

  it.each([
    ["the real port", acceptance("1", { at: { ...ours, port: 6891 } })],
    ["a port beyond the range", acceptance("1", { at: { ...ours, port: 6896 } })],
    ["the real PortX", acceptance("1", { at: ours }).replace("11180", "11178")],
    ["the real cookie", acceptance("1", { at: { ...ours, authCookie: COOKIE } })],
    ["a second address", acceptance("1", { at: { ...ours, internal: true } })],
    ["another host", acceptance("1", { at: { ...ours, address: "192.0.2.1" } })],
    ["no address", acceptance("1", {})],
  ])("complains of %s", (_, text) => {
    expect(() => assertRewritten(seen(text), real, relay)).toThrow(AssertionError);
  });
});
