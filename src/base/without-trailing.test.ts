import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { withoutTrailing } from "./without-trailing.ts";

describe("withoutTrailing", () => {
  it("is the expression that it stands for", () => {
    const text = fc.string({ unit: fc.constantFrom(".", "=", "a", "é", " "), maxLength: 12 });
    fc.assert(
      fc.property(text, (value) => {
        expect(withoutTrailing(value, ".=")).toBe(value.replace(/[.=]+$/, ""));
      }),
    );
  });
});
