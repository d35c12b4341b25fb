import type { FoundNumber } from "../content/found-number.ts";
import { findIbans, maskIban } from "../content/iban.ts";
import { findPaymentCards, maskPaymentCard } from "../content/payment-card.ts";

/** A kind of number with a check of its own, which an expression cannot tell from others of its shape. */
export interface Detector {
  /** The key under `text.detector`. */
  readonly name: DetectorName;
  find(text: string): readonly FoundNumber[];
  /** What a trace may show of a number: enough to find the message by, too little to use. */
  mask(number: string): string;
}

export type DetectorName = "payment_card" | "iban";

/** Every detector that a rule may name; a new one is a line here and a key in conditions/text.ts. */
export const DETECTORS: readonly Detector[] = [
  { name: "payment_card", find: findPaymentCards, mask: maskPaymentCard },
  { name: "iban", find: findIbans, mask: maskIban },
];

/** The different numbers that a detector finds; the same one twice counts once. */
export function distinctNumbers(detector: Detector, text: string): ReadonlySet<string> {
  return new Set(detector.find(text).map((found) => found.number));
}

/** Every number has these, in whatever script. */
const TWO_DIGITS = /\p{N}[^\p{N}]*\p{N}/u;

/** The text with every number that a detector knows masked, so that a record of it holds none. */
export function maskNumbers(text: string): string {
  if (!TWO_DIGITS.test(text)) return text;
  return DETECTORS.reduce(maskEach, text);
}

function maskEach(text: string, detector: Detector): string {
  let masked = "";
  let shownTo = 0;
  for (const { number, start, end } of detector.find(text)) {
    masked += text.slice(shownTo, start) + detector.mask(number);
    shownTo = end;
  }
  return masked + text.slice(shownTo);
}
