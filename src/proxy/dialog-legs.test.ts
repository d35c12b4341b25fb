import { describe, expect, it } from "vitest";
import { createFlowTokens } from "../location/flow-tokens.ts";
import { HeaderId } from "../wire/sip/header-names.ts";
import type { AnySipMessage, SipRequest } from "../wire/sip/message.ts";
import { DialogLegs } from "./dialog-legs.ts";
import { FlowFace } from "./flow-face.ts";
import {
  answer,
  bench,
  FakeFlow,
  read,
  request,
  routes,
  values,
  type Bench,
} from "./proxy-bench.test-data.ts";

const CANCEL_BODY = "Invitation-Command: CANCEL\r\nInvitation-Cookie: 1\r\n";

function leg(callId: string, fromTag: string, toTag: string) {
  const contentType = "text/x-msmsgsinvite; charset=UTF-8";
  return { callId, fromTag, toTag, contentType, body: Buffer.from(CANCEL_BODY) };
}

interface Peer {
  readonly flow: FakeFlow;
  /** Sends a request in the dialog, with the next number or the one that is given. */
  says(method: string, given?: Said): void;
  /** The request that has come to this client. */
  hears(): SipRequest;
  /** Answers the last request heard. */
  answers(status: number, extra?: readonly string[]): void;
}

interface Said {
  readonly cseq?: number;
  readonly extra?: readonly string[];
  readonly body?: string;
}

interface Dialog extends Bench {
  readonly callId: string;
  readonly a: Peer;
  readonly b: Peer;
  /** Sends a CANCEL of ours to B, or to A. */
  readonly cancelAtB: () => ReturnType<Bench["proxy"]["sendInLeg"]>;
  readonly cancelAtA: () => ReturnType<Bench["proxy"]["sendInLeg"]>;
}

let calls = 0;

function embeddedBench(): Bench {
  const one = bench({ options: { upstream: "embedded" } });
  for (const [who, user] of [
    [one.alice, "alice"],
    [one.bob, "bob"],
  ] as const) {
    const contact = `Contact: <sip:${user}@${who.remote.address}:9>`;
    const to = `<sip:${user}@example.com>`;
    one.send(who, request("REGISTER", { uri: "sip:example.com", to, extra: [contact] }));
    who.taken();
  }
  return one;
}

/** A calls B, both clients of the embedded registrar; the ACK is still to come. */
function invited(given: { bench?: Bench; watch?: boolean; inviteExtra?: readonly string[] } = {}) {
  const one = given.bench ?? embeddedBench();
  calls += 1;
  const callId = `dialog-${calls}`;
  if (given.watch !== false) one.proxy.watch(callId);
  one.send(one.alice, request("INVITE", { callId, extra: given.inviteExtra ?? [] }));
  const invite = one.bob.request();
  one.send(one.bob, answer(invite, 200));
  one.alice.taken();
  const set = values(invite, HeaderId.RecordRoute);

  function peer(flow: FakeFlow, mine: string, theirs: string, route: readonly string[]): Peer {
    let cseq = 1;
    let last: SipRequest | undefined;
    return {
      flow,
      says(method, said = {}) {
        if (method !== "ACK" && said.cseq === undefined) cseq += 1;
        const text = request(method, {
          uri: `sip:${theirs === "b1" ? "bob@192.0.2.20" : "alice@192.0.2.10"}:9`,
          via: `SIP/2.0/TCP ${flow.remote.address}:${flow.remote.port}`,
          to: `<sip:${theirs}@example.com>;tag=${theirs}`,
          callId,
          cseq: `${said.cseq ?? cseq} ${method}`,
          extra: [...routes(route), ...(said.extra ?? [])],
          ...(said.body === undefined ? {} : { body: said.body }),
        });
        one.send(
          flow,
          text.replace("<sip:alice@example.com>;tag=a1", `<sip:${mine}@x>;tag=${mine}`),
        );
      },
      hears() {
        last = flow.request();
        return last;
      },
      answers(status, extra = []) {
        if (last === undefined) throw new Error("nothing was heard");
        one.send(flow, answer(last, status, extra));
      },
    };
  }

  const a = peer(one.alice, "a1", "b1", set.toReversed());
  const b = peer(one.bob, "b1", "a1", set);
  const cancelAtB = () => one.proxy.sendInLeg(leg(callId, "a1", "b1"));
  const cancelAtA = () => one.proxy.sendInLeg(leg(callId, "b1", "a1"));
  const dialog: Dialog = { ...one, callId, a, b, cancelAtB, cancelAtA };
  return dialog;
}

