import { describe, expect, it } from "vitest";
import { scanLinks } from "./scan-links.ts";

const SIZE = 131_072;

function scan(text: string): readonly string[] {
  const budget = { links: 1_000, units: 4 * text.length + 65_536 };
  return scanLinks(text, budget).map((link) => text.slice(link.start, link.end));
}

describe("scanLinks", () => {
  it.each([
    ["dots behind two slashes", `//a${".".repeat(SIZE)}b`],
    ["dots between a letter and a host", `éa${".".repeat(SIZE)}b.com`],
    ["dashes behind letters", `é.a${"-".repeat(SIZE)}é`],
    ["parts of one token", "éa..".repeat(SIZE / 4)],
    ["a host of letters", `${"é".repeat(SIZE)}.com`],
    ["data without comma", ";data:".repeat(SIZE / 6)],
  ])("takes little time for %s", (_, text) => {
    const begin = process.cpuUsage();
    scan(text);
    expect(process.cpuUsage(begin).user / 1000).toBeLessThan(500);
  });

  it("charges the budget for every token looked at", () => {
    for (const text of ["//a.invalid", "éa.invalid"]) {
      const budget = { links: 1_000, units: 5 };
      scanLinks(text, budget);
      expect(budget.units).toBeLessThan(0);
    }
  });

  it("finds a host that many combining marks make longer than 253", () => {
    const label = "a\u0301".repeat(20);
    const host = `${`${label}.`.repeat(7)}com`;
    expect(scan(host)).toEqual([host]);
    expect(scan(`//${host}`)).toEqual([`//${host}`]);
  });

  it("finds a host behind other letters and many dots", () => {
    // the first is a host in Chinese letters to some clients
    expect(scan("它evil.com...吧")).toEqual(["它evil.com...吧", "evil.com...吧"]);
    expect(scan(`é${".".repeat(300)}evil.com吧`)).toEqual(["evil.com"]);
  });
});
