import { describe, expect, it } from "vitest";
import { readAcceptTypes } from "./accept-types.ts";

function read(line: string): readonly string[] | undefined {
  return readAcceptTypes(line, 10, 12 + line.length)?.types;
}

describe("readAcceptTypes", () => {
  it.each([
    ["a=accept-types:text/plain text/html", ["text/plain", "text/html"]],
    ["a=Accept-Wrapped-Types: TEXT/Plain;charset=utf-8  *", ["text/plain", "*"]],
    ["a= accept-types\t:\ttext/plain", ["text/plain"]],
    ["a=accept-types:", []],
  ])("reads %s", (line, types) => {
    expect(read(line)).toEqual(types);
  });

  it.each([
    "a=accept-type:text/plain",
    "a=accept-types",
    "a=x-accept-types:a/b",
    "m=accept-types:",
  ])("leaves %s to others", (line) => {
    expect(read(line)).toBeUndefined();
  });

  it("says where the list stands", () => {
    expect(readAcceptTypes("a=accept-types:a/b", 10, 30)).toMatchObject({
      lineStart: 10,
      lineEnd: 30,
      listStart: 25,
      listEnd: 28,
    });
  });
});
