import { randomInt } from "node:crypto";

/** COMPAT(pidgin-sipe 1.25): it reads a control line into 50 bytes, so "USR user cookie" CR LF may have 49. */
const LINE_BYTES = 49;
/** Ten digits would exceed 32 bits, which is how clients hold it. */
const MOST_DIGITS = 9;
const FEWEST_DIGITS = 4;

/**
 * How many digits a cookie for this user gets: as many as fit its line, up to 9. Where fewer than 4 would fit a guess is too
 * easy: then 9, and a client with so short a line fails with so long a name, as it does without us.
 */
export function authCookieDigits(user: string): number {
  const room = LINE_BYTES - Buffer.byteLength(`USR ${user} \r\n`);
  return room < FEWEST_DIGITS ? MOST_DIGITS : Math.min(room, MOST_DIGITS);
}

/** A new AuthCookie: decimal, below 2^32, without a leading zero, unforeseeable. */
export function chooseAuthCookie(user: string): string {
  const digits = authCookieDigits(user);
  return String(randomInt(10 ** (digits - 1), 10 ** digits));
}
