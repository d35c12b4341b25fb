import { describe, expect, it } from "vitest";
import { renderPartly, renderTemplate, unknownMacros } from "./template.ts";

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

describe("renderPartly", () => {
  it("lets a brace that a value holds stay a brace, and all else for later", () => {
    const partly = renderPartly("{rule.title}: {from.aor} {{x}}", { "rule.title": "a {from.aor}" });
    expect(renderTemplate(partly, { "from.aor": "sip:a@x" })).toBe("a {from.aor}: sip:a@x {x}");
  });
});

describe("unknownMacros", () => {
  it("names what is no macro, and nothing that is written as a brace", () => {
    expect(unknownMacros("{rule.id} {{rule.idd}} {rule.idd} { from.aor }")).toEqual([
      { name: "rule.idd", hint: 'did you mean "rule.id"?' },
      { name: " from.aor ", hint: 'did you mean "from.aor"?' },
    ]);
  });
});
