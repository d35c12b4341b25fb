import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HOSTILE_UNITS } from "../../test/support/hostile-link-texts.ts";
import { findHtmlLinks } from "./find-html-links.ts";
import { findLinks } from "./find-links.ts";

/**
 * The work of a search, counted rather than timed: characters looked at one by one, and characters cut out of the text to be looked
 * at again. Twice the text may cost twice the work, whatever the text; a quadratic step would cost four times.
 */

type Counted = "charCodeAt" | "codePointAt" | "charAt" | "slice" | "indexOf" | "normalize";
const COUNTED: readonly Counted[] = [
  "charCodeAt",
  "codePointAt",
  "charAt",
  "slice",
  "indexOf",
  "normalize",
];
const originals = new Map(
  COUNTED.map((name) => [name, Object.getOwnPropertyDescriptor(String.prototype, name)] as const),
);
let work = 0;

beforeEach(() => {
  for (const [name, descriptor] of originals) {
    const original = descriptor?.value as (this: string, ...args: unknown[]) => unknown;
    // eslint-disable-next-line no-extend-native -- to count, and put back after each test
    Object.defineProperty(String.prototype, name, {
      ...descriptor,
      value(this: string, ...args: unknown[]) {
        const result = original.apply(this, args);
        work += typeof result === "string" ? 1 + result.length : 1;
        return result;
      },
    });
  }
});

afterEach(() => {
  for (const [name, descriptor] of originals)
    // eslint-disable-next-line no-extend-native -- as it was
    if (descriptor !== undefined) Object.defineProperty(String.prototype, name, descriptor);
});

function workOn(
  unit: string,
  size: number,
  find: (text: string, limit: number) => unknown,
): number {
  const text = unit.repeat(Math.ceil(size / unit.length));
  work = 0;
  find(text, 1000);
  return work;
}

describe("the work of finding links", () => {
  it.each([
    ["texts", findLinks, 60],
    ["HTML", findHtmlLinks, 60],
  ] as const)("grows with the length of hostile %s and no faster", (_, find, most) => {
    const steep = HOSTILE_UNITS.flatMap((unit) => {
      const [small, large] = [workOn(unit, 16_384, find), workOn(unit, 32_768, find)];
      const perCharacter = large / 32_768;
      if (large <= 2.2 * small + 20_000 && perCharacter <= most) return [];
      return [`${JSON.stringify(unit)}: ${small}, ${large}, ${perCharacter.toFixed(1)}`];
    });
    expect(steep).toEqual([]);
  });
});
