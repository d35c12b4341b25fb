import { describe, expect, it } from "vitest";
import { byteText } from "./byte-text.ts";

describe("byteText", () => {
  it.each([
    [0, "0 B"],
    [1023, "1023 B"],
    [1024, "1.0 KiB"],
    [1_572_864, "1.5 MiB"],
    [1_048_575, "1.0 MiB"],
    [3 * 1024 ** 5, "3072.0 TiB"],
    ["12", ""],
    [undefined, ""],
  ])("shows %s as %j", (bytes, text) => {
    expect(byteText(bytes)).toBe(text);
  });
});
