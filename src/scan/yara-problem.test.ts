import { describe, expect, it } from "vitest";
import { readYaraProblem } from "./yara-problem.ts";

const read = (lines: readonly string[]) => readYaraProblem(lines.join("\n"), "a.yar");

describe("readYaraProblem", () => {
  it("reads the place, and the word beside it", () => {
    expect(
      read([
        "error[E025]: unknown pattern `$b`",
        " --> line:4:13",
        "  |",
        "4 |  condition: $b }",
        "  |             ^^ this pattern is not declared in the `strings` section",
      ]),
    ).toEqual({
      file: "a.yar",
      line: 4,
      column: 13,
      message: "unknown pattern `$b`: this pattern is not declared in the `strings` section",
      hint: undefined,
      severity: "error",
    });
  });

  it("makes an error of a warning about what is slow, and says what to do", () => {
    const lines = [
      "warning[slow_pattern]: slow pattern",
      " --> line:1:22",
      "  |",
      "1 | rule slow { strings: $a=/A.{0,500}B/s condition: $a }",
      "  |                      -------------- this pattern may slow down the scan",
    ];
    expect(read(lines)).toMatchObject({
      line: 1,
      column: 22,
      severity: "error",
      message: "slow pattern: a file could keep it busy for minutes",
      hint: expect.stringContaining("fixed bytes") as string,
    });
  });

  it("leaves other warnings what they are", () => {
    const lines = ["warning[invariant_expr]: invariant boolean expression", " --> line:5:21"];
    expect(read(lines)).toMatchObject({ line: 5, severity: "warning" });
  });

  it("takes whatever it cannot read for an error at the beginning of the file", () => {
    expect(read(["panicked"])).toMatchObject({ line: 1, column: 1, severity: "error" });
    expect(read([""])).toMatchObject({ severity: "error" });
    expect(read(["error: x".padEnd(5000, "x")]).message.length).toBeLessThan(400);
  });
});
