import { cardLengths, LONGEST_CARD, SHORTEST_CARD } from "./card-issuers.ts";
import { readDigits, type DigitGroup, type Digits } from "./digit-groups.ts";
import { foldCharacters } from "./fold-characters.ts";
import { foundNumber, type FoundNumber } from "./found-number.ts";
import { findIbans } from "./iban.ts";

/**
 * Payment card numbers in a text: 14 to 19 digits of a known issuer and length whose check digit is right (Luhn, ISO/IEC
 * 7812-1 annex B), grouped in any way by blanks, hyphens or dots. They stand at the ends of groups, so digits inside a
 * longer run are none, and what follows a card (its date, its code) does not hide it. Of two that begin with the same
 * group the longer one is taken. Linear in the text: from each group one range is looked at for each length that a card may have.
 */
export function findPaymentCards(text: string): readonly FoundNumber[] {
  const folded = foldCharacters(text);
  const read = readDigits(folded.text, LONGEST_CARD);
  if (read.digits.length < SHORTEST_CARD) return [];
  const all = indexDigits(read);
  const { digits, groups } = all;
  const found: FoundNumber[] = [];
  for (let first = 0; first < groups.length; first += 1) {
    const last = endOfCard(all, first);
    const [begin, end] = [groups[first], last === undefined ? undefined : groups[last]];
    if (last === undefined || begin === undefined || end === undefined) continue;
    const number = digits.slice(begin.from, end.to);
    found.push(foundNumber(number, folded, begin.start, end.end));
    first = last;
  }
  return found.length === 0 ? found : outsideIbans(found, text);
}

/** The digits of an IBAN are no card, whatever their sum: every tenth of a German one would be. */
function outsideIbans(cards: readonly FoundNumber[], text: string): readonly FoundNumber[] {
  const ibans = findIbans(text);
  let next = 0;
  return cards.filter((card) => {
    while (next < ibans.length && (ibans[next]?.end ?? 0) <= card.start) next += 1;
    return (ibans[next]?.start ?? card.end) >= card.end;
  });
}

/** First six and last four digits: as much as may be shown of a card number (PCI DSS 4.0, requirement 3.4.1). */
export function maskPaymentCard(digits: string): string {
  return `${digits.slice(0, 6)}${"*".repeat(digits.length - 10)}${digits.slice(-4)}`;
}

/** The digits of a text, ready to be asked about any range of them. */
interface IndexedDigits extends Digits {
  readonly sums: readonly [Uint32Array, Uint32Array];
  /** By the place behind its last digit, the number of a group; -1 where no group ends. */
  readonly groupEnds: Int32Array;
}

function indexDigits({ digits, groups }: Digits): IndexedDigits {
  const groupEnds = new Int32Array(digits.length + 1).fill(-1);
  for (const [index, group] of groups.entries()) groupEnds[group.to] = index;
  return { digits, groups, groupEnds, sums: luhnSums(digits) };
}

/** The last group of the longest card number that begins with group `first`. */
function endOfCard(all: IndexedDigits, first: number): number | undefined {
  const begin = all.groups[first];
  if (begin === undefined || begin.continues) return undefined;
  const { from } = begin;
  for (const length of cardLengths(all.digits.slice(from, from + LONGEST_CARD))) {
    const last = all.groupEnds[from + length] ?? -1;
    if (last < 0 || !hasCheckDigit(all, from, from + length)) continue;
    if (belongTogether(all.groups, first, last)) return last;
  }
  return undefined;
}

/**
 * Only separators stand between these groups. They may differ between groups of four digits and more; where they differ
 * between shorter ones, it is a date with a time or two addresses. One dot alone is a decimal point: a place on a map has as
 * many digits as a card.
 */
function belongTogether(groups: readonly DigitGroup[], first: number, last: number): boolean {
  const joint = groups[first + 1]?.joint;
  if (joint === "." && last === first + 1) return false;
  let isMixed = false;
  let hasShort = false;
  for (let at = first + 1; at <= last; at += 1) {
    const [group, before] = [groups[at], groups[at - 1]];
    if (group?.joint === undefined || before === undefined) return false;
    isMixed ||= group.joint !== joint;
    hasShort ||= before.end - before.start < 4;
  }
  return !(isMixed && hasShort);
}

function hasCheckDigit({ sums }: IndexedDigits, from: number, to: number): boolean {
  const luhn = sums[to % 2];
  return ((luhn?.[to] ?? 0) - (luhn?.[from] ?? 0)) % 10 === 0;
}

/**
 * Luhn's sum of the digits before each place, so that the sum of any range is one subtraction: every second digit from
 * the right is doubled, and the digits of the results are summed. First for ranges that end at an even place, then at an odd.
 */
function luhnSums(digits: string): readonly [Uint32Array, Uint32Array] {
  const even = new Uint32Array(digits.length + 1);
  const odd = new Uint32Array(digits.length + 1);
  for (let at = 0; at < digits.length; at += 1) {
    const digit = digits.charCodeAt(at) - 0x30;
    const doubled = digit > 4 ? digit * 2 - 9 : digit * 2;
    even[at + 1] = (even[at] ?? 0) + (at % 2 === 0 ? doubled : digit);
    odd[at + 1] = (odd[at] ?? 0) + (at % 2 === 0 ? digit : doubled);
  }
  return [even, odd];
}
