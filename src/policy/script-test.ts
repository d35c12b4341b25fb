/**
 * A test for letters of a script, or of any but some, by the names of Unicode ("Cyrillic", or its code "Cyrl"; UAX #24) in any
 * case. Digits, punctuation and marks, which many scripts share, are letters of none. Undefined when a name is not known.
 *
 * @example scriptTest(["cyrillic"], "any of")?.("привет") // true
 */
export function scriptTest(
  names: readonly string[],
  which: "any of" | "none of",
): ((text: string) => boolean) | undefined {
  const scripts = names.map(scriptProperty);
  if (scripts.includes(undefined)) return undefined;
  const set = which === "any of" ? `[${scripts.join("")}]` : `[^${SHARED}${scripts.join("")}]`;
  // Each character is looked at once.
  const letter = new RegExp(`(?=\\p{L})${set}`, "u");
  return (text) => letter.test(text);
}

/** Whether Unicode knows a script of this name. */
export function isScript(name: string): boolean {
  return scriptProperty(name) !== undefined;
}

/** What was probably meant by a name that is no script: languages are none. */
export function scriptHint(name: string): string {
  const meant = MEANT[name.toLowerCase()];
  return meant === undefined
    ? "scripts are named as in Unicode: Latin, Cyrillic, Greek, Arabic, Han …"
    : `did you mean "${meant}"?`;
}

const MEANT: Readonly<Record<string, string>> = {
  chinese: "Han",
  japanese: "Hiragana",
  kanji: "Han",
  korean: "Hangul",
  russian: "Cyrillic",
  ukrainian: "Cyrillic",
  hindi: "Devanagari",
  farsi: "Arabic",
};

/** Letters that belong to several scripts, as the long vowel mark of Kana. */
const SHARED = "\\p{Script=Common}\\p{Script=Inherited}";

/** A name becomes part of an expression only when it is plain words. */
function scriptProperty(name: string): string | undefined {
  if (!/^[A-Za-z]+(?:_[A-Za-z]+)*$/.test(name)) return undefined;
  const written = name
    .split("_")
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase())
    .join("_");
  const property = `\\p{Script=${written}}`;
  try {
    return RegExp(property, "u").test("") ? undefined : property;
  } catch {
    return undefined;
  }
}
