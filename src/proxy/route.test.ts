import { describe, expect, it } from "vitest";
import { parseDatagram } from "../wire/sip/parse-message.ts";
import { applySplices } from "../wire/sip/splice.ts";
import { planRoute, type RoutePlan } from "./route.ts";

const LIMITS = { maxHeadBytes: 65_536, maxHeaderCount: 200, maxBodyBytes: 65_536 };
const proofs = {
  isProof: (text: string, proof: string) => proof === text.replaceAll(" ", "-"),
};
const isOwn = (host: string): boolean => host.startsWith("gw");

/** The plan for a request with these Route fields, the Request-URI and the Route fields that are left. */
function planned(
  fields: readonly string[],
  uri = "sip:b@192.0.2.2",
): RoutePlan & { left: string[]; uri: string } {
  const routes = fields.map((field) => `Route: ${field}\r\n`).join("");
  const text = `BYE ${uri} SIP/2.0\r\nVia: SIP/2.0/UDP h\r\n${routes}From: <sip:a@x>;tag=1\r\nTo: <sip:b@x>;tag=2\r\nCall-ID: c\r\nCSeq: 1 BYE\r\n\r\n`;
  const message = parseDatagram(Buffer.from(text, "latin1"), LIMITS);
  if (!message.ok || message.value.kind !== "request") throw new Error("not a request");
  const plan = planRoute(message.value, isOwn, proofs);
  const out = applySplices(message.value.bytes, plan.splices).toString("latin1");
  const left = Array.from(out.matchAll(/\r\nRoute: ([^\r]*)/g), (match) => match[1] ?? "");
  return { ...plan, left, uri: out.split(" ")[1] ?? "" };
}

describe("planRoute", () => {
  it("takes its own entries off one field, several fields, and part of a field", () => {
    expect(planned(["<sip:gw;lr>"]).left).toEqual([]);
    expect(planned(["<sip:gw;lr>", "<sip:t@gw2;lr>", "<sip:k;lr>"]).left).toEqual(["<sip:k;lr>"]);
    expect(planned(["<sip:gw;lr> , <sip:t@gw2;lr>,<sip:k;lr>,  <sip:gw;lr>"]).left).toEqual([
      "<sip:k;lr>,  <sip:gw;lr>",
    ]);
  });

  it("names the token of the last own entry, and none when that one has none", () => {
    expect(planned(["<sip:one@gw;lr>, <sip:two@gw;lr>"]).token).toBe("two");
    expect(planned(["<sip:one@gw;lr>, <sip:gw;lr>, <sip:k;lr>"]).token).toBeUndefined();
    expect(planned(["<sip:k;lr>, <sip:one@gw;lr>"]).token).toBeUndefined();
  });

  it("is not misled by our address in a display name or a parameter", () => {
    const plan = planned(['"<sip:gw;lr>, " <sip:k;lr;x=gw>']);
    expect([plan.popped, plan.next?.host]).toEqual([0, "k"]);
  });

  it("stops at a value that it cannot read", () => {
    expect(planned(["<nonsense>", "<sip:gw;lr>"]).popped).toBe(0);
  });

  it("sees which crossing judged the offer", () => {
    const [pass, own] = ["<sip:gw;lr;sluice=pass>", "<sip:.own--c@gw;lr;sluice=own>"];
    expect(planned([pass, "<sip:k;lr>", own])).toMatchObject({
      poppedPass: true,
      carriesOwn: true,
    });
    expect(planned([pass, "<sip:k;lr>"])).toMatchObject({ poppedPass: true, carriesOwn: false });
    expect(planned([pass, "<sip:k;lr;sluice=own>"]).carriesOwn).toBe(false);
  });

  it.each([
    ["an entry of ours", "<sip:t.own-t-c@gw;lr;sluice=own>", { token: "t", proven: true }],
    ["one that faces the server", "<sip:.pass--c@gw;lr;sluice=pass>", { proven: true }],
    ["a Path", "<sip:t@gw;lr>", { token: "t", proven: false, poppedPass: false }],
    [
      "another call's entry",
      "<sip:t.own-t-d@gw;lr;sluice=own>",
      { proven: false, poppedPass: true },
    ],
    ["a pass that became own", "<sip:t.pass-t-c@gw;lr;sluice=own>", { proven: false }],
    ["another's token", "<sip:t.own-u-c@gw;lr;sluice=own>", { proven: false, poppedPass: true }],
    ["an entry without its mark", "<sip:t.own-t-c@gw;lr>", { proven: false, poppedPass: false }],
  ])("knows by the proof whether the dialog has %s", (_what, entry, expected) => {
    expect(planned([entry, "<sip:k;lr>"])).toMatchObject(expected);
  });

  it("finds no proof in an entry that it does not take off", () => {
    expect(planned(["<sip:k;lr>", "<sip:t.own-t-c@gw;lr;sluice=own>"]).proven).toBe(false);
  });

  it("takes an own mark without a proof for a pass", () => {
    const plan = planned(["<sip:t@gw;lr;sluice=own>"]);
    expect(plan).toMatchObject({ poppedPass: true, carriesOwn: false });
  });

  it("hands the target to a strict router the way it wants it (RFC 3261 §16.6 step 6)", () => {
    const plan = planned(["<sip:gw;lr>, <sip:strict>", "<sip:k;lr>"]);
    expect([plan.uri, ...plan.left]).toEqual(["sip:strict", "<sip:k;lr>", "<sip:b@192.0.2.2>"]);
    expect(plan.next?.host).toBe("strict");
  });

  it("takes the target back from a strict router (RFC 3261 §16.4)", () => {
    const plan = planned(["<sip:t@gw;lr>", "<sip:b@192.0.2.2>"], "sip:gw;lr;sluice=own");
    expect([plan.uri, ...plan.left]).toEqual(["sip:b@192.0.2.2"]);
    expect([plan.token, plan.target]).toEqual(["t", "sip:b@192.0.2.2"]);
  });
});
