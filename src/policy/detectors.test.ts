import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { compilePolicy } from "./compile.ts";
import { leafTrace } from "./condition.ts";
import type { Decision } from "./decision.ts";
import { maskNumbers } from "./detectors.ts";
import type { Facts, Party } from "./facts.ts";

function decided(text: string, texts: readonly string[], trace = false): Decision {
  const data = parse(`{ version: 1, rules: [ { id: r, when: { text: ${text} }, then: block } ] }`);
  const source = { file: "a.yaml", pack: undefined, data: data as unknown, lineOf: () => 1 };
  const compiled = compilePolicy([source], { domains: [], generation: 1 });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problem));
  return compiled.value.decide(factsOf(texts), { trace });
}

function factsOf(texts: readonly string[]): Facts {
  return {
    phase: "message",
    from: ALICE,
    to: ALICE,
    direction: "internal",
    channel: "sip-message",
    transport: "tcp",
    encrypted: false,
    now: 0,
    texts,
    links: [],
    media: [],
    file: undefined,
    scan: undefined,
  };
}

const ALICE: Party = {
  aor: "sip:alice@a.example",
  user: "alice",
  domain: "a.example",
  displayName: "",
  ip: undefined,
  authenticated: true,
};

const CARD = "4111 1111 1111 1111";
const IBAN = "DE89 3704 0044 0532 0130 00";

describe("text.detector", () => {
  it.each<[string, readonly string[], string]>([
    ["{ detector: { payment_card: {} } }", [CARD], "block"],
    ["{ detector: { payment_card: { min: 1 } } }", ["no number"], "allow"],
    ["{ detector: { payment_card: { min: 2 } } }", [`${CARD} and 5555555555554444`], "block"],
    ["{ detector: { payment_card: { min: 2 } } }", [`${CARD} and 4111111111111111`], "allow"],
    ["{ detector: { payment_card: { min: 2 } } }", [CARD, "5555555555554444"], "allow"],
    ["{ detector: { iban: { min: 1 } } }", ["hello", IBAN], "block"],
    ["{ detector: { iban: {}, payment_card: {} } }", [IBAN], "allow"],
    ["{ detector: { iban: {}, payment_card: {} } }", [`${IBAN}, ${CARD}`], "block"],
    ["{ detector: { iban: {} }, phrase: transfer }", [`transfer to ${IBAN}`], "block"],
  ])("%s of %j says %s", (condition, texts, action) => {
    expect(decided(condition, texts).action).toBe(action);
  });

  it("shows numbers masked in a trace, also beside other questions about the text", () => {
    const condition = "{ detector: { payment_card: {}, iban: {} }, phrase: pay, regex: pay }";
    const { trace } = decided(
      condition,
      [`pay ${CARD} or ${IBAN} or ４１１１-1111-1111-1111`],
      true,
    );
    const leaves = trace.flatMap((entry) => entry.leaves);
    expect(leaves.map(({ field, value }) => `${field} ${value}`)).toEqual([
      "text.phrase pay 411111******1111 or DE****************3000 or 411111******1111",
      "text.regex pay 411111******1111 or DE****************3000 or 411111******1111",
      "text.detector.payment_card 411111******1111",
      "text.detector.iban DE****************3000",
    ]);
    const [none] = decided("{ detector: { iban: {} } }", ["hello"], true).trace;
    expect(none?.leaves).toEqual([{ field: "text.detector.iban", value: "none", matched: false }]);
  });
});

describe("leafTrace", () => {
  it("masks numbers before it cuts, so that no half of one is left", () => {
    const { value } = leafTrace("url.any", `${"x".repeat(190)} 4111111111111111`, true);
    expect(value).toBe(`${"x".repeat(190)} 411111**…`);
    expect(leafTrace("url.any", "http://a.example/?pay=4111111111111111", true).value).toBe(
      "http://a.example/?pay=411111******1111",
    );
  });

  it("marks a long value as cut, also where masking has made it short", () => {
    expect(leafTrace("text.phrase", "x".repeat(5000), false).value).toBe(`${"x".repeat(199)}…`);
    const { value } = leafTrace("text.phrase", `${CARD} ${" ".repeat(2000)}${CARD}`, false);
    expect(value).toMatch(/^411111\*{6}1111 +…$/);
  });

  it("looks at no more of a long text than it shows, however many rules show it", () => {
    for (const piece of ["hello ", "4 ", "D E 8 9 ", "\u0664 "]) {
      const text = piece.repeat(131_072 / piece.length);
      const begin = process.cpuUsage();
      for (let rule = 0; rule < 1000; rule += 1) leafTrace("text.phrase", text, false);
      // Masking the whole text a thousand times took 4 to 50 seconds.
      expect(process.cpuUsage(begin).user / 1000).toBeLessThan(2000);
    }
  });

  it("says of one rule a hundred things at most, first what matched", () => {
    const texts = Array.from({ length: 200 }, (_, index) => `part ${index}`);
    texts.push("here is it");
    const [entry] = decided("{ length: { gt: 1 }, phrase: it }", texts, true).trace;
    expect(entry?.leaves.length).toBeLessThanOrEqual(100);
    const [seldom] = decided("{ phrase: it }", texts, true).trace;
    expect(seldom?.leaves.at(-1)).toEqual({
      field: "text.phrase",
      value: "here is it",
      matched: true,
    });
  });
});

describe("maskNumbers", () => {
  it("leaves a text without numbers as it is", () => {
    expect(maskNumbers("lunch at 12:30, room 4111?")).toBe("lunch at 12:30, room 4111?");
  });
});
