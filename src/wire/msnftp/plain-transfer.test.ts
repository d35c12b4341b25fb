import { describe, expect, it } from "vitest";
import { BYE_CODE } from "./bye-code.ts";
import { createChunkWriter } from "./chunk-writer.ts";
import { createFileReceiver, type FileReceiver } from "./file-receiver.ts";
import { createFileSender, type FileSender } from "./file-sender.ts";
import { AUTH_COOKIE, USER, VECTORS } from "./vectors.test-data.ts";

/** The plain variant MSNFTP: what is said in it byte for byte, by both roles (lcs.md B4). */
const VER = "VER MSNFTP\r\n";
const USR = `USR ${USER} ${AUTH_COOKIE}\r\n`;
const V1 = "Hello, LCS file transfer!\r\n";
/** The chunk of V1: 27 bytes, in clear. */
const V1_CHUNK = `\0\x1b\0${V1}`;
const MARKER = "\x01\0\0";
const BYE_SENT = `BYE ${BYE_CODE.sent}\r\n`;

function bytes(text: string): Buffer {
  return Buffer.from(text, "latin1");
}

function receiverOf(size: number): FileReceiver {
  return createFileReceiver({ keys: undefined, user: USER, authCookie: AUTH_COOKIE, size });
}

/** Up to the moment when chunks are expected. */
function pulling(size: number): FileReceiver {
  const receiver = receiverOf(size);
  expect(receiver.receive(bytes(`${VER}FIL ${size}\r\n`)).problem).toBeUndefined();
  receiver.request();
  return receiver;
}

/** What comes of the pieces after TFR, taken together. */
function fetched(pieces: readonly Buffer[], size = 27): Record<string, unknown> {
  const receiver = pulling(size);
  const data: string[] = [];
  let problem: string | undefined;
  for (const piece of pieces) {
    const step = receiver.receive(Buffer.from(piece));
    data.push(step.data?.toString("latin1") ?? "");
    problem ??= step.problem?.code;
  }
  return { data: data.join(""), problem, state: receiver.state, proof: receiver.proof?.kind };
}

const WHOLE = { data: V1, problem: undefined, state: "complete", proof: "length" };

