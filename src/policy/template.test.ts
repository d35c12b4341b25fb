import { describe, expect, it } from "vitest";
import { renderTemplate } from "./template.ts";

describe("renderTemplate", () => {
  it("puts values in place of macros and nothing where there is no value", () => {
    const text = "{file.name} stopped{scan.name}. Ref {incident.short}, {not a macro} {}";
    expect(renderTemplate(text, { "file.name": "a.exe", "incident.short": "INC-1" })).toBe(
      "a.exe stopped. Ref INC-1, {not a macro} {}",
    );
  });

  it("knows no values but those given", () => {
    expect(renderTemplate("[{constructor}]", {})).toBe("[]");
  });

  it("does not read values again", () => {
    expect(renderTemplate("{file.name}", { "file.name": "{from.aor}", "from.aor": "x" })).toBe(
      "{from.aor}",
    );
  });
});
