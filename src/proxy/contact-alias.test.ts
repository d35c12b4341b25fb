import { describe, expect, it } from "vitest";
import { HeaderId } from "../wire/sip/header-names.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import {
  answer,
  bench,
  request,
  UPSTREAM,
  SPARE,
  values,
  type Bench,
} from "./proxy-bench.test-data.ts";

const ALIAS = /^sip:[\w-]{40,}@10\.0\.0\.1:5061;transport=tcp$/;
const OWN = "sip:alice@192.168.1.7:5060;transport=tcp;ob";
const AOR = "<sip:alice@example.com>";

function register(...contacts: readonly string[]): string {
  return request("REGISTER", { to: AOR, uri: "sip:example.com", extra: contacts });
}

function uriOf(contact: string): string {
  return /<([^>]*)>/.exec(contact)?.[1] ?? "";
}

/** What the server gets of a REGISTER with these Contact fields. */
function registered(stage: Bench, ...contacts: readonly string[]): SipRequest {
  stage.send(stage.alice, register(...contacts));
  return stage.upstream().request();
}

describe("createProxy with path: never", () => {
  const never = (): Bench => bench({ options: { path: "never" } });

  it("registers an alias in place of the client's Contact, and nothing else changes", () => {
    const stage = never();
    const contact = `Contact: "Alice" <${OWN}>;expires=60;+sip.instance="<urn:uuid:1>";reg-id=1;q=0.5`;
    const got = registered(stage, contact);
    expect(got.find(HeaderId.Path)).toBe(-1);
    const written = got.value(HeaderId.Contact) ?? "";
    expect(uriOf(written)).toMatch(ALIAS);
    expect(written.replace(uriOf(written), OWN)).toBe(contact.slice("Contact: ".length));
  });

  it("gives the client its own Contact back, each with the time that was granted", () => {
    const stage = never();
    const got = registered(stage, `Contact: <${OWN}>, <sip:second@192.168.1.8>`);
    const [first = "", second = ""] = (got.value(HeaderId.Contact) ?? "").split(", ");
    expect(uriOf(first)).not.toBe(uriOf(second));
    const gruu = 'pub-gruu="sip:alice@example.com;gr=1"';
    stage.send(
      stage.upstream(),
      answer(got, 200, [
        `Contact: ${second};expires=20, <sip:desk@192.0.2.77>;expires=5`,
        `m: ${first};expires=10;${gruu}`,
      ]),
    );
    expect(values(stage.alice.response(), HeaderId.Contact)).toEqual([
      "<sip:second@192.168.1.8>;expires=20, <sip:desk@192.0.2.77>;expires=5",
      `<${OWN}>;expires=10;${gruu}`,
    ]);
  });

  it("puts an address without brackets into brackets, both ways", () => {
    const stage = never();
    const got = registered(stage, "Contact: sip:alice@192.168.1.7;expires=60");
    const written = got.value(HeaderId.Contact) ?? "";
    expect(written).toBe(`<${uriOf(written)}>;expires=60`);
    stage.send(stage.upstream(), answer(got, 200, [`Contact: ${written}`]));
    expect(stage.alice.response().value(HeaderId.Contact)).toBe(
      "<sip:alice@192.168.1.7>;expires=60",
    );
  });

  it("takes the granted time for the proof of who speaks on the flow", () => {
    const stage = never();
    const got = registered(stage, `Contact: <${OWN}>;expires=600`);
    const other = "Contact: <sip:other@192.0.2.77>;expires=600";
    const granted = `Contact: ${(got.value(HeaderId.Contact) ?? "").replace("600", "30")}`;
    stage.send(stage.upstream(), answer(got, 200, [other, granted]));
    const now = stage.clock.now();
    const aors = (atMs: number) =>
      stage.registrations.authenticatedAors(stage.alice.id, now + atMs);
    expect(aors(29_000)).toEqual(["sip:alice@example.com"]);
    expect(aors(31_000)).toEqual([]);
  });

  it.each([
    ["the wish to be forgotten", ["Contact: *", "Expires: 0"]],
    ["a question for the list", []],
  ])("leaves %s as it is", (_, contacts) => {
    const stage = never();
    const got = registered(stage, ...contacts);
    expect(values(got, HeaderId.Contact)).toEqual(contacts.length === 0 ? [] : ["*"]);
  });

  it.each([
    ["too long a Contact", `Contact: <sip:${"a".repeat(600)}@192.0.2.1>`],
    ["a Contact that cannot be read", "Contact: <sip:a@192.0.2.1"],
  ])("refuses %s, which would reach the client round the gateway", (_, contact) => {
    const stage = never();
    stage.send(stage.alice, register(contact));
    expect(stage.alice.takenLines()).toEqual(["SIP/2.0 400 Bad Contact"]);
  });

  it("refuses more than 20 Contacts, each of which would be sealed", () => {
    const stage = never();
    const contacts = (count: number): string => `m: ${Array(count).fill("<sip:a>").join(",")}`;
    stage.send(stage.alice, register(contacts(21)));
    expect(stage.alice.takenLines()).toEqual(["SIP/2.0 400 Too Many Contacts"]);
    expect(values(registered(stage, contacts(20)), HeaderId.Contact)).toHaveLength(1);
  });

  it("takes what the server sends to an alias to the client's flow, with the client's own URI", () => {
    const stage = never();
    const got = registered(stage, `Contact: <${OWN}?X=1>`);
    const alias = uriOf(got.value(HeaderId.Contact) ?? "");
    stage.alice.taken();
    stage.send(stage.upstream(), request("MESSAGE", { uri: alias, via: "SIP/2.0/TCP 10.9.0.5" }));
    expect(stage.alice.request().requestUri).toBe(OWN);
    expect(stage.asked.at(-1)?.context.aliasedUri).toBe(`${OWN}?X=1`);
    expect(stage.asked.at(-1)?.context.receivers).toEqual([]);
    stage.registrations.confirm(stage.alice.id, "sip:alice@example.com", 9_999_999_999_999);
    stage.send(stage.upstream(), request("MESSAGE", { uri: alias, via: "SIP/2.0/TCP 10.9.0.5" }));
    expect(stage.asked.at(-1)?.context.receivers).toEqual(["sip:alice@example.com"]);
  });

  it("answers 430 to what is for a lost connection, and 404 to an alias that is none", () => {
    const stage = never();
    const got = registered(stage, `Contact: <${OWN}>`);
    const alias = uriOf(got.value(HeaderId.Contact) ?? "");
    stage.upstream().taken();
    stage.alice.close();
    const server = stage.upstream();
    const via = "SIP/2.0/TCP 10.9.0.5";
    stage.send(server, request("MESSAGE", { uri: alias, via }));
    stage.send(server, request("MESSAGE", { uri: alias.replace(/:..../, ":AAAA"), via }));
    expect(server.takenLines()).toEqual([
      "SIP/2.0 430 Flow Failed",
      expect.stringMatching(/^SIP\/2\.0 404 /),
    ]);
  });

  it("keeps a client that presents another's alias on the road by the server", () => {
    const stage = never();
    const got = registered(stage, `Contact: <${OWN}>`);
    const alias = uriOf(got.value(HeaderId.Contact) ?? "");
    stage.alice.taken();
    stage.send(stage.bob, request("MESSAGE", { uri: alias }));
    expect(stage.upstream().request().requestUri).toBe(alias);
    expect(stage.alice.taken()).toEqual([]);
  });
});

