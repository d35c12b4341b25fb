import { describe, expect, it } from "vitest";
import { spellsKnownName } from "./escaped-name.ts";

function isCaught(name: string): boolean {
  const bytes = Buffer.from(`--${name}--`, "latin1");
  return spellsKnownName(bytes, 2, bytes.length - 2);
}

describe("spellsKnownName", () => {
  it("finds a known name behind escapes, long or compact, narrow or wide", () => {
    for (const name of [
      "Content%2DLength",
      "%46rom",
      "%6c",
      "%u006C",
      "c%61ll%2did",
      "%6D%73-text-format",
    ]) {
      expect([name, isCaught(name)]).toEqual([name, true]);
    }
  });

  it("leaves names alone that mean nothing either way", () => {
    for (const name of [
      "From",
      "C%6Fntact",
      "X-100%",
      "!%41",
      "%",
      "%%",
      "%zz",
      "%u00",
      "Content%252DLength",
    ]) {
      expect([name, isCaught(name)]).toEqual([name, false]);
    }
  });
});