/** The same, with its ACK. */
function established(given: Parameters<typeof invited>[0] = {}): Dialog {
  const dialog = invited(given);
  dialog.a.says("ACK");
  dialog.b.hears();
  return dialog;
}

function numbers(messages: readonly string[]): number[] {
  return messages.map((text) => numberOf(read(text)));
}

function numberOf(message: AnySipMessage): number {
  return message.cseq.number;
}

describe("Proxy.sendInLeg", () => {
  it("sends a MESSAGE as if from the other peer, with the next number", async () => {
    const { b, callId, cancelAtB } = established();
    const end = cancelAtB();
    const got = b.hears();
    const [branch = ""] = /z9hG4bK[\w.]+/.exec(values(got, HeaderId.Via)[0] ?? "") ?? [];
    expect(got.bytes.toString("latin1")).toBe(
      [
        "MESSAGE sip:bob@192.0.2.20:9 SIP/2.0",
        `Via: SIP/2.0/TCP 10.0.0.1:5060;branch=${branch}`,
        "Max-Forwards: 70",
        "From: <sip:a1@x>;tag=a1",
        "To: <sip:b1@example.com>;tag=b1",
        `Call-ID: ${callId}`,
        "CSeq: 2 MESSAGE",
        "Content-Type: text/x-msmsgsinvite; charset=UTF-8",
        `Content-Length: ${CANCEL_BODY.length}`,
        "",
        CANCEL_BODY,
      ].join("\r\n"),
    );
    b.answers(200);
    expect(await end).toEqual({ kind: "answered", status: 200 });
  });

  it("does not bother the peer in whose name it is sent", async () => {
    const { a, b, cancelAtB } = established();
    const end = cancelAtB();
    b.hears();
    b.answers(481);
    expect(await end).toEqual({ kind: "answered", status: 481 });
    expect(a.flow.taken()).toEqual([]);
  });

  it("says no-leg for a call that is not watched, a stranger's tags, and the way that nobody has used", async () => {
    const noLeg = { kind: "failed", reason: "no-leg" };
    expect(await established({ watch: false }).cancelAtB()).toEqual(noLeg);
    const { proxy, callId, cancelAtA } = established();
    expect(await proxy.sendInLeg(leg(callId, "x", "b1"))).toEqual(noLeg);
    expect(await proxy.sendInLeg(leg("other", "a1", "b1"))).toEqual(noLeg);
    expect(await cancelAtA()).toEqual(noLeg);
  });

  it("says no-leg where the client is another user's than the one that is meant", async () => {
    const { b, proxy, callId } = established();
    const stranger = { ...leg(callId, "a1", "b1"), toAor: "sip:carol@example.com" };
    expect(await proxy.sendInLeg(stranger)).toEqual({ kind: "failed", reason: "no-leg" });
    void proxy.sendInLeg({ ...stranger, toAor: "sip:b1@example.com" });
    expect(b.hears().method).toBe("MESSAGE");
    b.answers(200);
  });

  it("says unreachable when the client's connection is gone, at once or in between", async () => {
    const gone = established();
    gone.bob.open = false;
    gone.proxy.onClose(gone.bob);
    expect(await gone.cancelAtB()).toEqual({ kind: "failed", reason: "unreachable" });
    const lost = established();
    const end = lost.cancelAtB();
    lost.bob.open = false;
    lost.proxy.onClose(lost.bob);
    expect(await end).toEqual({ kind: "failed", reason: "unreachable" });
    expect(lost.proxy.unfinished).toBe(0);
  });

  it("gives up after 32 s, and counts the number as used", async () => {
    const { a, b, clock, cancelAtB } = established();
    const end = cancelAtB();
    b.hears();
    clock.advance(32_100);
    expect(await end).toEqual({ kind: "failed", reason: "timeout" });
    a.says("MESSAGE");
    expect(numberOf(b.hears())).toBe(3);
  });

  it("watches for as long as one of those who have asked goes on", async () => {
    const { a, b, proxy, callId, cancelAtB } = established();
    proxy.watch(callId);
    proxy.unwatch(callId);
    a.says("MESSAGE");
    b.hears();
    b.answers(200);
    void cancelAtB();
    expect(b.hears().method).toBe("MESSAGE");
    b.answers(200);
  });

  it("leaves alone what it was not asked to watch any more", async () => {
    const { a, b, proxy, callId, cancelAtB } = established();
    proxy.unwatch(callId);
    a.says("MESSAGE");
    b.hears();
    expect(await cancelAtB()).toEqual({ kind: "failed", reason: "no-leg" });
  });
});

