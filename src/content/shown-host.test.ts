import { describe, expect, it } from "vitest";
import { shownHost } from "./shown-host.ts";

describe("shownHost", () => {
  it.each([
    ["xn--bcher-kva.example", "bücher.example"],
    ["xn--pple-43d.com", "\u0430pple.com"],
    ["xn--e1afmkfd.xn--p1ai", "пример.рф"],
    ["a_b.xn--bcher-kva", "a_b.bücher"],
    ["plain.example", "plain.example"],
    ["xn--zzzzzz.example", "xn--zzzzzz.example"],
    ["xn--bcher-kva.a b", "xn--bcher-kva.a b"],
  ])("shows %s as %s", (host, shown) => {
    expect(shownHost(host)).toBe(shown);
  });
});
