import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { BYE_CODE } from "./bye-code.ts";
import { createChunkWriter } from "./chunk-writer.ts";
import { serializeControlLine } from "./control-line.ts";
import { createFileReceiver, type FileReceiver, type FileReceiverStep } from "./file-receiver.ts";
import {
  AUTH_COOKIE,
  USER,
  V1_SENDER,
  V3_SENDER,
  VECTORS,
  vectorKeys,
} from "./vectors.test-data.ts";

const VER = "VER MSN_SECURE_FTP\r\n";
const V1 = VECTORS[1]?.plain ?? Buffer.alloc(0);

function receiverOf(size: number): FileReceiver {
  return createFileReceiver({ keys: vectorKeys(), user: USER, authCookie: AUTH_COOKIE, size });
}

/** Up to the moment when chunks are expected. */
function pulling(size: number): FileReceiver {
  const receiver = receiverOf(size);
  receiver.receive(Buffer.from(`${VER}FIL ${size}\r\n`));
  receiver.request();
  return receiver;
}

function chunksOf(plain: Buffer): Buffer {
  return createChunkWriter(vectorKeys()).frame(plain);
}

function macLine(mac: string): Buffer {
  return serializeControlLine({ kind: "MAC", mac });
}

function give(receiver: FileReceiver, bytes: Buffer | string): FileReceiverStep {
  return receiver.receive(Buffer.from(bytes));
}