describe("createFileReceiver without keys", () => {
  it.each(VECTORS)("fetches $name in clear", ({ plain }) => {
    const receiver = receiverOf(plain.length);
    const said = [receiver.greet()];
    said.push(receiver.receive(bytes(VER)).write ?? Buffer.alloc(0));
    receiver.receive(bytes(`FIL ${plain.length}\r\n`));
    said.push(receiver.request());
    const framed = createChunkWriter(undefined).frame(plain);
    const { data, problem } = receiver.receive(framed);
    expect(problem).toBeUndefined();
    expect((data ?? Buffer.alloc(0)).equals(plain)).toBe(true);
    expect(receiver.proof).toEqual({ kind: "length" });
    said.push(receiver.acknowledge(BYE_CODE.received));
    expect(Buffer.concat(said).toString()).toBe(`${VER}${USR}TFR\r\nBYE 16777989\r\n`);
  });

  it("takes a sender that names several versions", () => {
    const step = receiverOf(27).receive(bytes("VER MYPROTO MSNFTP\r\n"));
    expect(step.write?.toString()).toBe(USR);
  });

  it.each([
    ["nothing", ""],
    ["the end marker", MARKER],
    ["a farewell", BYE_SENT],
    ["both", `${MARKER}${BYE_SENT}`],
  ])("reads the same wherever the stream is cut, with %s after the content", (_what, after) => {
    const all = bytes(`\0\x0a\0${V1.slice(0, 10)}\0\x11\0${V1.slice(10)}${after}`);
    expect(fetched([all])).toEqual(WHOLE);
    for (let at = 1; at < all.length; at += 1)
      expect(fetched([all.subarray(0, at), all.subarray(at)])).toEqual(WHOLE);
    expect(fetched([...all].map((byte) => Buffer.from([byte])))).toEqual(WHOLE);
  });

  it("takes the end marker alone for an empty file", () => {
    expect(fetched([bytes(MARKER)], 0)).toEqual({ ...WHOLE, data: "" });
    expect(fetched([], 0)).toEqual({ ...WHOLE, data: "" });
  });

  it("takes a chunk of 20,000 bytes, as one client sends them", () => {
    const content = "x".repeat(20_000);
    expect(fetched([bytes(`\0\x20\x4e${content}`)], 20_000)["data"]).toBe(content);
  });

  it.each([
    ["only the encrypted version", "VER MSN_SECURE_FTP\r\n", "no-common-version"],
    ["a version of another name", "VER MSNFTP2\r\n", "no-common-version"],
    ["fifty versions", `VER${" A".repeat(49)} MSNFTP\r\n`, "bad-line"],
    ["a version with a blank too many", "VER  MSNFTP\r\n", "bad-line"],
    ["a line that ends with LF", "VER MSNFTP\n", "bad-line"],
    ["FIL before VER", "FIL 27\r\n", "unexpected-line"],
    ["another size", `${VER}FIL 28\r\n`, "wrong-size"],
    ["a negative size", `${VER}FIL -1\r\n`, "bad-line"],
    ["a size of another number system", `${VER}FIL 0x1b\r\n`, "bad-line"],
    ["content before TFR", `${VER}FIL 27\r\n${V1_CHUNK}`, "bad-line"],
    ["the end marker before TFR", `${VER}FIL 27\r\n${MARKER}`, "bad-line"],
    ["CCL at the start", "CCL\r\n", "peer-cancelled"],
    ["CCL after VER", `${VER}CCL\r\n`, "peer-cancelled"],
    ["CCL after FIL", `${VER}FIL 27\r\nCCL\r\n`, "peer-cancelled"],
  ])("refuses %s", (_what, text, code) => {
    expect(receiverOf(27).receive(bytes(text)).problem?.code).toBe(code);
  });

  it.each([
    ["a chunk without bytes", "\0\0\0", "bad-chunk"],
    ["a chunk of type 1 with bytes", "\x01\x05\0", "bad-chunk"],
    ["a chunk of type 2", "\x02", "bad-chunk"],
    ["a chunk of type 255", "\xff", "bad-chunk"],
    ["an end marker before the end", MARKER, "peer-cancelled"],
    ["an end marker after half", `\0\x01\0H${MARKER}`, "peer-cancelled"],
    ["one byte more than FIL in one chunk", `\0\x1c\0${V1}x`, "too-much-data"],
    ["one byte more than FIL in another chunk", `${V1_CHUNK}\0\x01\0x`, "bad-line"],
    ["CCL instead of a chunk", "CCL\r\n", "peer-cancelled"],
    ["a farewell instead of a chunk", BYE_SENT, "peer-cancelled"],
    ["CCL after the content", `${V1_CHUNK}CCL\r\n`, "peer-cancelled"],
    ["a cancelling BYE after it", `${V1_CHUNK}BYE 2164261683\r\n`, "peer-cancelled"],
    ["half an end marker", `${V1_CHUNK}\x01\x01`, "bad-chunk"],
    ["a second end marker", `${V1_CHUNK}${MARKER}${MARKER}`, "bad-line"],
    ["data after the end marker", `${V1_CHUNK}${MARKER}\0\x01\0x`, "bad-line"],
    ["a MAC", `${V1_CHUNK}MAC TYqRbcXXD9bXp621fFMFjIbesl4=\0\r\n`, "unexpected-line"],
    ["TFR", `${V1_CHUNK}TFR\r\n`, "unexpected-line"],
  ])("refuses %s, wherever the stream is cut", (_what, text, code) => {
    const all = bytes(text);
    const whole = fetched([all]);
    expect(whole).toMatchObject({ problem: code });
    expect(String(whole["data"]).length).toBeLessThanOrEqual(27);
    for (let at = 1; at < all.length; at += 1)
      expect(fetched([all.subarray(0, at), all.subarray(at)])).toEqual(whole);
  });
});

