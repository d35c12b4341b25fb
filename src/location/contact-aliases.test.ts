import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createContactAliases } from "./contact-aliases.ts";
import { createFlowTokens } from "./flow-tokens.ts";

const KEY = Buffer.alloc(32, 7);
const UDP = {
  id: "udp/1",
  transport: "udp",
  local: { address: "192.0.2.1", port: 5061 },
  remote: { address: "198.51.100.7", port: 40_000 },
};
const TCP = { ...UDP, id: "tcp/1234", transport: "tcp" };
const CONTACT = "sip:alice@10.1.1.1:5060;transport=tcp;ob";

describe("createContactAliases", () => {
  it("opens the alias of a UDP client after a restart", () => {
    const alias = createContactAliases(KEY, "first run").seal(CONTACT, UDP) ?? "";
    expect(createContactAliases(KEY, "second run").open(alias)).toEqual({
      contactUri: CONTACT,
      flow: { kind: "udp", local: UDP.local, remote: UDP.remote },
    });
  });

  it("knows the alias of a lost connection as stale, and still says whose Contact it was", () => {
    const alias = createContactAliases(KEY, "first run").seal(CONTACT, TCP) ?? "";
    expect(createContactAliases(KEY, "second run").open(alias)).toEqual({
      contactUri: CONTACT,
      flow: "stale",
    });
  });

  it("gives the same Contact on the same flow the same alias, and each other one another", () => {
    const aliases = createContactAliases(KEY, "run");
    const all = [CONTACT, `${CONTACT};x`].flatMap((uri) =>
      [UDP, TCP].map((flow) => aliases.seal(uri, flow)),
    );
    expect(new Set(all).size).toBe(4);
    expect(aliases.seal(CONTACT, { ...TCP })).toBe(all[1]);
  });

  it("takes no flow token for an alias, nor the other way round", () => {
    const aliases = createContactAliases(KEY, "run");
    const tokens = createFlowTokens(KEY, "run");
    expect(aliases.open(tokens.seal(UDP))).toBeUndefined();
    expect(tokens.open(aliases.seal(CONTACT, UDP) ?? "").ok).toBe(false);
  });

  it("opens no text that it has not made, and no alias with a character changed", () => {
    const aliases = createContactAliases(KEY, "run");
    const alias = aliases.seal(CONTACT, TCP) ?? "";
    const changed = fc.tuple(
      fc.nat(alias.length - 1),
      fc.constantFrom("A", "a", "0", "_", "~", "%"),
    );
    fc.assert(
      fc.property(changed, ([at, character]) => {
        fc.pre(alias[at] !== character);
        const text = alias.slice(0, at) + character + alias.slice(at + 1);
        return aliases.open(text) === undefined;
      }),
    );
    fc.assert(fc.property(fc.string(), (text) => aliases.open(text) === undefined));
  });

  it("does not seal a Contact that servers would cut off", () => {
    const aliases = createContactAliases(KEY, "run");
    const contact = `sip:${"a".repeat(498)}@192.0.2.1`;
    expect(contact).toHaveLength(512);
    const alias = aliases.seal(contact, TCP) ?? "";
    expect(aliases.open(alias)?.contactUri).toBe(contact);
    expect(aliases.seal(`${contact}1`, TCP)).toBeUndefined();
  });
});
