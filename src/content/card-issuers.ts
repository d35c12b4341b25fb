/**
 * Issuer ranges of payment cards with the lengths of their numbers (ISO/IEC 7812-1: at most 19 digits, the issuer first).
 * There is no public registry; these are the ranges that the schemes publish. Numbers of 12 and 13 digits, which Maestro may
 * have and Visa had in the last century, are left out: so long are article numbers (EAN, German and Japanese ones begin with
 * 4, British ones with 50) and German mobile numbers written 49151…, and every tenth would be a card.
 */
const ISSUERS: readonly (readonly [
  scheme: string,
  prefixes: string,
  lengths: readonly number[],
])[] = [
  ["Visa", "4", [16, 19]],
  ["Mastercard", "51-55 2221-2720", [16]],
  ["American Express", "34 37", [15]],
  ["Diners Club", "300-305 3095 36 38-39", [14, 15, 16, 17, 18, 19]],
  ["Discover", "6011 644-649 65", [16, 17, 18, 19]],
  ["JCB", "3528-3589", [16, 17, 18, 19]],
  ["UnionPay", "62 81", [16, 17, 18, 19]],
  ["Maestro", "5018 5020 5038 5893 6304 6759 6761-6763", [14, 15, 16, 17, 18, 19]],
  ["Maestro UK", "676770 676774", [16, 18, 19]],
  ["Dankort", "5019", [16]],
  ["Mir", "2200-2204", [16, 17, 18, 19]],
  ["RuPay", "508 60 82", [16]],
  ["Troy", "9792", [16]],
  ["Verve", "506099-506198 507865-507964", [16, 18, 19]],
  ["InstaPayment", "637-639", [16]],
];

/** Digits in the longest card number (ISO/IEC 7812-1). */
export const LONGEST_CARD = 19;

/** Digits in the shortest one that is looked for. */
export const SHORTEST_CARD = 13;

/** The lengths of the numbers that begin like this one, the longest first; none when no issuer has such. */
export function cardLengths(digits: string): readonly number[] {
  const first = Number(digits.slice(0, RANGE_DIGITS));
  return RANGES.find((range) => first >= range.from && first <= range.to)?.lengths ?? NONE;
}

const NONE: readonly number[] = [];

const RANGE_DIGITS = 6;

interface IssuerRange {
  /** The first and the last six digits of the range. */
  readonly from: number;
  readonly to: number;
  readonly lengths: readonly number[];
}

const RANGES: readonly IssuerRange[] = ISSUERS.flatMap(([, prefixes, lengths]) =>
  prefixes.split(" ").map((range) => {
    const [from = "", to = from] = range.split("-");
    return {
      from: Number(from.padEnd(RANGE_DIGITS, "0")),
      to: Number(to.padEnd(RANGE_DIGITS, "9")),
      lengths: lengths.toSorted((a, b) => b - a),
    };
  }),
);
