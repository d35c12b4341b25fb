import { describe, expect, it } from "vitest";
import { HeaderId } from "../wire/sip/header-names.ts";
import {
  answer,
  bench,
  read,
  request,
  routes,
  UPSTREAM,
  values,
  type Bench,
} from "./proxy-bench.test-data.ts";

const EVIL = { address: "203.0.113.66", port: 7777 };
const SERVER_ROUTE = `Route: <sip:${UPSTREAM.address}:${UPSTREAM.port};transport=tcp;lr>`;

/** The Route set of a call that Alice has made, "d1". */
function calling({ alice, send, upstream }: Bench): readonly string[] {
  send(alice, request("INVITE", { callId: "d1", uri: "sip:echo@example.com" }));
  send(upstream(), answer(upstream().request(), 183));
  const ringing = alice.taken().map(read).at(-1);
  return ringing === undefined ? [] : values(ringing, HeaderId.RecordRoute).toReversed();
}

/** The token of Bob's flow, as it stands in his Path. */
function tokenOfBob({ bob, send, upstream }: Bench): string {
  const extra = ["Contact: <sip:bob@192.0.2.20>"];
  send(bob, request("REGISTER", { to: "<sip:bob@example.com>", uri: "sip:example.com", extra }));
  const path = values(upstream().request(), HeaderId.Path)[0] ?? "";
  return /sip:([^@]+)@/.exec(path)?.[1] ?? "";
}

describe("who a flow speaks for", () => {
  function registers(b: Bench, uri: string, extra: readonly string[] = []): readonly string[] {
    const contact = "Contact: <sip:ceo@192.0.2.10:40001>";
    const to = "<sip:ceo@example.com>";
    b.send(b.alice, request("REGISTER", { to, uri, extra: [...extra, contact] }));
    b.send(b.upstream(), answer(b.upstream().request(), 200, ["Expires: 3600"]));
    return b.registrations.authenticatedAors(b.alice.id, b.clock.now());
  }

  it.each([
    ["for the domain in To", "sip:EXAMPLE.com.", []],
    ["for the server by name", "sip:sip.example.com", []],
    ["for the server by address", `sip:${UPSTREAM.address}`, []],
    ["with a Route to the server", "sip:example.com", [SERVER_ROUTE]],
  ])("is the word of the registrar: a REGISTER %s", (_what, uri, extra) => {
    expect(registers(bench(), uri, extra)).toEqual(["sip:ceo@example.com"]);
  });

  it.each([
    ["for another domain", "sip:evil.example", []],
    ["with another address in maddr", "sip:example.com;maddr=203.0.113.66", []],
    ["for another port of the server", `sip:${UPSTREAM.address}:7777`, []],
    ["with a Route that leads on", "sip:example.com", [SERVER_ROUTE, "Route: <sip:evil;lr>"]],
    ["with a Route elsewhere", "sip:example.com", ["Route: <sip:evil.example;lr>"]],
  ])("is not the word of whom a server relays to: a REGISTER %s", (_what, uri, extra) => {
    expect(registers(bench(), uri, extra)).toEqual([]);
  });

  it("is not said by a REGISTER that pretends to be in a dialog, and follows its Route", () => {
    const b = bench();
    const extra = [...routes(calling(b)), `Route: <sip:${EVIL.address}:${EVIL.port};lr>`];
    const to = "<sip:ceo@example.com>;tag=x";
    b.send(b.alice, request("REGISTER", { callId: "d1", to, uri: "sip:example.com", extra }));
    expect(b.alice.takenLines()).toEqual(["SIP/2.0 400 REGISTER With To Tag"]);
    expect(() => b.network.to(EVIL, "udp")).toThrow("no such flow");
  });
});

describe("the Route set of a client", () => {
  const to = "<sip:x@evil.example>;tag=z";

  it("leads by no token that another entry's proof stands behind", () => {
    const b = bench();
    const token = tokenOfBob(b);
    const proof = /\.([\w-]{16})@/.exec(calling(b)[0] ?? "")?.[1] ?? "";
    const extra = [`Route: <sip:${token}.${proof}@10.0.0.1:5060;transport=tcp;lr;sluice=own>`];
    b.send(b.alice, request("MESSAGE", { callId: "d1", to, extra, body: "hi" }));
    expect(b.alice.takenLines()).toEqual(["SIP/2.0 403 Route Set Incomplete"]);
    expect(b.bob.taken()).toEqual([]);
    expect(b.asked.at(-1)?.context.dialogProven).toBe(false);
  });

  it("leads by no token behind entries that are proven", () => {
    const b = bench();
    const token = tokenOfBob(b);
    const extra = [...routes(calling(b)), `Route: <sip:${token}@10.0.0.1:5060;lr>`];
    b.send(b.alice, request("MESSAGE", { callId: "d1", to, extra, body: "hi" }));
    expect(b.alice.takenLines()).toEqual(["SIP/2.0 403 Route Set Not Of This Dialog"]);
    expect(b.bob.taken()).toEqual([]);
  });

  it.each([
    ["in a dialog", { to }],
    ["out of a dialog", {}],
  ])("hides no entry of ours behind the server's %s", (_what, given) => {
    const b = bench();
    const extra = [SERVER_ROUTE, `Route: <sip:${tokenOfBob(b)}@10.0.0.1:5061;lr>`];
    b.send(b.alice, request("MESSAGE", { ...given, uri: "sip:x@evil.example", extra, body: "hi" }));
    expect(b.alice.takenLines()).toEqual(["SIP/2.0 403 Route Set Not Of This Dialog"]);
    expect(b.upstream().taken()).toEqual([]);
  });

  it("may have those that we wrote for this call behind the server's", () => {
    const b = bench();
    const set = calling(b);
    const extra = [...routes(set), SERVER_ROUTE, ...routes(set.slice(1))];
    b.send(b.alice, request("MESSAGE", { callId: "d1", to, extra, body: "hi" }));
    expect(b.upstream().takenLines()).toEqual(["MESSAGE sip:bob@example.com SIP/2.0"]);
  });
});

describe("an own mark in Record-Route from the server", () => {
  it.each([
    ["of another site's gateway", "<sip:.c0ffeec0ffeec0ff@gw.evil.example;lr;sluice=own>"],
    ["that somebody forged", "<sip:.c0ffeec0ffeec0ff@10.0.0.1:5061;lr;sluice=own>"],
  ])("%s takes no dialog from the called", (_what, entry) => {
    const b = bench();
    const extra = [`Route: <sip:${tokenOfBob(b)}@10.0.0.1:5061;lr>`, `Record-Route: ${entry}`];
    b.send(b.upstream(), request("INVITE", { callId: "d2", uri: "sip:bob@192.0.2.20", extra }));
    const set = values(b.bob.request(), HeaderId.RecordRoute);
    expect(set.slice(0, 2)).toEqual([
      expect.stringContaining("sluice=own"),
      expect.stringContaining("sluice=own"),
    ]);
    const to = "<sip:x@evil.example>;tag=z";
    b.send(b.bob, request("BYE", { callId: "d2", to, extra: routes(set) }));
    expect(b.bob.takenLines()).toEqual([]);
    expect(b.upstream().takenLines()).toContain("BYE sip:bob@example.com SIP/2.0");
  });
});