describe("createFileReceiver", () => {
  it.each(VECTORS)("fetches $name", ({ plain, mac }) => {
    const receiver = receiverOf(plain.length);
    const said = [receiver.greet()];
    said.push(give(receiver, VER).write ?? Buffer.alloc(0));
    expect(give(receiver, `FIL ${plain.length}\r\n`).problem).toBeUndefined();
    expect(receiver.state).toBe("ready");
    said.push(receiver.request());
    const { data } = give(receiver, chunksOf(plain));
    expect((data ?? Buffer.alloc(0)).equals(plain)).toBe(true);
    expect(receiver.state).toBe("complete");
    said.push(receiver.acknowledge(BYE_CODE.received));
    expect(give(receiver, macLine(mac)).problem).toBeUndefined();
    expect(receiver.proof).toEqual({ kind: "mac", mac });
    expect(Buffer.concat(said).toString()).toBe(
      `${VER}USR ${USER} ${AUTH_COOKIE}\r\nTFR\r\nBYE 16777989\r\n`,
    );
  });

  it("understands the 93 bytes of the known client, MAC before BYE included", () => {
    const receiver = receiverOf(27);
    give(receiver, V1_SENDER.subarray(0, 28));
    receiver.request();
    const { data, problem } = give(receiver, V1_SENDER.subarray(28));
    expect(data?.toString()).toBe("Hello, LCS file transfer!\r\n");
    expect(problem).toBeUndefined();
    expect(receiver.proof).toEqual({ kind: "mac", mac: "TYqRbcXXD9bXp621fFMFjIbesl4=" });
  });

  it("finds the chunks of V3 as the known client writes them", () => {
    const plain = VECTORS[3]?.plain ?? Buffer.alloc(0);
    const all = Buffer.concat([
      Buffer.from(`${VER}FIL 5000\r\n`),
      chunksOf(plain),
      macLine(VECTORS[3]?.mac ?? ""),
    ]);
    expect(all).toHaveLength(V3_SENDER.length);
    expect(createHash("sha256").update(all).digest("hex")).toBe(V3_SENDER.sha256);
  });

  it("takes one large chunk", () => {
    const plain = VECTORS[3]?.plain ?? Buffer.alloc(0);
    const sealed = Buffer.from(plain);
    vectorKeys().cipher().apply(sealed, 0, sealed, 0, sealed.length);
    const receiver = pulling(5000);
    const { data } = give(receiver, Buffer.concat([Buffer.from([0, 0x88, 0x13]), sealed]));
    expect(data?.equals(plain)).toBe(true);
  });

  it.each([
    ["another MAC", macLine("TZqRbcXXD9bXp621fFMFjIbesl4="), undefined],
    ["a MAC without its NUL", Buffer.from("MAC TYqRbcXXD9bXp621fFMFjIbesl4=\r\n"), undefined],
    ["one flipped bit of cipher", macLine("TYqRbcXXD9bXp621fFMFjIbesl4="), 5],
  ])("refuses %s", (_what, mac, flipAt) => {
    const chunks = chunksOf(V1);
    if (flipAt !== undefined) chunks[flipAt] = (chunks[flipAt] ?? 0) ^ 1;
    const receiver = pulling(27);
    give(receiver, chunks);
    receiver.acknowledge(BYE_CODE.received);
    expect(give(receiver, mac).problem?.code).toBe("bad-mac");
    expect(receiver.proof).toBeUndefined();
  });

  it.each([
    ["a size that is not the invited one", `${VER}FIL 28\r\n`, "wrong-size"],
    ["only the plain version", "VER MSNFTP\r\n", "no-common-version"],
    ["FIL before VER", "FIL 27\r\n", "unexpected-line"],
    ["VER twice", `${VER}${VER}`, "unexpected-line"],
    ["content before TFR", `${VER}FIL 27\r\n\0\x1b\0`, "bad-line"],
    [
      "MAC before the content",
      `${VER}FIL 27\r\nMAC TYqRbcXXD9bXp621fFMFjIbesl4=\0\r\n`,
      "unexpected-line",
    ],
    ["a line that ends with LF", "VER MSN_SECURE_FTP\n", "bad-line"],
    ["a line that does not end", "V".repeat(257), "bad-line"],
    ["binary bytes", "\x80", "bad-line"],
    ["CCL at the start", "CCL\r\n", "peer-cancelled"],
    ["CCL after VER", `${VER}CCL\r\n`, "peer-cancelled"],
    ["CCL after FIL", `${VER}FIL 27\r\nCCL\r\n`, "peer-cancelled"],
  ])("refuses %s", (_what, bytes, code) => {
    const { problem } = receiverOf(27).receive(Buffer.from(bytes, "latin1"));
    expect(problem?.code).toBe(code);
  });

  it.each([
    ["a chunk without bytes", [0, 0, 0], "bad-chunk"],
    ["a chunk of type 1 with bytes", [1, 5, 0], "bad-chunk"],
    ["a chunk of type 2", [2], "bad-chunk"],
    ["an end marker before the end", [1, 0, 0], "peer-cancelled"],
    ["one byte more than FIL", [0, 28, 0], "too-much-data"],
    ["CCL instead of a chunk", [...Buffer.from("CCL\r\n")], "peer-cancelled"],
    ["BYE instead of a chunk", [...Buffer.from("BYE 2164261683\r\n")], "peer-cancelled"],
    ["another line instead of a chunk", [...Buffer.from("BYEBYE\r\n")], "bad-line"],
  ])("refuses %s", (_what, bytes, code) => {
    const receiver = pulling(27);
    const { problem, data } = receiver.receive(Buffer.from(bytes));
    expect(problem?.code).toBe(code);
    expect(data).toBeUndefined();
    expect(receiver.receive(chunksOf(V1)).data).toBeUndefined();
  });

  it("hands out what came before a chunk that is too long, and nothing of it", () => {
    const receiver = pulling(27);
    const good = chunksOf(V1.subarray(0, 10));
    const { data, problem } = give(
      receiver,
      Buffer.concat([good, Buffer.from([0, 18, 0, 1, 2, 3])]),
    );
    expect(data?.toString()).toBe("Hello, LCS");
    expect(problem?.code).toBe("too-much-data");
  });

  it.each([
    ["CCL", "CCL\r\n", "peer-cancelled"],
    ["more content", "\0\x01\0a", "bad-line"],
    ["TFR", "TFR\r\n", "unexpected-line"],
  ])("refuses %s where the MAC should be", (_what, bytes, code) => {
    const receiver = pulling(27);
    give(receiver, chunksOf(V1));
    expect(give(receiver, bytes).problem?.code).toBe(code);
  });

  it("lets a sender say BYE after its MAC", () => {
    const receiver = pulling(27);
    give(receiver, Buffer.concat([chunksOf(V1), macLine(VECTORS[1]?.mac ?? "")]));
    expect(give(receiver, "BYE 16777987\r\n").problem).toBeUndefined();
  });
});