describe("the numbers of a dialog in which we have spoken", () => {
  it("rise towards the client and come back as its peer wrote them, over several requests of ours", () => {
    const { a, b, cancelAtB } = established();
    const seen: number[] = [];
    const back: number[] = [];
    for (const ours of [0, 1, 2, 0, 1]) {
      for (let i = 0; i < ours; i += 1) {
        void cancelAtB();
        seen.push(numberOf(b.hears()));
        b.answers(200);
      }
      a.says("MESSAGE", { body: "hi" });
      const got = b.hears();
      seen.push(numberOf(got));
      expect(got.body.toString()).toBe("hi");
      b.answers(200);
      back.push(...numbers(a.flow.taken()));
    }
    expect(seen).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(back).toEqual([2, 3, 4, 5, 6]);
  });

  it("are kept for each direction by itself", () => {
    const { a, b, cancelAtA, cancelAtB } = established();
    b.says("MESSAGE");
    a.hears();
    a.answers(200);
    b.flow.taken();
    void cancelAtB();
    expect(numberOf(b.hears())).toBe(2);
    void cancelAtA();
    expect(numberOf(a.hears())).toBe(3);
    void cancelAtA();
    expect(numberOf(a.hears())).toBe(4);
    a.says("MESSAGE");
    expect(numberOf(b.hears())).toBe(3);
    b.answers(200);
    expect(numbers(a.flow.taken())).toEqual([2]);
    b.says("INFO");
    expect(numberOf(a.hears())).toBe(5);
    a.answers(200);
    expect(numbers(b.flow.taken())).toEqual([3]);
  });

  it("change nothing but the number, there and back", () => {
    const { a, b, cancelAtB } = established();
    void cancelAtB();
    b.hears();
    a.says("INFO", { extra: ["X-Odd:  a,  b"], body: "x" });
    const there = b.hears();
    const plain = established();
    plain.a.says("INFO", { extra: ["X-Odd:  a,  b"], body: "x" });
    const same = (message: SipRequest, number: string) =>
      message.bytes
        .toString("latin1")
        .replaceAll(/branch=\S+/g, "branch=")
        .replace(/Call-ID: \S+/, "")
        .replace(/CSeq: \d+ /, `CSeq: ${number} `);
    expect(same(there, "n")).toBe(same(plain.b.hears(), "n"));
    b.answers(488, ["X-Odd:  c,  d"]);
    plain.b.answers(488, ["X-Odd:  c,  d"]);
    const strip = (texts: readonly string[]) =>
      texts.map((text) => text.replaceAll(/branch=\S+|Call-ID: \S+/g, ""));
    expect(strip(a.flow.taken())).toEqual(strip(plain.a.flow.taken()));
  });

  it("come back as they were written, provisional answers included", () => {
    const { a, b, cancelAtB } = established();
    void cancelAtB();
    b.hears();
    a.says("INVITE", { cseq: 7 });
    expect(numberOf(b.hears())).toBe(8);
    b.answers(180);
    b.answers(200);
    b.answers(200);
    // The 100 is our own, the repeated 2xx goes through (RFC 6026).
    expect(numbers(a.flow.taken())).toEqual([7, 7, 7, 7]);
  });

  it("fit for the ACK of a re-INVITE that was under way when we spoke", () => {
    const { a, b, cancelAtB } = established();
    a.says("INVITE", { cseq: 2 });
    expect(numberOf(b.hears())).toBe(2);
    b.answers(200);
    void cancelAtB();
    expect(numberOf(b.hears())).toBe(3);
    a.says("ACK", { cseq: 2 });
    expect(numberOf(b.hears())).toBe(2);
    a.says("INVITE", { cseq: 3 });
    expect(numberOf(b.hears())).toBe(4);
    b.answers(200);
    void cancelAtB();
    b.hears();
    a.says("ACK", { cseq: 3 });
    expect(numberOf(b.hears())).toBe(4);
    a.says("BYE", { cseq: 4 });
    expect(numberOf(b.hears())).toBe(6);
  });

  it("fit for the ACK of a refused re-INVITE and for its CANCEL, which are ours", () => {
    const { a, b, cancelAtB, send } = established();
    void cancelAtB();
    b.hears();
    b.answers(200);
    const via = "SIP/2.0/TCP 192.0.2.10:40001";
    a.says("INVITE", { cseq: 2 });
    const invite = b.hears();
    b.answers(180);
    const [branch = ""] = /z9hG4bKt\d+/.exec(values(invite, HeaderId.Via)[1] ?? "") ?? [];
    const { callId } = invite;
    send(a.flow, request("CANCEL", { via, branch, callId, cseq: "2 CANCEL" }));
    const cancel = b.hears();
    expect([cancel.method, numberOf(cancel)]).toEqual(["CANCEL", 3]);
    send(b.flow, answer(invite, 487));
    const ack = b.hears();
    expect([ack.method, numberOf(ack)]).toEqual(["ACK", 3]);
    expect(numbers(a.flow.taken()).every((number) => number === 2)).toBe(true);
  });

  it("fit for a PRACK, which names the number of its INVITE (RFC 3262)", () => {
    const { a, b, cancelAtB } = established();
    void cancelAtB();
    b.hears();
    a.says("INVITE", { cseq: 2 });
    expect(numberOf(b.hears())).toBe(3);
    b.answers(183, ["RSeq: 40", "Require: 100rel"]);
    void cancelAtB();
    b.hears();
    a.says("PRACK", { cseq: 3, extra: ["RAck: 40  2 INVITE"] });
    const prack = b.hears();
    expect(numberOf(prack)).toBe(5);
    const rack = prack.findName("rack");
    expect(prack.valueAt(rack)).toBe("40  3 INVITE");
  });

  it("leave an unreadable RAck as it is", () => {
    const { a, b, cancelAtB } = established();
    void cancelAtB();
    b.hears();
    a.says("PRACK", { extra: ["RAck: 99999999999 2 INVITE"] });
    const prack = b.hears();
    expect(prack.valueAt(prack.findName("rack"))).toBe("99999999999 2 INVITE");
  });

  it("do not run from one call into another", () => {
    const one = established();
    const { bench: _, ...rest } = { bench: one, ...one };
    const two = established({ bench: rest });
    void one.cancelAtB();
    one.b.hears();
    one.b.answers(200);
    two.a.says("MESSAGE");
    expect(numberOf(two.b.hears())).toBe(2);
    void two.cancelAtB();
    expect(numberOf(two.b.hears())).toBe(3);
    one.a.says("MESSAGE");
    expect(numberOf(one.b.hears())).toBe(3);
  });

  it("are kept after unwatch until the dialog ends", () => {
    const { a, b, proxy, callId, cancelAtB } = established();
    void cancelAtB();
    b.hears();
    proxy.unwatch(callId);
    a.says("MESSAGE");
    expect(numberOf(b.hears())).toBe(3);
    a.says("BYE");
    expect(numberOf(b.hears())).toBe(4);
    b.answers(200);
    expect(numbers(a.flow.taken())).toEqual([3]);
    // Nobody writes in an ended dialog; here it shows that the leg is gone.
    a.says("MESSAGE");
    expect(numberOf(b.hears())).toBe(4);
  });

  it("end with a 481 to BYE, and not with a 408 or a BYE that waits", () => {
    const { a, b, proxy, callId, cancelAtB } = established();
    void cancelAtB();
    b.hears();
    proxy.unwatch(callId);
    a.says("BYE");
    b.hears();
    b.answers(408);
    a.says("MESSAGE");
    expect(numberOf(b.hears())).toBe(4);
    a.says("BYE");
    b.hears();
    b.answers(481);
    a.says("MESSAGE");
    expect(numberOf(b.hears())).toBe(5);
  });
});

