import { describe, expect, it } from "vitest";
import { acceptOf, ADDRESS, KEYS, offerOf } from "./invitations.test-data.ts";
import { TransferRig, type Person } from "./transfer-rig.test-data.ts";
import type { TransferSecurity } from "./transfer-security.ts";

function text(lines: readonly string[]): string {
  return `${lines.join("\r\n")}\r\n`;
}

/** The direct way, up to the relay: what became of it. */
async function transferred(
  rig: TransferRig,
  offered: string | undefined,
  keys: readonly string[],
): Promise<"encrypted" | "clear" | "offer refused" | "answer refused"> {
  if ((await rig.sends("alice", offerOf(offered))) === undefined) return "offer refused";
  if ((await rig.sends("bob", acceptOf(...keys))) === undefined) return "answer refused";
  await rig.sends("alice", acceptOf(...ADDRESS));
  const [plan] = rig.means.relay.opened;
  if (plan === undefined) throw new Error("the relay was not asked");
  return plan.keys === undefined ? "clear" : "encrypted";
}

describe("a transfer of the plain variant", () => {
  it("goes through the relay as an encrypted one does, and the event says that it ran in clear", async () => {
    const rig = new TransferRig();
    expect(await rig.sends("alice", offerOf(undefined))).toBe(text(offerOf(undefined)));
    expect(await rig.sends("bob", acceptOf())).toBe(text(acceptOf()));
    const accept = await rig.sends("alice", acceptOf(...ADDRESS, "IP-Address-Internal: 10.0.0.1"));
    expect(accept?.split("\r\n")).toEqual([
      ...acceptOf(),
      "IP-Address: 198.51.100.5",
      "Port: 6893",
      "PortX: 11180",
      "AuthCookie: 777000111",
      "",
    ]);
    expect(rig.means.relay.opened).toMatchObject([
      { keys: undefined, size: 27, user: "bob@example.com", sender: { kind: "dial" } },
    ]);
    const end = {
      result: "delivered",
      reason: undefined,
      receivedBytes: 27,
      deliveredBytes: 27,
      senderTold: "received",
    } as const;
    rig.filter.onRelayEvent({ kind: "ended", id: "T1", end });
    await Promise.resolve();
    expect(rig.journal.allowedEvents.at(-1)).toMatchObject({
      delivery: "delivered",
      file: { name: "hello.txt", sent: "clear" },
    });
  });

  it("tells the relay from where a sender will dial that proves itself by nothing else", async () => {
    const rig = new TransferRig();
    await rig.sends("alice", [...offerOf(undefined), "Connectivity: N"]);
    await rig.sends("bob", acceptOf(...ADDRESS, "Sender-Connect: TRUE"));
    expect(rig.means.relay.opened).toMatchObject([
      { keys: undefined, sender: { kind: "await", onlyFrom: "192.0.2.10" } },
    ]);
  });

  it("tells both sides when the relay does not know that address", async () => {
    const rig = new TransferRig();
    rig.behindServer.add("alice");
    rig.means.relay.answer = { kind: "refused", reason: "unproven-sender" };
    await rig.sends("alice", offerOf(undefined));
    expect(await rig.sends("bob", acceptOf(...ADDRESS, "Sender-Connect: TRUE"))).toBeUndefined();
    expect(rig.means.relay.opened).toMatchObject([{ sender: { onlyFrom: undefined } }]);
    expect(rig.means.inLeg).toMatchObject([{ fromTag: "bb22", toTag: "aa11" }]);
  });
});

describe("what the two agree on", () => {
  it.each([
    ["R", KEYS, "encrypted"],
    ["S", KEYS, "encrypted"],
    ["S", [], "clear"],
    [undefined, [], "clear"],
    ["R", [], "answer refused"],
    [undefined, KEYS, "answer refused"],
    ["N", [], "offer refused"],
    ["r", KEYS, "offer refused"],
    ["", [], "offer refused"],
  ] as const)("of Encryption: %s and %j is %s", async (offered, keys, end) => {
    const rig = new TransferRig();
    expect(await transferred(rig, offered, keys)).toBe(end);
    // Who waits for an answer that was refused is told that nothing comes of it.
    const told = rig.means.inLeg.map(({ toTag, body }) => [toTag, /CANCEL/.test(String(body))]);
    expect(told).toEqual(end === "answer refused" ? [["aa11", true]] : []);
  });

  it.each([
    ["keys after an answer without", "bob", [], acceptOf(...KEYS, ...ADDRESS)],
    [
      "other keys",
      "bob",
      KEYS,
      acceptOf(KEYS[1] ?? "", "Encryption-Key: QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZX"),
    ],
    ["keys of the sender", "alice", [], acceptOf(...KEYS, ...ADDRESS)],
  ] as const)("does not change with %s", async (_what, who, keys, second) => {
    const rig = new TransferRig();
    await rig.sends("alice", offerOf("S"));
    await rig.sends("bob", acceptOf(...keys));
    expect(await rig.sends(who, second)).toBeUndefined();
    expect(rig.means.relay.opened).toEqual([]);
    expect(await rig.sends("alice", acceptOf(...ADDRESS))).toContain("198.51.100.5");
  });

  it("begins with the receiver: no address, and no keys, of a sender come before its answer", async () => {
    const rig = new TransferRig();
    await rig.sends("alice", offerOf(undefined));
    expect(await rig.sends("alice", acceptOf(...ADDRESS))).toBeUndefined();
    expect(await rig.sends("alice", acceptOf(...KEYS))).toBeUndefined();
    expect(rig.means.relay.opened).toEqual([]);
  });

  it("is not undermined by the same offer with another word of encryption", async () => {
    const rig = new TransferRig();
    await rig.sends("alice", offerOf("R"));
    expect(await rig.sends("alice", offerOf("S"))).toBeUndefined();
    expect(await rig.sends("alice", offerOf(undefined))).toBeUndefined();
    expect(await rig.sends("alice", offerOf("R"))).toBe(text(offerOf("R")));
  });
});

