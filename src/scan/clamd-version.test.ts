import { describe, expect, it } from "vitest";
import { parseClamdVersion } from "./clamd-version.ts";

describe("parseClamdVersion", () => {
  it.each<[string, boolean, string | undefined]>([
    ["ClamAV 1.4.3/27500/Mon Nov 24 09:40:12 2025", true, "2025-11-24T09:40:12.000Z"],
    ["ClamAV 1.4.3/27500/Mon Dec  1 09:40:12 2025", true, "2025-12-01T09:40:12.000Z"],
    ["ClamAV 1.4.3/27500/", false, undefined],
    ["ClamAV 1.4.3/27500/yesterday", true, undefined],
    ["ClamAV 1.4.3/27500/Mon Foo 24 09:40:12 2025", true, undefined],
    ["ClamAV 1.4.3/27500/Mon Nov 99 09:40:12 2025", true, undefined],
    ["ClamAV 1.4.3/x/Mon Nov 24 09:40:12 2025", false, undefined],
    ["ClamAV 1.4.3", false, undefined],
    ["Else 1.4.3/27500/Mon Nov 24 09:40:12 2025", false, undefined],
    ["", false, undefined],
  ])("reads %j", (version, isKnown, madeAt) => {
    const read = parseClamdVersion(version);
    const at = read.madeAt === undefined ? undefined : new Date(read.madeAt).toISOString();
    expect({ isKnown: read.isKnown, madeAt: at }).toEqual({ isKnown, madeAt });
  });
});
