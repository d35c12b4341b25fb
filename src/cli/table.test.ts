import { describe, expect, it } from "vitest";
import { formatTable } from "./table.ts";

const columns = [{ title: "ID" }, { title: "WHAT", flexible: true }, { title: "RULE" }];

describe("formatTable", () => {
  it("makes columns as wide as their content", () => {
    const table = formatTable(columns, [["1", "short", "r"]], { width: undefined, colour: false });
    expect(table).toBe("ID  WHAT   RULE\n1   short  r\n");
  });

  it("cuts the flexible columns so that a line fits, and never the others", () => {
    const rows = [["INC-0123ABCD", "a very long reason indeed, äöü 👩‍👩‍👧 and more", "rule"]];
    const lines = formatTable(columns, rows, { width: 40, colour: false }).split("\n");
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(40);
    expect(lines[1]).toMatch(/^INC-0123ABCD {2}a very long .*… +rule$/);
  });

  it("cuts one character with a thousand marks", () => {
    const rows = [["1", `a${"\u0301".repeat(1000)}b`, "z"]];
    const table = formatTable(columns, rows, { width: 80, colour: false });
    expect(table.length).toBeLessThan(100);
    expect(table).toContain("…b");
  });

  it("lets no cell break out of its line", () => {
    const rows = [["1", "x\r\n\u001b[2Jy", "z"]];
    const table = formatTable(columns, rows, { width: 80, colour: false });
    expect(table.split("\n")).toHaveLength(3);
    expect(table).toContain("x[2Jy");
  });
});
