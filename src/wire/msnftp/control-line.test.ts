import { describe, expect, it } from "vitest";
import { readControlLine, serializeControlLine, type ControlLine } from "./control-line.ts";

const GOOD: readonly (readonly [string, ControlLine])[] = [
  ["VER MSN_SECURE_FTP", { kind: "VER", protocols: ["MSN_SECURE_FTP"] }],
  ["VER MYPROTO MSN_SECURE_FTP", { kind: "VER", protocols: ["MYPROTO", "MSN_SECURE_FTP"] }],
  [
    "USR bob@example.com 123456789",
    { kind: "USR", user: "bob@example.com", authCookie: "123456789" },
  ],
  ["FIL 0", { kind: "FIL", size: 0 }],
  ["FIL 5000", { kind: "FIL", size: 5000 }],
  ["TFR", { kind: "TFR" }],
  ["BYE 16777989", { kind: "BYE", code: 16_777_989 }],
  ["CCL", { kind: "CCL" }],
  ["MAC TYqRbcXXD9bXp621fFMFjIbesl4=\0", { kind: "MAC", mac: "TYqRbcXXD9bXp621fFMFjIbesl4=" }],
];

describe("readControlLine", () => {
  it.each(GOOD)("reads %j", (text, line) => {
    expect(readControlLine(text)).toEqual({ ok: true, value: line });
  });

  it.each([
    "",
    "VER",
    "VER ",
    "ver MSN_SECURE_FTP",
    "VER  MSN_SECURE_FTP",
    "VER MSN_SECURE_FTP ",
    "USR bob@example.com",
    "USR bob@example.com 12345678901",
    "USR bob @example.com 1",
    "USR bob@example.com 1x",
    "FIL",
    "FIL -1",
    "FIL 027",
    "FIL 27 ",
    "FIL 0x1b",
    "FIL 99999999999999999",
    "TFR ",
    "BYE",
    "BYE -1",
    "CCL 1",
    "PUT 1",
    "TFR\0",
  ])("refuses %j", (text) => {
    expect(readControlLine(text)).toMatchObject({ ok: false, problem: { code: "bad-line" } });
  });

  it.each([
    "MAC TYqRbcXXD9bXp621fFMFjIbesl4=",
    "MAC TYqRbcXXD9bXp621fFMFjIbesl4\0",
    "MAC TYqRbcXXD9bXp621fFMFjIbesl4=\0\0",
    "MAC TYqRbcXXD9bXp621fFMFjIbes-4=\0",
    "MAC ",
  ])("takes %j for a bad MAC", (text) => {
    expect(readControlLine(text)).toMatchObject({ ok: false, problem: { code: "bad-mac" } });
  });
});

describe("serializeControlLine", () => {
  it.each(GOOD)("writes %j", (text, line) => {
    expect(serializeControlLine(line).toString("latin1")).toBe(`${text}\r\n`);
  });

  it("writes the MAC line of the known client: 35 bytes with its NUL", () => {
    const line = serializeControlLine({ kind: "MAC", mac: "TYqRbcXXD9bXp621fFMFjIbesl4=" });
    expect(line.toString("hex")).toBe(
      "4d4143205459715262635858443962587036323166464d466a496265736c343d000d0a",
    );
  });
});