describe("createFileSender of MSNFTP", () => {
  function senderAfter(text: string): FileSender {
    const plan = { protocol: "MSNFTP", user: USER, authCookie: AUTH_COOKIE, size: 27 } as const;
    const sender = createFileSender(plan);
    expect(sender.receive(bytes(text)).problem).toBeUndefined();
    return sender;
  }

  it.each([
    ["the version alone", VER],
    ["several, as one client does", "VER MYPROTO MSNFTP\r\n"],
    ["both that there are", "VER MSN_SECURE_FTP MSNFTP\r\n"],
  ])("answers with the plain version to %s", (_what, ver) => {
    const { write } = senderAfter("").receive(bytes(`${ver}${USR}TFR\r\n`));
    expect(write?.toString()).toBe(`${VER}FIL 27\r\n`);
  });

  it("reads the same wherever the stream is cut", () => {
    const all = bytes(`VER MYPROTO MSNFTP\r\n${USR}TFR\r\n`);
    for (let at = 1; at < all.length; at += 1) {
      const sender = senderAfter("");
      const said = [all.subarray(0, at), all.subarray(at)].map((piece) =>
        String(sender.receive(piece).write ?? ""),
      );
      expect(said.join("")).toBe(`${VER}FIL 27\r\n`);
      expect(sender.state).toBe("requested");
    }
  });

  it("takes BYE for a receipt, after the last byte alone", () => {
    const sender = senderAfter(`${VER}${USR}TFR\r\n`);
    sender.begin();
    sender.finish();
    sender.receive(bytes("BYE 16777989\r\n"));
    expect(sender.state).toBe("acknowledged");
    const early = senderAfter(`${VER}${USR}TFR\r\n`);
    expect(early.receive(bytes("BYE 16777989\r\n")).problem?.code).toBe("unexpected-line");
  });

  it.each([
    ["only the encrypted version", "", "VER MSN_SECURE_FTP\r\n", "no-common-version"],
    ["fifty versions", "", `VER${" A".repeat(49)} MSNFTP\r\n`, "bad-line"],
    ["a line that ends with LF", VER, `USR ${USER} ${AUTH_COOKIE}\n`, "bad-line"],
    ["another cookie", VER, `USR ${USER} 1\r\n`, "wrong-user"],
    ["CCL at the start", "", "CCL\r\n", "peer-cancelled"],
    ["CCL after VER", VER, "CCL\r\n", "peer-cancelled"],
    ["CCL after USR", `${VER}${USR}`, "CCL\r\n", "peer-cancelled"],
    ["CCL while it waits", `${VER}${USR}TFR\r\n`, "CCL\r\n", "peer-cancelled"],
    ["an end marker", `${VER}${USR}TFR\r\n`, MARKER, "bad-line"],
  ])("ends at %s", (_what, before, text, code) => {
    expect(senderAfter(before).receive(bytes(text)).problem?.code).toBe(code);
  });
});

describe("createChunkWriter without keys", () => {
  it("cuts V1 and V3 into the chunks that every client takes", () => {
    const writer = createChunkWriter(undefined);
    expect(writer.frame(bytes(V1)).toString("latin1")).toBe(V1_CHUNK);
    const large = VECTORS[3]?.plain ?? Buffer.alloc(0);
    const head = (low: number, high: number): Buffer => Buffer.from([0, low, high]);
    const wanted = Buffer.concat([
      head(0xfd, 0x07),
      large.subarray(0, 2045),
      head(0xfd, 0x07),
      large.subarray(2045, 4090),
      head(0x8e, 0x03),
      large.subarray(4090),
    ]);
    expect(createChunkWriter(undefined).frame(large).equals(wanted)).toBe(true);
  });
});
