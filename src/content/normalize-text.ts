import { isAsciiText } from "./ascii-text.ts";

/** A nonstarter, or what becomes one in a compatibility form (the half-width sound marks of Japanese). */
const LONG_RUN_OF_MARKS = /([\p{M}\uFF9E\uFF9F]{30})[\p{M}\uFF9E\uFF9F]+/gu;

/**
 * A Unicode normalization form in time linear in the text. Normalizing sorts each run of combining marks, and takes seconds
 * for a run of some ten thousand. No language puts more than a few on one letter: marks beyond the thirtieth of a run
 * are left out (UAX #15 §13 draws the line there too, "Stream-Safe Text Format").
 */
export function normalizeText(text: string, form: "NFC" | "NFKC" | "NFKD"): string {
  if (isAsciiText(text)) return text;
  return text.replace(LONG_RUN_OF_MARKS, "$1").normalize(form);
}
