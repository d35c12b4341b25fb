import { describe, expect, it } from "vitest";
import { FileReceiver, FileSender, type SenderFaults } from "../../test/support/msnftp-peer.ts";
import { systemClock } from "../base/clock.ts";
import { fetchFile, serveFile } from "./file-legs.ts";

const SECRETS = {
  encryptionKey: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX",
  hashKey: "QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZX",
};
const USER = "bob@example.test";
const BYTES = Buffer.from(Uint8Array.from({ length: 50_000 }, (_, i) => i % 251));
const TERMS = { secrets: SECRETS, user: USER, authCookie: "123456789" };
const PEER = { keys: SECRETS, user: USER, authCookie: "123456789" };

describe("serveFile", () => {
  it("gives the file to an honest receiver, and tells what it was told", async () => {
    await using served = await serveFile({ ...TERMS, bytes: BYTES }, systemClock);
    const peer = { address: "127.0.0.1", port: served.port };
    await using receiver = FileReceiver.dials(peer, { ...PEER, size: BYTES.length });
    const received = await receiver.result;
    expect(received.end).toBe("complete");
    expect(received.content.equals(BYTES)).toBe(true);
    expect(await served.done).toMatchObject({ sentBytes: BYTES.length, told: "received" });
  });

  it("finishes with the MAC when the receiver says that it failed", async () => {
    await using served = await serveFile({ ...TERMS, bytes: BYTES }, systemClock);
    const peer = { address: "127.0.0.1", port: served.port };
    const faults = { byeCode: 2_164_261_682 };
    await using receiver = FileReceiver.dials(peer, { ...PEER, size: BYTES.length, faults });
    expect((await receiver.result).end).toBe("complete");
    expect(await served.done).toMatchObject({ told: "refused" });
  });

  it("gives nothing to who cannot show the cookie", async () => {
    await using served = await serveFile({ ...TERMS, bytes: BYTES }, systemClock);
    const peer = { address: "127.0.0.1", port: served.port };
    const faults = { authCookie: "1" };
    await using receiver = FileReceiver.dials(peer, { ...PEER, size: BYTES.length, faults });
    expect((await receiver.result).end).toBe("closed");
    expect(await served.done).toMatchObject({ sentBytes: 0, told: "nothing" });
  });
});

describe("fetchFile", () => {
  async function fetched(
    faults: SenderFaults = {},
  ): Promise<Awaited<ReturnType<typeof fetchFile>>> {
    await using sender = await FileSender.listens({ ...PEER, content: BYTES, faults });
    const { address, port } = sender.local;
    const where = { host: address, port, size: BYTES.length };
    return await fetchFile({ ...TERMS, ...where }, systemClock);
  }

  it("takes the file from an honest sender", async () => {
    const { end, bytes, firstByteAtMs } = await fetched();
    expect(end).toBe("complete");
    expect(bytes.equals(BYTES)).toBe(true);
    expect(firstByteAtMs).toBeGreaterThan(0);
  });

  it("does not call it complete when the MAC is wrong, or when it is cut", async () => {
    expect((await fetched({ wrongMac: true })).end).toBe("problem");
    const cut = await fetched({ stopsAfter: { bytes: 3000, then: "close" } });
    expect(cut.end).toBe("cut");
    expect(cut.bytes).toHaveLength(3000);
    const nothing = await fetched({ closesAt: "data" });
    expect(nothing).toMatchObject({ end: "cut", firstByteAtMs: undefined });
  });
});
