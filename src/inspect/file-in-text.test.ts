import { describe, expect, it } from "vitest";
import { hasFileInText } from "./file-in-text.ts";

describe("hasFileInText", () => {
  it.each([
    "begin 644 a.exe\r\n#0V%T\r\n`\r\nend",
    "look:\nbegin 0755 a.exe\n#0V%T",
    "begin-base64 644 a.exe\r\nQ2F0\r\n====",
    "=ybegin line=128 size=3 name=a.exe\r\n\x6d\x8b\x9e",
    "(This file must be converted with BinHex 4.0)\r\n:abc:",
  ])("finds %j", (text) => {
    expect(hasFileInText(text)).toBe(true);
  });

  it.each([
    "begin 644",
    "we begin 100 metres from here",
    "begin 100 metres from here, ok?\r\nYes",
    "begin with a.exe\nand end there",
    "begin 644 a.txt",
    "x =ybegin line=128 name=a",
  ])("bears with %j", (text) => {
    expect(hasFileInText(text)).toBe(false);
  });
});
