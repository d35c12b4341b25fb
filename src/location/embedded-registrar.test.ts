import { describe, expect, it } from "vitest";
import type { SipRequest } from "../wire/sip/message.ts";
import { parseDatagram } from "../wire/sip/parse-message.ts";
import {
  createEmbeddedRegistrar,
  type EmbeddedRegistrar,
  type RegisterAnswer,
} from "./embedded-registrar.ts";

const BOB = "sip:bob@example.com";
const FLOW = { id: "tcp/1" };
const NOW = 1_000_000;

let lastCSeq = 0;

function request(
  fields: readonly string[],
  options: { to?: string; callId?: string; cseq?: number } = {},
): SipRequest {
  lastCSeq += 1;
  const lines = [
    "REGISTER sip:example.com SIP/2.0",
    "Via: SIP/2.0/TCP 192.0.2.9:5060;branch=z9hG4bKx",
    "Max-Forwards: 70",
    "From: <sip:bob@example.com>;tag=1",
    `To: ${options.to ?? "Bob <sip:bob@Example.com:5060;transport=tcp>"}`,
    `Call-ID: ${options.callId ?? "call"}`,
    `CSeq: ${options.cseq ?? lastCSeq} REGISTER`,
    ...fields,
    "Content-Length: 0",
  ];
  const limits = { maxHeadBytes: 65_536, maxHeaderCount: 200, maxBodyBytes: 1000 };
  const parsed = parseDatagram(Buffer.from(`${lines.join("\r\n")}\r\n\r\n`), limits);
  if (!parsed.ok || parsed.value.kind !== "request") throw new Error("the test's REGISTER is bad");
  return parsed.value;
}

function contactsOf(answer: RegisterAnswer): string[] {
  return answer.headers.filter(({ name }) => name === "Contact").map(({ value }) => value);
}

function urisOf(registrar: EmbeddedRegistrar, nowMs = NOW): string[] {
  return registrar.lookup(BOB, nowMs).map(({ contactUri }) => contactUri);
}

