import { expect, it } from "vitest";
import { isInvisible } from "./invisible.ts";
import { isPlainLetter } from "./plain-letter.ts";

it("calls nothing a plain letter that is another in some form, a mark, a digit or not seen", () => {
  const wrong: string[] = [];
  let count = 0;
  for (let codePoint = 0; codePoint <= 0x10_ffff; codePoint += 1) {
    if (!isPlainLetter(codePoint)) continue;
    count += 1;
    const character = String.fromCodePoint(codePoint);
    const isItself = character.normalize("NFKC") === character;
    if (!isItself || isInvisible(codePoint) || /[\p{M}\p{N}\p{Pd}]/u.test(character)) {
      wrong.push(`U+${codePoint.toString(16)}`);
    }
  }
  expect(wrong).toEqual([]);
  expect(count).toBeGreaterThan(30_000);
});
