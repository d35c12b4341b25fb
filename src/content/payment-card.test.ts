import { array, assert, constantFrom, integer, property, record } from "fast-check";
import { describe, expect, it } from "vitest";
import { findPaymentCards, maskPaymentCard } from "./payment-card.ts";

function cardsIn(text: string): readonly string[] {
  return findPaymentCards(text).map((card) => card.number);
}

/** Test numbers that card schemes and payment services publish, one or two of each scheme. */
const PUBLISHED: readonly (readonly [scheme: string, number: string])[] = [
  ["Visa", "4111111111111111"],
  ["Visa", "4242424242424242"],
  ["Mastercard", "5555555555554444"],
  ["Mastercard", "5105105105105100"],
  ["Mastercard, 2 series", "2223003122003222"],
  ["American Express", "378282246310005"],
  ["American Express", "371449635398431"],
  ["Diners Club", "30569309025904"],
  ["Diners Club of 16 digits", "3056930009020004"],
  ["Diners Club", "36227206271667"],
  ["Discover", "6011111111111117"],
  ["JCB", "3566002020360505"],
  ["UnionPay", "6200000000000005"],
  ["UnionPay of 19 digits", "6205500000000000004"],
  ["Maestro", "6759649826438453"],
  ["Dankort", "5019717010103742"],
];