describe("createProxy before a server that knows no Path", () => {
  const refuse = (to: SipRequest, unsupported: string): string =>
    answer(to, 420, [`Unsupported: ${unsupported}`]);

  it("registers once more with an alias, and from then on at once", () => {
    const stage = bench();
    const first = registered(stage, `Contact: <${OWN}>`);
    expect(first.find(HeaderId.Path)).toBeGreaterThan(0);
    stage.send(stage.upstream(), refuse(first, "gruu, Path"));
    const again = stage.upstream().request();
    expect(again.find(HeaderId.Path)).toBe(-1);
    const contact = again.value(HeaderId.Contact) ?? "";
    expect(uriOf(contact)).toMatch(ALIAS);
    stage.send(stage.upstream(), answer(again, 200, [`Contact: ${contact};expires=60`]));
    const response = stage.alice.response();
    expect(response.status).toBe(200);
    expect(response.value(HeaderId.Contact)).toBe(`<${OWN}>;expires=60`);
    const next = registered(stage, `Contact: <${OWN}>`);
    expect(next.find(HeaderId.Path)).toBe(-1);
    expect(next.value(HeaderId.Contact)).toBe(contact);
  });

  it("learns nothing from a 420 for another reason, nor from one to another request", () => {
    const stage = bench();
    const first = registered(stage, `Contact: <${OWN}>`);
    stage.send(stage.upstream(), refuse(first, "gruu"));
    expect(stage.alice.takenLines()).toEqual(["SIP/2.0 420 Reason"]);
    stage.send(stage.alice, request("MESSAGE"));
    stage.send(stage.upstream(), refuse(stage.upstream().request(), "path"));
    expect(stage.alice.takenLines()).toEqual(["SIP/2.0 420 Reason"]);
    expect(registered(stage, `Contact: <${OWN}>`).find(HeaderId.Path)).toBeGreaterThan(0);
  });

  it("learns nothing from those that the server relays to", () => {
    const stage = bench();
    const to = "<sip:x@evil.example>";
    const extra = [`Contact: <${OWN}>`];
    stage.send(stage.bob, request("REGISTER", { to, uri: "sip:evil.example", extra }));
    stage.send(stage.upstream(), refuse(stage.upstream().request(), "path"));
    stage.upstream().taken();
    const route = "Route: <sip:evil.example;lr>";
    const first = registered(stage, route, `Contact: <${OWN}>`);
    stage.send(stage.upstream(), refuse(first, "path"));
    expect(stage.alice.takenLines()).toEqual(["SIP/2.0 420 Reason"]);
    expect(registered(stage, `Contact: <${OWN}>`).find(HeaderId.Path)).toBeGreaterThan(0);
  });

  it("gives the next server a Path again, until that one refuses it as well", () => {
    const upstream = [
      { transport: "tcp", remote: UPSTREAM, host: "a" },
      { transport: "tcp", remote: SPARE, host: "b" },
    ] as const;
    const stage = bench({ options: { upstream } });
    const first = registered(stage, `Contact: <${OWN}>`);
    const atFirst = stage.upstream();
    stage.send(atFirst, refuse(first, "path"));
    stage.send(atFirst, answer(atFirst.request(), 200));
    atFirst.close();
    stage.send(stage.alice, register(`Contact: <${OWN}>`));
    const again = stage.upstream();
    again.taken();
    again.close();
    stage.proxy.onClose(again);
    const atSecond = stage.network.to(SPARE).request();
    expect(atSecond.find(HeaderId.Path)).toBeGreaterThan(0);
    expect(atSecond.value(HeaderId.Contact)).toBe(`<${OWN}>`);
  });
});
