import { describe, expect, it } from "vitest";
import { AliasTable } from "./alias-table.ts";

const from = (address: string) => ({ remote: { address, port: 40_000 } });
const at = (address: string, port = 5061) => ({ address, port });
const anybody = (): boolean => true;

describe("AliasTable", () => {
  it("finds a connection by its peer's address and the port that the peer has said", () => {
    const table = new AliasTable();
    const peer = from("10.0.0.5");
    table.add(peer, 5061);
    expect(table.find(at("10.0.0.5"), anybody)).toBe(peer);
    expect(table.find(at("10.0.0.5", 5062), anybody)).toBeUndefined();
    expect(table.find(at("10.0.0.6"), anybody)).toBeUndefined();
    expect(table.find(at("10.0.0.5", 40_000), anybody)).toBeUndefined();
  });

  it("lets nobody hide another one who offers the same", () => {
    const table = new AliasTable();
    const [first, second, third] = [from("10.0.0.5"), from("10.0.0.5"), from("10.0.0.5")];
    for (const peer of [first, second, third]) table.add(peer, 5061);
    expect(table.find(at("10.0.0.5"), (one) => one !== first)).toBe(second);
    table.forget(second);
    expect(table.find(at("10.0.0.5"), (one) => one !== first)).toBe(third);
    expect(table.find(at("10.0.0.5"), () => false)).toBeUndefined();
  });

  it("has one place for a connection, however many it claims", () => {
    const table = new AliasTable();
    const peer = from("10.0.0.5");
    for (let port = 1; port <= 5061; port += 1) table.add(peer, port);
    table.add(peer, 5061);
    expect(table.find(at("10.0.0.5", 5060), anybody)).toBeUndefined();
    expect(table.find(at("10.0.0.5"), anybody)).toBe(peer);
    table.forget(peer);
    table.forget(peer);
    expect(table.find(at("10.0.0.5"), anybody)).toBeUndefined();
  });
});
