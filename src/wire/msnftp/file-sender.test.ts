import { describe, expect, it } from "vitest";
import { createFileSender, type FileSender } from "./file-sender.ts";
import { AUTH_COOKIE, USER } from "./vectors.test-data.ts";

const VER = "VER MSN_SECURE_FTP\r\n";
const USR = `USR ${USER} ${AUTH_COOKIE}\r\n`;

function senderAfter(bytes: string, size = 27): FileSender {
  const sender = createFileSender({
    protocol: "MSN_SECURE_FTP",
    user: USER,
    authCookie: AUTH_COOKIE,
    size,
  });
  expect(sender.receive(Buffer.from(bytes)).problem).toBeUndefined();
  return sender;
}

function answers(sender: FileSender, bytes: string): string {
  const { write, problem } = sender.receive(Buffer.from(bytes, "latin1"));
  return problem?.code ?? write?.toString() ?? "";
}

describe("createFileSender", () => {
  it("says what the known client expects of a sender", () => {
    const sender = senderAfter("");
    expect(answers(sender, VER)).toBe(VER);
    expect(answers(sender, USR)).toBe("FIL 27\r\n");
    expect(answers(sender, "TFR\r\n")).toBe("");
    expect(sender.state).toBe("requested");
    sender.begin();
    sender.finish();
    expect(answers(sender, "BYE 16777989\r\n")).toBe("");
    expect(sender.state).toBe("acknowledged");
  });

  it("answers lines that come in one piece", () => {
    const sender = senderAfter("");
    expect(answers(sender, `VER OTHER MSN_SECURE_FTP\r\n${USR}TFR\r\n`)).toBe(`${VER}FIL 27\r\n`);
    expect(sender.state).toBe("requested");
  });

  it("does not mind the case of the user", () => {
    expect(answers(senderAfter(VER), `USR BOB@Example.COM ${AUTH_COOKIE}\r\n`)).toBe("FIL 27\r\n");
  });

  it.each([
    ["another cookie", `USR ${USER} 123456780\r\n`],
    ["a longer cookie", `USR ${USER} 0${AUTH_COOKIE}\r\n`],
    ["a shorter cookie", `USR ${USER} 12345678\r\n`],
    ["another user", `USR bobby@example.com ${AUTH_COOKIE}\r\n`],
  ])("refuses %s and does not tell the size", (_what, line) => {
    const step = senderAfter(VER).receive(Buffer.from(line));
    expect(step.problem?.code).toBe("wrong-user");
    expect(step.write).toBeUndefined();
  });

  it.each([
    ["USR before VER", "", USR, "unexpected-line"],
    ["TFR before USR", VER, "TFR\r\n", "unexpected-line"],
    ["TFR twice", `${VER}${USR}TFR\r\n`, "TFR\r\n", "unexpected-line"],
    ["BYE before the content", `${VER}${USR}TFR\r\n`, "BYE 16777989\r\n", "unexpected-line"],
    ["the plain version only", "", "VER MSNFTP\r\n", "no-common-version"],
    ["junk", "", "GET / HTTP/1.1\r\n", "bad-line"],
    ["TLS", "", "\x16\x03\x01", "bad-line"],
    ["CCL at the start", "", "CCL\r\n", "peer-cancelled"],
    ["CCL after VER", VER, "CCL\r\n", "peer-cancelled"],
    ["CCL after USR", `${VER}${USR}`, "CCL\r\n", "peer-cancelled"],
    ["CCL while it waits", `${VER}${USR}TFR\r\n`, "CCL\r\n", "peer-cancelled"],
    [
      "a cancelling BYE while it waits",
      `${VER}${USR}TFR\r\n`,
      "BYE 2164261682\r\n",
      "peer-cancelled",
    ],
  ])("ends at %s", (_what, before, bytes, code) => {
    expect(answers(senderAfter(before), bytes)).toBe(code);
  });

  it.each([
    ["CCL", "CCL\r\n", "peer-cancelled"],
    ["a full disk", "BYE 2147942405\r\n", "peer-cancelled"],
    ["thanks before the end", "BYE 16777989\r\n", "unexpected-line"],
  ])("ends at %s in the middle of the content", (_what, bytes, code) => {
    const sender = senderAfter(`${VER}${USR}TFR\r\n`);
    sender.begin();
    expect(answers(sender, bytes)).toBe(code);
  });

  it("takes no BYE but the good one for a receipt", () => {
    const sender = senderAfter(`${VER}${USR}TFR\r\n`);
    sender.begin();
    sender.finish();
    expect(answers(sender, "BYE 2164261682\r\n")).toBe("peer-cancelled");
    expect(sender.state).toBe("sent");
  });

  it("takes the receipt for an empty file as soon as it was asked for, and no second one", () => {
    const sender = senderAfter(`${VER}${USR}TFR\r\nBYE 16777989\r\n`, 0);
    expect(sender.state).toBe("requested");
    const cancelled = senderAfter(`${VER}${USR}TFR\r\nBYE 16777989\r\n`, 0);
    expect(answers(cancelled, "BYE 2164261682\r\n")).toBe("peer-cancelled");
    const twice = senderAfter(`${VER}${USR}TFR\r\nBYE 16777989\r\n`, 0);
    expect(answers(twice, "BYE 16777989\r\n")).toBe("unexpected-line");
    sender.begin();
    sender.finish();
    expect(sender.state).toBe("acknowledged");
  });

  it("lets nobody begin before the receiver asks", () => {
    expect(() => senderAfter(`${VER}${USR}`).begin()).toThrow("offered");
  });
});
