import { array, assert, constantFrom, property, string } from "fast-check";
import { describe, expect, it } from "vitest";
import { HostLook, looksLike } from "./lookalike-host.ts";
import { LookalikeSearch } from "./lookalike-search.ts";
import { MessageWork } from "./message-work.ts";
import { foldDomain, isUnderDomain } from "./text-test.ts";

const search = new LookalikeSearch(new MessageWork());
const ours = search.add(["corp.example", "PayPal.com", "microsoft.com", "bank.de"]);
const others = search.add(["paypal-help.com"]);

/** As links hold hosts: in ASCII. */
function ascii(host: string): string {
  return new URL(`http://${host}`).hostname;
}

describe("LookalikeSearch", () => {
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
    expect(ours.test(ascii(host))).toBe(true);
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
    expect(ours.test(host)).toBe(false);
  });

  it("keeps apart what two rules imitate", () => {
    expect(others.test("paypa1-help.com")).toBe(true);
    expect(others.test("paypa1.com")).toBe(false);
    expect(ours.test("paypal-help.com")).toBe(false);
    expect(others.test("paypal-help.com.evil.test")).toBe(true);
  });

  it("knows what looks like a name under a domain that is written with a dot before it", () => {
    const finder = new LookalikeSearch(new MessageWork()).add([".1aabc.test"]);
    expect(finder.test("a.laabc.test")).toBe(true);
  });

  it("finds whatever comparing with each domain finds", () => {
    const letter = constantFrom(..."ab1lmrn-.".split(""));
    const host = string({ unit: letter, minLength: 3, maxLength: 9 }).map(
      (name) => `${name}abc.test`,
    );
    assert(
      property(array(host, { minLength: 1, maxLength: 6 }), host, (domains, seen) => {
        const finder = new LookalikeSearch(new MessageWork()).add(domains);
        const names = domains.map(foldDomain);
        const isOwn = names.some((name) => isUnderDomain(seen, name));
        const isLike = names.some((name) => looksLike(new HostLook(seen), new HostLook(name)));
        expect(finder.test(seen)).toBe(isLike && !isOwn);
      }),
      { numRuns: 3000 },
    );
  });
});