describe("a watched call without a request of ours", () => {
  it("is byte for byte what it is unwatched", () => {
    const texts = [true, false].map((watch) => {
      const one = established({ watch });
      const { a, b } = one;
      a.says("INVITE", { cseq: 9, extra: ["RAck : 1 2 INVITE", "Content-Type: a/b;\r\n c=d"] });
      const out = [b.hears().bytes.toString("latin1")];
      b.answers(180, ["X-Odd:  a"]);
      b.answers(200);
      a.says("ACK", { cseq: 9, body: "x" });
      out.push(b.hears().bytes.toString("latin1"));
      b.says("PRACK", { extra: ["RAck: 1 2 INVITE"] });
      out.push(a.flow.taken().join(""));
      a.says("BYE");
      out.push(...b.flow.taken());
      return out
        .join("")
        .replaceAll(one.callId, "call")
        .replaceAll(/branch=\S+|tag=sl\S+|<sip:[\w-]*\.[\w-]+@/g, "");
    });
    expect(texts[0]).toContain("RAck");
    expect(texts[0]).toBe(texts[1]);
  });

  it("does not correct a client that answers with a wrong number", () => {
    const { a, b, send } = established();
    a.says("MESSAGE");
    const wrong = answer(b.hears(), 200).replace("CSeq: 2 ", "CSeq: 77 ");
    send(b.flow, wrong);
    expect(numbers(a.flow.taken())).toEqual([77]);
  });
});

