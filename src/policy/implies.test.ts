import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { implies } from "./implies.ts";
import type { ConditionData } from "./condition-schema.ts";

const OBJECTS = new Map<string, ConditionData>([
  ["own", { from: { domain: "a.example" }, direction: "outbound" }],
  ["round", { object: "round" }],
]);

function holds(first: string, second: string): boolean {
  return implies(parse(first) as ConditionData, parse(second) as ConditionData, OBJECTS);
}

describe("implies", () => {
  it.each([
    ["{ text: { phrase: x } }", "{}"],
    ["{ url: { host: a, punycode: true } }", "{ url: { host: [a, b] } }"],
    ["{ direction: inbound, text: { phrase: x } }", "{ direction: [inbound, outbound] }"],
    ["{ file: { extension: { in_list: a } } }", "{ file: { extension: { in_list: [a, b] } } }"],
    ["{ url: { zone: { not: [a, b] } } }", "{ url: { zone: { not: a } } }"],
    ["{ file: { extension: exe } }", "{ file: { exists: true } }"],
    ["{ url: { zone: internet } }", "{ url: { any: true } }"],
    ["{ all: [ { direction: inbound }, { text: { phrase: x } } ] }", "{ direction: inbound }"],
    [
      "{ direction: inbound, channel: msrp }",
      "{ all: [{ direction: inbound }, { channel: msrp }] }",
    ],
    ["{ direction: inbound }", "{ any: [ { direction: inbound }, { channel: msrp } ] }"],
    [
      "{ any: [ { direction: inbound }, { direction: transit } ] }",
      "{ direction: [inbound, transit] }",
    ],
    [
      "{ any: [ { channel: msrp }, { channel: t120 } ], direction: inbound }",
      "{ direction: inbound }",
    ],
    ["{ object: own, text: { phrase: x } }", "{ from: { domain: a.example } }"],
    ["{ from: { domain: a.example }, direction: outbound }", "{ object: own }"],
    ["{ not: { direction: [inbound, transit] } }", "{ not: { direction: inbound } }"],
    ["{ url: { every: { zone: a, is_ip: true } } }", "{ url: { every: { zone: a } } }"],
  ])("%s → %s", (first, second) => {
    expect(holds(first, second)).toBe(true);
  });

  it.each([
    ["{}", "{ text: { phrase: x } }"],
    ["{ url: { host: [a, b] } }", "{ url: { host: a } }"],
    ["{ url: { host: a } }", "{ url: { host: { suffix: a } } }"],
    [
      "{ all: [ { url: { host: a } }, { url: { is_ip: true } } ] }",
      "{ url: { host: a, is_ip: true } }",
    ],
    ["{ url: { zone: { not: a } } }", "{ url: { zone: { not: [a, b] } } }"],
    ["{ url: { any: false } }", "{ url: { any: true } }"],
    ["{ file: { exists: false } }", "{ file: { exists: true } }"],
    ["{ any: [ { direction: inbound }, { channel: msrp } ] }", "{ direction: inbound }"],
    ["{ not: { direction: inbound } }", "{ not: { direction: [inbound, transit] } }"],
    ["{ file: { size: { between: [1, 2] } } }", "{ file: { size: { between: [1, 2, 3] } } }"],
    ["{ url: { every: { zone: a } } }", "{ url: { zone: b } }"],
    ["{ object: round }", "{ direction: inbound }"],
    ["{ direction: inbound }", "{ object: nowhere }"],
  ])("%s says nothing of %s", (first, second) => {
    expect(holds(first, second)).toBe(false);
  });
});
