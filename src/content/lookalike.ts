/** Letters of other scripts that are drawn like a Latin letter: a small table of our own, Cyrillic and Greek. */
const LATIN_OF: ReadonlyMap<string, string> = new Map(
  Object.entries({
    а: "a",
    ь: "b",
    в: "b",
    с: "c",
    ԁ: "d",
    е: "e",
    ё: "e",
    һ: "h",
    і: "i",
    ї: "i",
    ј: "j",
    к: "k",
    ӏ: "l",
    м: "m",
    н: "h",
    о: "o",
    р: "p",
    ԛ: "q",
    г: "r",
    ѕ: "s",
    т: "t",
    у: "y",
    ѵ: "v",
    ԝ: "w",
    х: "x",
    з: "3",
    α: "a",
    β: "b",
    ε: "e",
    η: "n",
    ι: "i",
    κ: "k",
    ν: "v",
    ο: "o",
    ρ: "p",
    τ: "t",
    υ: "u",
    χ: "x",
    ω: "w",
    ı: "i",
    ɑ: "a",
    ɡ: "g",
    ո: "n",
    օ: "o",
    ѐ: "e",
    ꜱ: "s",
    ᴄ: "c",
    ᴏ: "o",
    ᴠ: "v",
    ᴡ: "w",
    ᴢ: "z",
  }),
);

/**
 * The text with look-alike letters replaced by the Latin ones and diacritics taken off; ASCII stays as it is.
 *
 * @example asciiLookalike("ex\u0435") // "exe"
 */
export function asciiLookalike(text: string): string {
  let out = "";
  for (const character of text.normalize("NFKD")) {
    if (/\p{M}/u.test(character)) continue;
    out += LATIN_OF.get(character.toLowerCase()) ?? character;
  }
  return out;
}
