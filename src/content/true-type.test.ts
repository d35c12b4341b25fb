import { describe, expect, it } from "vitest";
import { trueType } from "./true-type.ts";

describe("trueType", () => {
  it.each([
    ["MZ\x90\0", "executable"],
    ["\xef\xbb\xbfMZ", "executable"],
    ["\x7fELF\x02", "executable"],
    ["\xcf\xfa\xed\xfe", "executable"],
    ["\xca\xfe\xba\xbe\0\0\0\x41", "executable"],
    ["\xca\xfe\xba\xbe\0\0\0\x02", "executable"],
    ["#!/bin/sh\n", "script"],
    ["\r\n@ECHO off", "script"],
    ["<html><script>x</script>", "script"],
    ["<svg xmlns='x'>", "script"],
    ["L\0\0\0\x01\x14\x02\0", "shortcut"],
    ["[InternetShortcut]\r\nURL=x", "shortcut"],
    ["\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "office"],
    ["PK\x03\x04....[Content_Types].xml", "office"],
    ["PK\x03\x04....META-INF/MANIFEST.MF", "executable"],
    ["PK\x03\x04....AndroidManifest.xml", "installer"],
    ["PK\x03\x04....a.txt", "archive"],
    ["MSCF\0", "archive"],
    ["Rar!\x1a\x07\x01\0", "archive"],
    ["%PDF-1.7", "document"],
    ["\xff\xd8\xff\xe0", "image"],
    ["\x89PNG\r\n\x1a\n", "image"],
    ["RIFF....WEBP", "image"],
    ["....ftypisom", "video"],
    [`ID3\x03${"\0".repeat(20)}MZ....PE\0\0`, "executable"],
    [`${"\0".repeat(257)}ustar`, "archive"],
  ])("names the group of a file that begins with %j", (bytes, group) => {
    expect(trueType(Buffer.from(bytes, "latin1"))?.group).toBe(group);
  });

  it("does not guess", () => {
    expect(trueType(Buffer.from("hello"))).toBeUndefined();
    expect(trueType(Buffer.alloc(0))).toBeUndefined();
    expect(trueType(Buffer.from("M"))).toBeUndefined();
  });

  it("takes no bytes for LZMA that do not unpack", () => {
    const head = Buffer.from("\x5d\0\0\x10\0\xc8\0\0\0\0\0\0\0\0", "latin1");
    const other = Buffer.concat([head, Buffer.alloc(100, 0xff)]);
    expect(trueType(other)).toBeUndefined();
  });
});
