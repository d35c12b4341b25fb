import { describe, expect, it } from "vitest";
import { normalizeText } from "./normalize-text.ts";

describe("normalizeText", () => {
  it("gives the form that Unicode gives", () => {
    expect(normalizeText("ｅｘｅ ﬁle e\u0301", "NFKC")).toBe("exe file é");
    expect(normalizeText("plain", "NFKD")).toBe("plain");
    const vietnamese = "a\u0323\u0302";
    expect(normalizeText(vietnamese, "NFC")).toBe(vietnamese.normalize("NFC"));
  });

  it("leaves out marks beyond the thirtieth of a run, however they are written", () => {
    for (const pair of ["\u0323\u0301", "\uFF9E\u0323", "\u3099\u0301"]) {
      const marked = normalizeText(`a${pair.repeat(16_000)}b`, "NFKC");
      expect(marked.length).toBeLessThan(40);
      expect(marked.endsWith("b")).toBe(true);
    }
  });
});