describe("createEmbeddedRegistrar", () => {
  it("binds a contact to the flow and lists it with what is left of its time", () => {
    const registrar = createEmbeddedRegistrar();
    const answer = registrar.register(request(["Contact: <sip:bob@192.0.2.9;a=b>"]), FLOW, NOW);
    expect(answer).toEqual({
      status: 200,
      reason: "OK",
      headers: [{ name: "Contact", value: "<sip:bob@192.0.2.9;a=b>;expires=600" }],
    });
    const query = registrar.register(request([]), { id: "tcp/2" }, NOW + 100_500);
    expect(contactsOf(query)).toEqual(["<sip:bob@192.0.2.9;a=b>;expires=500"]);
    expect(registrar.lookup(BOB, NOW)).toMatchObject([{ flowId: "tcp/1", path: [] }]);
    expect(urisOf(registrar, NOW + 600_000)).toEqual([]);
    expect(registrar.size).toBe(0);
  });

  it.each([
    ["Contact: <sip:b@h>;expires=60", "Expires: 90", 60],
    ["Contact: <sip:b@h>", "Expires: 90", 90],
    ["Contact: <sip:b@h>;expires=99999", "Expires: 90", 3600],
    ["Contact: <sip:b@h>;expires=soon", "Expires: 90", 90],
    ["Contact: <sip:b@h>", "Expires: 4294967296", 3600],
    ["Contact: <sip:b@h>", "Expires: never", 600],
  ])("takes the time of %s with %s as %i seconds", (contact, expires, seconds) => {
    const answer = createEmbeddedRegistrar().register(request([contact, expires]), FLOW, NOW);
    expect(contactsOf(answer)).toEqual([`<sip:b@h>;expires=${seconds}`]);
  });

  it("takes several contacts in one field or many, the newest first", () => {
    const registrar = createEmbeddedRegistrar();
    const fields = [
      'Contact: "Bob, at home" <sip:b@one>, <sip:b@two>',
      "m: sip:b@three;expires=30",
    ];
    registrar.register(request(fields), FLOW, NOW);
    expect(urisOf(registrar)).toEqual(["sip:b@three", "sip:b@two", "sip:b@one"]);
    registrar.register(request(["Contact: <sip:b@ONE>"]), FLOW, NOW);
    expect(urisOf(registrar)).toEqual(["sip:b@ONE", "sip:b@three", "sip:b@two"]);
  });

  it("removes one contact by zero, and all by the wildcard", () => {
    const registrar = createEmbeddedRegistrar();
    registrar.register(request(["Contact: <sip:b@one>, <sip:b@two>, <sip:b@three>"]), FLOW, NOW);
    registrar.register(request(["Contact: <sip:b@two>;expires=0"]), FLOW, NOW);
    expect(urisOf(registrar)).toEqual(["sip:b@three", "sip:b@one"]);
    const answer = registrar.register(request(["Contact: *", "Expires: 0"]), FLOW, NOW);
    expect(answer).toEqual({ status: 200, reason: "OK", headers: [] });
    expect(registrar.size).toBe(0);
  });

  it.each([
    [["Contact: *"]],
    [["Contact: *", "Expires: 60"]],
    [["Contact: *, <sip:b@h>", "Expires: 0"]],
    [["Contact: <mailto:bob@example.com>"]],
    [["Contact: <sip:b@good>", "Contact: <tel:+1234>"]],
    [[`Contact: <sip:${"b".repeat(2000)}@h>`]],
    [["Contact: <sip:b@h>", `Path: <sip:${"p".repeat(5000)}@h;lr>`]],
    [[`Contact: ${Array.from({ length: 11 }, (_, index) => `<sip:b@h${index}>`).join(", ")}`]],
  ])("answers 400 to %j and changes nothing", (fields) => {
    const registrar = createEmbeddedRegistrar();
    registrar.register(request(["Contact: <sip:b@before>"]), FLOW, NOW);
    expect(registrar.register(request(fields), FLOW, NOW).status).toBe(400);
    expect(urisOf(registrar)).toEqual(["sip:b@before"]);
  });

  it("answers 400 when To is no SIP address", () => {
    const registrar = createEmbeddedRegistrar();
    const answer = registrar.register(request([], { to: "<tel:+1234>" }), FLOW, NOW);
    expect(answer.status).toBe(400);
  });

  it("lets no older request of the same Call-ID undo a newer one", () => {
    const registrar = createEmbeddedRegistrar();
    const contact = ["Contact: <sip:b@h>"];
    registrar.register(request(contact, { callId: "a", cseq: 5000 }), FLOW, NOW);
    const remove = ["Contact: *", "Expires: 0"];
    for (const cseq of [4999, 5000]) {
      const late = registrar.register(request(remove, { callId: "a", cseq }), FLOW, NOW);
      expect(late.status).toBe(400);
    }
    const both = ["Contact: <sip:b@new>, <sip:b@h>;expires=0"];
    expect(registrar.register(request(both, { callId: "a", cseq: 1 }), FLOW, NOW).status).toBe(400);
    expect(urisOf(registrar)).toEqual(["sip:b@h"]);
    const other = registrar.register(request(remove, { callId: "b", cseq: 1 }), FLOW, NOW);
    expect(other.status).toBe(200);
    expect(urisOf(registrar)).toEqual([]);
  });

  it("knows a device again by its instance, and gives its parameters back", () => {
    const registrar = createEmbeddedRegistrar();
    const params = ';+sip.instance="<urn:uuid:1>";reg-id=1';
    registrar.register(request([`Contact: <sip:b@one>${params}`]), FLOW, NOW);
    const answer = registrar.register(request([`Contact: <sip:b@two>${params}`]), FLOW, NOW);
    expect(contactsOf(answer)).toEqual([`<sip:b@two>${params};expires=600`]);
  });

  it("keeps the Path and returns it", () => {
    const registrar = createEmbeddedRegistrar();
    const fields = ["Contact: <sip:b@h>", "Path: <sip:p1;lr>, <sip:p2;lr>", "Path: <sip:p3;lr>"];
    const answer = registrar.register(request(fields), FLOW, NOW);
    const path = ["<sip:p1;lr>", "<sip:p2;lr>", "<sip:p3;lr>"];
    expect(registrar.lookup(BOB, NOW)).toMatchObject([{ path }]);
    const returned = answer.headers.filter(({ name }) => name === "Path");
    expect(returned.map(({ value }) => value)).toEqual(path);
  });

  it("forgets the bindings of a connection that is gone", () => {
    const registrar = createEmbeddedRegistrar();
    registrar.register(request(["Contact: <sip:b@one>"]), { id: "tcp/1" }, NOW);
    registrar.register(request(["Contact: <sip:b@two>"]), { id: "tcp/2" }, NOW);
    registrar.forgetFlow("tcp/1");
    expect(urisOf(registrar)).toEqual(["sip:b@two"]);
    registrar.forgetFlow("tcp/2");
    registrar.forgetFlow("tcp/3");
    expect(registrar.size).toBe(0);
  });

  it("keeps ten devices of a user, the oldest goes", () => {
    const registrar = createEmbeddedRegistrar();
    for (let index = 0; index < 12; index += 1) {
      registrar.register(request([`Contact: <sip:b@h${index}>`]), FLOW, NOW);
    }
    expect(urisOf(registrar)).toHaveLength(10);
    expect(urisOf(registrar)).not.toContain("sip:b@h1");
  });

  it("answers 503 when there is no place for another user, until one has expired", () => {
    const limits = { aors: 2, bindingsPerAor: 10, defaultSeconds: 600, maxSeconds: 3600 };
    const registrar = createEmbeddedRegistrar(limits);
    const register = (user: string, nowMs: number): number => {
      const message = request(["Contact: <sip:b@h>"], { to: `<sip:${user}@example.com>` });
      return registrar.register(message, FLOW, nowMs).status;
    };
    expect(["a", "b", "c", "a"].map((user) => register(user, NOW))).toEqual([200, 200, 503, 200]);
    expect(register("c", NOW + 600_000)).toBe(200);
    expect(registrar.size).toBe(1);
  });

  it("keeps the bytes of a contact: no character becomes a line end on its way out", () => {
    const registrar = createEmbeddedRegistrar();
    const uri = "sip:bob@192.0.2.9;x=\u010d\u010aMESSAGE";
    const answer = registrar.register(request([`Contact: <${uri}>`]), FLOW, NOW);
    const written = [...contactsOf(answer), ...urisOf(registrar)].map((text) =>
      Buffer.from(text, "latin1").toString("latin1"),
    );
    for (const text of written) expect(text).not.toMatch(/[\r\n]/);
    expect(Buffer.from(urisOf(registrar)[0] ?? "", "latin1").toString("utf8")).toBe(uri);
  });
});
