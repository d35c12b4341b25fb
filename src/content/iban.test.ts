import { array, assert, constantFrom, integer, property, record } from "fast-check";
import { describe, expect, it } from "vitest";
import { findIbans, maskIban } from "./iban.ts";

function ibansIn(text: string): readonly string[] {
  return findIbans(text).map((iban) => iban.number);
}

/** Examples of the IBAN Registry (ISO 13616), lengths from 15 to 33. */
const EXAMPLES = [
  "AD1200012030200359100100",
  "AE070331234567890123456",
  "AT611904300234573201",
  "BE68539007547034",
  "BG80BNBG96611020345678",
  "BR1800360305000010009795493C1",
  "CH9300762011623852957",
  "CZ6508000000192000145399",
  "DE89370400440532013000",
  "DK5000400440116243",
  "ES9121000418450200051332",
  "FI2112345600000785",
  "FR1420041010050500013M02606",
  "GB29NWBK60161331926819",
  "GR1601101250000000012300695",
  "IE29AIBK93115212345678",
  "IT60X0542811101000000123456",
  "LC55HEMM000100010012001200023015",
  "MT84MALT011000012345MTLCAST001S",
  "MU17BOMM0101101030300200000MUR",
  "NL91ABNA0417164300",
  "NO9386011117947",
  "PL61109010140000071219812874",
  "PT50000201231234567890154",
  "SA0380000000608010167519",
  "SE4550000000058398257466",
  "TR330006100519786457841326",
  "UA213223130000026007233566001",
  "VG96VPVG0000012345678901",
];

describe("findIbans", () => {
  it.each(EXAMPLES)("finds the example %s of the registry", (iban) => {
    expect(ibansIn(iban)).toEqual([iban]);
    expect(ibansIn(`IBAN: ${iban.toLowerCase()}.`)).toEqual([iban]);
    expect(ibansIn(iban.replaceAll(/(.{4})/g, "$1 "))).toEqual([iban]);
  });

  it.each([
    ["no-break blanks", "DE89\u00A03704\u202F0044 0532 0130 00"],
    ["hyphens", "DE89-3704-0044-0532-0130-00"],
    ["full-width characters", "ＤＥ８９ ３７０４ ００４４ ０５３２ ０１３０ ００"],
    ["zero-width characters", "D\u200BE89\u20603704 0044\uFEFF 0532 0130 00"],
    ["every character alone", "D E 8 9 3 7 0 4 0 0 4 4 0 5 3 2 0 1 3 0 0 0"],
    ["text around it", "an (DE89 3704 0044 0532 0130 00) 100 EUR"],
    ["Chinese around it", "账号DE89370400440532013000请"],
    ["another number behind it", "DE89 3704 0044 0532 0130 00 12"],
  ])("finds one with %s", (_, text) => {
    expect(ibansIn(text)).toEqual(["DE89370400440532013000"]);
  });

  it.each([
    ["wrong check digits", "DE88 3704 0044 0532 0130 00"],
    ["a digit too few", "DE89 3704 0044 0532 0130 0"],
    ["a longer run", "DE893704004405320130001"],
    ["a longer run before it", "XDE89370400440532013000"],
    ["a country without IBANs", "US89370400440532013000"],
    ["letters where digits belong", "DE89 37O4 0044 0532 0130 00"],
    ["check digits that are never given out", "BE00539007547094 BE01539007547076 BE99539007547058"],
    ["a line end inside", "DE89 3704 0044\n0532 0130 00"],
    ["a sentence", "be 15 minutes late, at 20 people in no 12 or is 16 it"],
    ["hexadecimal ids", "de9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a"],
  ])("finds nothing in %s", (_, text) => {
    expect(ibansIn(text)).toEqual([]);
  });

  it("finds the numbers whose check digits are the first and the last that are given out", () => {
    const edges = ["BE97539007547094", "BE98539007547076", "BE02539007547058"];
    expect(ibansIn(edges.join(" "))).toEqual(edges);
  });

  it("finds every valid German number in every grouping, and none with one digit changed", () => {
    assert(
      property(generated, ({ digits, joint, size, at, by }) => {
        const bban = digits.join("");
        const check = 98 - Number(BigInt(`${bban}131400`) % 97n);
        const iban = `DE${String(check).padStart(2, "0")}${bban}`;
        expect(ibansIn(`to ${group(iban, size, joint)} now`)).toEqual([iban]);
        const changed = `${iban.slice(0, at)}${(Number(iban[at]) + by) % 10}${iban.slice(at + 1)}`;
        expect(ibansIn(group(changed, size, joint))).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it("takes time in proportion to the text, whatever stands in it", () => {
    for (const piece of ["DE89", "DE89 ", "D E ", "LC55HEMM ", "ＤＥ８９ ", "D\u200B"]) {
      const text = piece.repeat(65_536 / piece.length);
      const begin = process.cpuUsage();
      findIbans(text);
      // Far above what is needed (some ms), far below what a quadratic scanner would take (seconds).
      expect(process.cpuUsage(begin).user / 1000).toBeLessThan(500);
    }
  });
});

describe("maskIban", () => {
  it("leaves the country and the last four characters", () => {
    expect(maskIban("DE89370400440532013000")).toBe("DE****************3000");
  });
});

const generated = record({
  digits: array(integer({ min: 0, max: 9 }), { minLength: 18, maxLength: 18 }),
  joint: constantFrom("", " ", "-", "\u00A0", "\u200B"),
  size: integer({ min: 1, max: 8 }),
  at: integer({ min: 2, max: 21 }),
  by: integer({ min: 1, max: 9 }),
});

function group(text: string, size: number, joint: string): string {
  return (text.match(new RegExp(`.{1,${size}}`, "g")) ?? []).join(joint);
}
