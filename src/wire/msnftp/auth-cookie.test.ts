import { describe, expect, it } from "vitest";
import { authCookieDigits, chooseAuthCookie } from "./auth-cookie.ts";

function userOf(length: number): string {
  return "b".repeat(length);
}

describe("authCookieDigits", () => {
  it.each([
    [1, 9],
    [33, 9],
    [34, 8],
    [38, 4],
    [39, 9],
    [120, 9],
  ])("gives a user of %i characters %i digits", (length, digits) => {
    expect(authCookieDigits(userOf(length))).toBe(digits);
  });

  it("keeps the line within what the known client reads, as long as four digits fit", () => {
    for (let length = 1; length <= 38; length += 1) {
      const line = `USR ${userOf(length)} ${"9".repeat(authCookieDigits(userOf(length)))}\r\n`;
      expect(line.length).toBeLessThanOrEqual(49);
    }
  });
});

describe("chooseAuthCookie", () => {
  it("is decimal without a leading zero, and another one each time", () => {
    const cookies = Array.from({ length: 200 }, () => chooseAuthCookie("bob@example.com"));
    expect(cookies.filter((cookie) => !/^[1-9]\d{8}$/.test(cookie))).toEqual([]);
    expect(new Set(cookies).size).toBeGreaterThan(190);
  });
});
