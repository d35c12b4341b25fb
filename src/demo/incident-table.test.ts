import { describe, expect, it } from "vitest";
import { incidentTable } from "./incident-table.ts";

describe("incidentTable", () => {
  it("shows the oldest first, in columns, without control characters", () => {
    const rows = [
      { id: "INC-2", action: "block", reason: "A link\u001b[2J", rule: "link-to-program" },
      { id: "INC-1", action: "rewrite", reason: "Links", rule: "disable" },
    ];
    const lines = incidentTable(rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    expect(lines).toEqual([
      "INCIDENT  ACTION   WHAT        RULE",
      "INC-1     rewrite  Links       disable",
      "INC-2     block    A link?[2J  link-to-program",
    ]);
  });

  it("has nothing but its heading when nothing happened", () => {
    expect(incidentTable("")).toEqual(["INCIDENT  ACTION  WHAT  RULE"]);
  });
});
