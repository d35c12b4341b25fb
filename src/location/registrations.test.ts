import { describe, expect, it } from "vitest";
import { createRegistrations } from "./registrations.ts";

const ALICE = "sip:alice@example.com";
const BOB = "sip:bob@example.com";

describe("createRegistrations", () => {
  it("proves an address on the flow that registered it, and on no other", () => {
    const registrations = createRegistrations();
    registrations.confirm("tcp/1", ALICE, 1000);
    expect(registrations.authenticatedAors("tcp/1", 0)).toEqual([ALICE]);
    expect(registrations.authenticatedAors("tcp/2", 0)).toEqual([]);
  });

  it("forgets what has expired, was removed, or came over a flow that is gone", () => {
    const registrations = createRegistrations();
    registrations.confirm("tcp/1", ALICE, 1000);
    registrations.confirm("tcp/1", BOB, 2000);
    expect(registrations.authenticatedAors("tcp/1", 1000)).toEqual([BOB]);
    registrations.remove("tcp/1", BOB);
    expect(registrations.authenticatedAors("tcp/1", 1000)).toEqual([]);
    registrations.confirm("tcp/1", ALICE, 3000);
    registrations.confirm("tcp/2", ALICE, 3000);
    registrations.forgetFlow("tcp/1");
    expect(registrations.authenticatedAors("tcp/1", 1000)).toEqual([]);
    expect(registrations.authenticatedAors("tcp/2", 1000)).toEqual([ALICE]);
    expect(registrations.size).toBe(1);
  });

  it("knows from where a user's devices have registered, as long as they are", () => {
    const registrations = createRegistrations();
    const home = { address: "192.0.2.10", behindNat: false };
    const away = { address: "203.0.113.7", behindNat: true };
    registrations.confirm("tcp/1", ALICE, 1000, home);
    registrations.confirm("tcp/2", ALICE, 2000, away);
    registrations.confirm("tcp/3", ALICE, 2000);
    registrations.confirm("tcp/1", BOB, 2000, home);
    expect(registrations.homesOf(ALICE, 0)).toEqual([home, away]);
    expect(registrations.homesOf(ALICE, 1000)).toEqual([away]);
    registrations.forgetFlow("tcp/2");
    expect(registrations.homesOf(ALICE, 1000)).toEqual([]);
    registrations.remove("tcp/1", BOB);
    expect(registrations.homesOf(BOB, 0)).toEqual([]);
  });

  it("holds no more than its limit; the longest unconfirmed goes first", () => {
    const registrations = createRegistrations(3);
    for (const flow of ["a", "b", "c"]) registrations.confirm(flow, ALICE, 1000);
    registrations.confirm("a", ALICE, 2000);
    for (let index = 0; index < 2; index += 1) registrations.confirm(`new ${index}`, ALICE, 1000);
    expect(registrations.size).toBe(3);
    expect(registrations.authenticatedAors("a", 0)).toEqual([ALICE]);
    expect(registrations.authenticatedAors("b", 0)).toEqual([]);
  });
});