describe("relay.msnftp.security", () => {
  const NONE: readonly Person[] = [];
  const BOTH: readonly Person[] = ["alice", "bob"];
  const cases: readonly (readonly [TransferSecurity, readonly Person[], string, string])[] = [
    ["any", NONE, "clear", "clear"],
    ["any", BOTH, "clear", "clear"],
    ["any", NONE, "encrypted", "encrypted"],
    ["as_sip", NONE, "clear", "clear"],
    ["as_sip", ["alice"], "clear", "offer refused"],
    ["as_sip", ["bob"], "clear", "answer refused"],
    ["as_sip", BOTH, "clear", "offer refused"],
    ["as_sip", ["bob"], "encrypted", "encrypted"],
    ["encrypted", NONE, "clear", "offer refused"],
    ["encrypted", NONE, "encrypted", "encrypted"],
    ["high", NONE, "encrypted", "offer refused"],
    ["high", ["alice"], "encrypted", "answer refused"],
    ["high", ["bob"], "encrypted", "offer refused"],
    ["high", BOTH, "encrypted", "encrypted"],
    ["high", BOTH, "clear", "offer refused"],
  ];

  it.each(cases)("%s, with TLS of %j: %s -> %s", async (security, byTls, wish, end) => {
    const rig = new TransferRig(() => security);
    for (const person of byTls) rig.byTls.add(person);
    const isClear = wish === "clear";
    expect(await transferred(rig, isClear ? undefined : "R", isClear ? [] : KEYS)).toBe(end);
  });

  it.each([
    ["as_sip", ["alice"]],
    ["encrypted", []],
    ["high", ["alice", "bob"]],
  ] as const)(
    "%s refuses an answer without keys to an offer that leaves it open",
    async (security, byTls) => {
      const rig = new TransferRig(() => security);
      for (const person of byTls) rig.byTls.add(person);
      expect(await transferred(rig, "S", [])).toBe("answer refused");
      expect(rig.means.inLeg).toMatchObject([{ toTag: "aa11" }]);
    },
  );

  it("holds for each leg by the address that its SIP comes from", async () => {
    const securityOf = (address: string): TransferSecurity =>
      address === "192.0.2.20" ? "high" : "any";
    const rig = new TransferRig(securityOf);
    expect(await transferred(rig, "R", KEYS)).toBe("answer refused");
    const tls = new TransferRig(securityOf);
    tls.byTls.add("bob");
    expect(await transferred(tls, "R", KEYS)).toBe("encrypted");
    const clear = new TransferRig(securityOf);
    clear.byTls.add("bob");
    expect(await transferred(clear, undefined, [])).toBe("answer refused");
  });

  it("counts the server's connection for who speaks through the server", async () => {
    const rig = new TransferRig((address) => (address === "192.0.2.1" ? "high" : "any"));
    rig.behindServer.add("bob");
    expect(await transferred(rig, "R", KEYS)).toBe("answer refused");
  });

  it("refuses in words, with the cookie, and puts it on record", async () => {
    const rig = new TransferRig(() => "high");
    const { outcome } = await rig.outcomeOf("alice", text(offerOf("R")));
    expect(outcome).toMatchObject({ kind: "reply", status: 606 });
    if (outcome.kind !== "reply") return;
    const warning = outcome.headers?.find(({ name }) => name === "Warning")?.value;
    expect(warning).toMatch(/^309 .*File transfer is for users who are connected by TLS/);
    expect(String(outcome.body?.bytes)).toContain("Invitation-Cookie: 513756658");
    expect(rig.refusals).toEqual(["relay: not-by-tls: high security, and SIP did not come by TLS"]);
  });

  it("refuses the address of a sender that has left TLS, and keeps the transfer for who has not", async () => {
    const rig = new TransferRig(() => "high");
    rig.byTls.add("alice").add("bob");
    await rig.sends("alice", offerOf("R"));
    await rig.sends("bob", acceptOf(...KEYS));
    rig.byTls.delete("alice");
    expect(await rig.sends("alice", acceptOf(...ADDRESS))).toBeUndefined();
    expect(rig.means.relay.opened).toEqual([]);
    rig.byTls.add("alice");
    expect(await rig.sends("alice", acceptOf(...ADDRESS))).toContain("198.51.100.5");
  });
});