describe("a client whose messages are signed", () => {
  const signed = { kind: "failed", reason: "signed" };
  const info = 'Authentication-Info: NTLM rspauth="01", srand="A", snum="1"';
  const proof = 'Proxy-Authorization: Kerberos qop="auth", realm="SIP"';

  it("gets nothing of ours once it has shown credentials in a request of its own", async () => {
    const { b, cancelAtB } = established();
    b.says("MESSAGE", { extra: [proof] });
    expect(await cancelAtB()).toEqual(signed);
    expect(b.flow.taken()).toEqual([]);
  });

  it("gets nothing of ours once it has signed an answer, or been written to by a server that signs", async () => {
    const answering = established();
    answering.a.says("MESSAGE");
    answering.b.hears();
    answering.b.answers(200, ["Proxy-Authorization: TLS-DSK qop=auth"]);
    expect(await answering.cancelAtB()).toEqual(signed);
    const written = established();
    written.a.says("MESSAGE", { extra: [info] });
    expect(await written.cancelAtB()).toEqual(signed);
  });

  it("is known by its first INVITE, when it is the one that gets ours", async () => {
    const { a, b, cancelAtA } = established({ inviteExtra: [proof] });
    b.says("MESSAGE");
    a.hears();
    expect(await cancelAtA()).toEqual(signed);
  });

  it("keeps its numbers even when it begins to sign afterwards", () => {
    const { a, b, cancelAtB } = established();
    void cancelAtB();
    b.hears();
    a.says("MESSAGE", { extra: [info] });
    expect(numberOf(b.hears())).toBe(2);
    a.says("INVITE", { extra: [info] });
    b.hears();
    a.says("PRACK", { extra: [info, "RAck: 1 3 INVITE"] });
    const prack = b.hears();
    expect(prack.valueAt(prack.findName("rack"))).toBe("1 3 INVITE");
  });

  it("is no client with a Digest password", () => {
    const { b, cancelAtB } = established();
    b.says("MESSAGE", { extra: ['Proxy-Authorization: Digest username="NTLM"'] });
    void cancelAtB();
    expect(b.hears().method).toBe("MESSAGE");
  });
});

describe("a dialog through a server", () => {
  const VIA_K = "SIP/2.0/TCP 10.9.0.5:5070";
  const K = "<sip:10.9.0.5:5070;transport=tcp;lr>";

  /** A calls B; K records itself, so that every request crosses the gateway twice. */
  function through() {
    const one = bench();
    one.proxy.watch("d");
    one.send(one.bob, request("REGISTER", { uri: "sip:example.com", to: "<sip:bob@example.com>" }));
    const path = values(one.upstream().request(), HeaderId.Path)[0] ?? "";
    one.send(one.alice, request("INVITE", { callId: "d" }));
    const atServer = one.upstream().request().bytes.toString("latin1");
    const head = `\r\nVia: ${VIA_K};branch=z9hG4bKk1\r\nRecord-Route: ${K}\r\nRoute: ${path}\r\n`;
    one.send(
      one.upstream(),
      atServer
        .replace("INVITE sip:bob@example.com", "INVITE sip:bob@192.0.2.20:9")
        .replace("\r\n", head),
    );
    one.upstream().taken();
    const atBob = one.bob.request();
    one.send(one.bob, answer(atBob, 200));
    const back = one.upstream().response();
    const set = values(back, HeaderId.RecordRoute).reverse();
    /** Brings a request of A by way of K to B; gives what stood at K and at B. */
    const fromAlice = (method: string, cseq: number) => {
      const to = "<sip:bob@example.com>;tag=b1";
      const uri = "sip:bob@192.0.2.20:9";
      const extra = routes(set);
      one.send(
        one.alice,
        request(method, { uri, to, callId: "d", cseq: `${cseq} ${method}`, extra }),
      );
      const atK = one.upstream().request();
      const left = atK.bytes.toString("latin1").replace(/Route: <sip:10\.9\.0\.5[^\r]*\r\n/, "");
      one.send(
        one.upstream(),
        left.replace("\r\n", `\r\nVia: ${VIA_K};branch=z9hG4bKk${method}${cseq}\r\n`),
      );
      return { atK, atBob: one.bob.request() };
    };
    return { ...one, fromAlice };
  }

  it("is numbered at the crossing to the client alone", async () => {
    const { alice, bob, proxy, send, upstream, fromAlice } = through();
    const ack = fromAlice("ACK", 1);
    expect(numberOf(ack.atBob)).toBe(1);
    const end = proxy.sendInLeg(leg("d", "a1", "b1"));
    const ours = bob.request();
    expect([ours.requestUri, numberOf(ours)]).toEqual(["sip:bob@192.0.2.20:9", 2]);
    expect(values(ours, HeaderId.Route)).toEqual([]);
    expect(upstream().taken()).toEqual([]);
    send(bob, answer(ours, 200));
    expect(await end).toEqual({ kind: "answered", status: 200 });
    alice.taken();
    const { atK, atBob } = fromAlice("MESSAGE", 2);
    expect([numberOf(atK), numberOf(atBob)]).toEqual([2, 3]);
    send(bob, answer(atBob, 200));
    const toK = upstream().response();
    expect(numberOf(toK)).toBe(2);
    send(upstream(), answer(atK, 200));
    expect(numberOf(alice.response())).toBe(2);
  });
});