describe("findPaymentCards", () => {
  it.each(PUBLISHED)("finds the published test number of %s", (_, number) => {
    expect(cardsIn(number)).toEqual([number]);
    expect(cardsIn(`pay with ${number}, please`)).toEqual([number]);
  });

  it.each([
    ["blanks", "4111 1111 1111 1111"],
    ["hyphens", "4111-1111-1111-1111"],
    ["dots", "4111.1111.1111.1111"],
    ["every digit alone", "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1"],
    ["uneven groups", "411111 11111 11111"],
    ["different separators", "4111-1111 1111.1111"],
    ["wide gaps", "4111 - 1111 - 1111 - 1111"],
    ["tabs", "4111\t1111\t1111\t1111"],
    ["no-break blanks", "4111\u00A01111\u202F1111\u20071111"],
    ["dashes", "4111\u20131111\u22121111\u20111111"],
    ["middle dots", "4111·1111•1111・1111"],
    ["full-width digits", "４１１１　１１１１　１１１１　１１１１"],
    ["Arabic-Indic digits", "٤١١١ ١١١١ ١١١١ ١١١١"],
    ["mathematical digits", "𝟒𝟏𝟏𝟏 𝟏𝟏𝟏𝟏 𝟏𝟏𝟏𝟏 𝟏𝟏𝟏𝟏"],
    ["keycaps", "4️⃣1️⃣1️⃣1️⃣ 1111 1111 1111"],
    ["zero-width characters", "41\u200B11\u200D1111\u2060111\uFEFF1\u00AD1111"],
    ["words before and after", "card:4111111111111111/12/27"],
    ["a word that touches it", "Visa4111111111111111x"],
    ["Chinese around it", "卡号4111111111111111请"],
    ["date and code behind it", "4111 1111 1111 1111 12/27 123"],
    ["a number before it", "no. 12 4111 1111 1111 1111"],
    ["a column of a table", "1,4111111111111111,12/27"],
    ["a number of a spreadsheet", "4111111111111111.0"],
  ])("finds a number with %s", (_, text) => {
    expect(cardsIn(text)).toContain("4111111111111111");
  });

  it.each([
    ["a wrong check digit", "4111 1111 1111 1112"],
    ["a digit too few", "411111111111111"],
    ["a length that its issuer does not have", "4111111111111110 00"],
    ["no issuer", "9999999999999995"],
    ["a longer run", "41111111111111110000"],
    ["a longer run before it", "00004111111111111111"],
    ["a line end between", "4111 1111\n1111 1111"],
    ["words between", "4111 1111 and 1111 1111"],
    ["a telephone number", "+4222222222222"],
    ["a telephone number with blanks", "+49 1512 3456785"],
    ["a decimal number", "0.4111111111111111"],
    ["decimal numbers that begin like a card", "4.242424242424242 or 41.11111111111111"],
    ["a place on a map", '{"lat":41.24636317126765,"lon":5.105105105105100}'],
    ["an article number", "4222222222222"],
    ["an article number of Britain", "5018000000004"],
    ["a German mobile number without a plus", "4915119122427"],
    ["timestamps", "20261127184425 1764268465123 2026-11-27 18:44:25.123456"],
    ["dates", "24.12.2026 31.12.2026 2026-01-05"],
    ["IPv4 addresses", "51.52.53.54 41.42.43.48 192.168.100.200"],
    ["IPv6 addresses", "2001:4111:1111:1111:1111::1"],
    ["hexadecimal ids", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    ["an id with a card's digits inside", "a4111111111111111b2"],
    ["UUIDs", "550e8400-e29b-41d4-a716-446655440000"],
    ["order numbers", "302-4111112-1111111 and 1Z999AA10123456784"],
    ["an IMEI", "490154203237518"],
    ["a Luhn number without issuer", "79927398713"],
    ["the digits of an IBAN", "DE89 4111 1111 1111 1111 11"],
  ])("finds nothing in %s", (_, text) => {
    expect(cardsIn(text)).toEqual([]);
  });

  it("finds nothing in one digit repeated, of which no issuer has a number with a right check digit", () => {
    for (const repeated of "0123456789") {
      for (let length = 12; length <= 20; length += 1) {
        expect(cardsIn(repeated.repeat(length))).toEqual([]);
        expect(cardsIn(`${repeated} `.repeat(length))).toEqual([]);
      }
    }
  });

  it("says where the number stands in the text as it was given", () => {
    const text = "\u{1F4B3} ４\u200B111 1111 1111 111１!";
    const [card] = findPaymentCards(text);
    expect(text.slice(card?.start, card?.end)).toBe("４\u200B111 1111 1111 111１");
  });

  it("finds several, each once", () => {
    expect(cardsIn("4111111111111111, 5555 5555 5555 4444; 378282246310005")).toHaveLength(3);
    expect(cardsIn("4111 1111 1111 1111 4242 4242 4242 4242")).toHaveLength(2);
  });

  it("finds every valid number in every grouping, and none with one digit changed", () => {
    assert(
      property(generated, ({ prefix, body, joint, cuts, at, by, around }) => {
        const number = withCheckDigit(prefix + body);
        const text = `${around[0]} ${group(number, cuts, joint)} ${around[1]}`;
        expect(cardsIn(text)).toEqual([number]);
        const place = at % number.length;
        const digit = String((Number(number[place]) + by) % 10);
        const changed = number.slice(0, place) + digit + number.slice(place + 1);
        // Luhn tells every single digit; a shorter number may be valid inside it by chance.
        expect(cardsIn(`x ${group(changed, cuts, joint)} y`)).not.toContain(changed);
      }),
      { numRuns: 500 },
    );
  });

  it("takes time in proportion to the text, whatever stands in it", () => {
    const hostile = ["4", "4 ", "6-", "62 ", "4222222222222 ", "a1", "６ ", "4.\u200B", "٤"];
    for (const piece of hostile) {
      const text = piece.repeat(65_536 / piece.length);
      const begin = process.cpuUsage();
      findPaymentCards(text);
      // Far above what is needed (bench: some ms), far below what a quadratic scanner would take (seconds).
      expect(process.cpuUsage(begin).user / 1000).toBeLessThan(500);
    }
  });
});

describe("maskPaymentCard", () => {
  it("leaves the first six and the last four digits", () => {
    expect(maskPaymentCard("4111111111111111")).toBe("411111******1111");
    expect(maskPaymentCard("36227206271667")).toBe("362272****1667");
  });
});

const digit = integer({ min: 0, max: 9 });

const generated = record({
  prefix: constantFrom("4", "51", "2221", "6011", "3528", "62", "2200"),
  body: array(digit, { minLength: 16, maxLength: 16 }).map((digits) => digits.join("")),
  joint: constantFrom("", " ", "-", ".", "\u00A0", "\u200B", " - "),
  cuts: array(integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 6 }),
  at: integer({ min: 0, max: 15 }),
  by: integer({ min: 1, max: 9 }),
  around: constantFrom(["my card is", "thanks"], ["(", ")"], ["¿", "?"]),
});

/** The first 15 digits, and the one that makes their Luhn sum right. */
function withCheckDigit(digits: string): string {
  const first = digits.slice(0, 15);
  const sum = first
    .split("")
    .toReversed()
    .reduce((total, character, index) => {
      const doubled = Number(character) * (index % 2 === 0 ? 2 : 1);
      return total + (doubled > 9 ? doubled - 9 : doubled);
    }, 0);
  return `${first}${(10 - (sum % 10)) % 10}`;
}

function group(digits: string, cuts: readonly number[], joint: string): string {
  const groups: string[] = [];
  for (let at = 0, index = 0; at < digits.length; index += 1) {
    const size = cuts[index % cuts.length] ?? 1;
    groups.push(digits.slice(at, at + size));
    at += size;
  }
  return groups.join(joint);
}
