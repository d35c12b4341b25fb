import { describe, expect, it } from "vitest";
import { createLookalikeTest } from "./lookalike-host.ts";

const looksLike = createLookalikeTest(["corp.example", "PayPal.com", "microsoft.com", "bank.de"]);

/** As links hold hosts: in ASCII. */
function ascii(host: string): string {
  return new URL(`http://${host}`).hostname;
}

describe("createLookalikeTest", () => {
  it.each([
    ["Cyrillic letters", "раураl.com"],
    ["one Cyrillic letter", "www.pаypal.com"],
    ["Greek letters", "micrοsοft.com"],
    ["accents", "páypal.com"],
    ["digits for letters", "paypa1.com"],
    ["digits for letters under a label", "login.micr0s0ft.com"],
    ["letters drawn like others", "rnicrosoft.com"],
    ["capital i for l", "paypaI.com"],
    ["a letter too many", "microsooft.com"],
    ["a letter left out", "microsft.com"],
    ["a letter replaced", "paypel.com"],
    ["letters exchanged", "mircosoft.com"],
    ["the name before another domain", "paypal.com.evil.test"],
    ["the name inside labels", "login.corp.example.evil.test"],
    ["the name with a hyphen", "corp-example.com"],
    ["the name in a longer label", "signin-paypal-com.evil.test"],
    ["a look-alike before another domain", "paypa1.com.evil.test"],
  ])("takes %s for a look-alike: %s", (_, host) => {
    expect(looksLike(ascii(host))).toBe(true);
  });

  it.each([
    ["the domain itself", "paypal.com"],
    ["a name under it", "www.corp.example"],
    ["the same label under another suffix", "paypal.com.au"],
    ["another suffix", "paypal.de"],
    ["a parent", "example"],
    ["another name", "example.org"],
    ["a near name that is short", "tank.de"],
    ["two letters replaced", "pavbal.com"],
    ["a name with the word inside", "paypalooza.com"],
    ["an address", "192.168.1.1"],
    ["a broken label", "xn--a-.example.org"],
  ])("does not take %s for one: %s", (_, host) => {
    expect(looksLike(host)).toBe(false);
  });
});