describe("DialogLegs", () => {
  const end = { address: "192.0.2.1", port: 5060 };
  const face = new FlowFace(
    new FakeFlow("tcp", end, end, false),
    "client",
    "10.0.0.1:5060",
    createFlowTokens(Buffer.alloc(32), "boot"),
  );
  const inDialog = (callId: string, toTag = "b", from = "") =>
    read(
      request("INFO", {
        callId,
        to: `<sip:bob@example.com>;tag=${toTag}`,
        extra: [from].filter(Boolean),
      }),
    ) as SipRequest;

  it("keeps no more calls than it may, and drops the one that was watched longest ago", () => {
    const legs = new DialogLegs({ calls: 3, legs: 100 });
    for (const callId of ["1", "2", "3"]) legs.watch(callId);
    legs.leaving(inDialog("2"), face, "sip:b@x");
    legs.watch("1");
    legs.watch("4");
    expect(legs.size).toEqual({ calls: 3, legs: 0 });
    legs.leaving(inDialog("1"), face, "sip:b@x");
    expect(legs.find("1", "a1", "b")).toBeDefined();
    expect(legs.find("2", "a1", "b")).toBeUndefined();
  });

  it("keeps no more legs than it may, and drops the one that was used longest ago", () => {
    const legs = new DialogLegs({ calls: 100, legs: 2 });
    for (const callId of ["1", "2", "3"]) legs.watch(callId);
    for (const callId of ["1", "2", "1", "3"]) legs.leaving(inDialog(callId), face, "sip:b@x");
    expect(legs.size.legs).toBe(2);
    expect(legs.find("2", "a1", "b")).toBeUndefined();
    expect(legs.find("1", "a1", "b")).toBeDefined();
  });

  it("gives one call no more than its share", () => {
    const legs = new DialogLegs();
    legs.watch("1");
    for (let i = 0; i < 500; i += 1) legs.leaving(inDialog("1", `t${i}`), face, "sip:b@x");
    expect(legs.size.legs).toBe(32);
  });

  it("keeps nothing of what is made long", () => {
    const legs = new DialogLegs();
    legs.watch("1");
    legs.watch("x".repeat(2000));
    legs.leaving(inDialog("1"), face, `sip:${"b".repeat(5000)}@x`);
    expect(legs.size).toEqual({ calls: 1, legs: 0 });
  });

  it("forgets a call with its last leg", () => {
    const legs = new DialogLegs();
    legs.watch("1");
    legs.leaving(inDialog("1"), face, "sip:b@x");
    legs.unwatch("1");
    legs.unwatch("nobody");
    expect(legs.size).toEqual({ calls: 0, legs: 0 });
  });

  it("trusts nobody in a call in which very many sign", () => {
    const legs = new DialogLegs();
    legs.watch("1");
    legs.leaving(inDialog("1"), face, "sip:b@x");
    const proof = "Authorization: NTLM x";
    for (let i = 0; i < 50; i += 1) legs.leaving(inDialog("1", `t${i}`, proof), face, "sip:b@x");
    legs.leaving(inDialog("1"), face, "sip:b@x");
    expect(legs.find("1", "a1", "b")).toBe("signed");
  });
});
