import { describe, expect, it } from "vitest";
import { createNarrator } from "./narrator.ts";

function told(isTTY: boolean, env: Record<string, string> = {}): string {
  let text = "";
  const output = { isTTY, write: (written: string): string => (text += written) };
  const tell = createNarrator({ output, env });
  tell.act(1, "A link");
  tell.says("Bob reads", "first\r\nsecond \u001b[31m");
  tell.good("passed");
  tell.bad("failed");
  return text;
}

describe("createNarrator", () => {
  it("sets texts of several lines below each other and lets none steer the terminal", () => {
    expect(told(false)).toBe(
      [
        "",
        "1  A link",
        "   Bob reads        first",
        "                    second ?[31m",
        "   ✓ passed",
        "   ✗ failed",
        "",
      ].join("\n"),
    );
  });

  it("colours on a terminal, unless asked not to", () => {
    expect(told(true)).toContain("\u001b[32m✓");
    expect(told(true, { NO_COLOR: "1" })).toBe(told(false));
    expect(told(true, { TERM: "dumb" })).toBe(told(false));
  });
});
