import { describe, expect, it } from "vitest";
import { chooseWays, type ConnectsSetting, type Seat } from "./transfer-ways.ts";

const HERE: Seat = { address: "192.0.2.10", behindNat: false };
const NATTED: Seat = { address: "203.0.113.7", behindNat: true };
const BY_SERVER: Seat = { address: undefined, behindNat: false };

/** "peer gateway": the sender connects to us, and we to the receiver. */
function chosen(
  offer: { readonly saysNat?: boolean; readonly signed?: boolean },
  sender: Seat,
  receivers: readonly Seat[],
  setting: ConnectsSetting | ((address: string | undefined) => ConnectsSetting) = "auto",
): string {
  const settingOf = typeof setting === "function" ? setting : () => setting;
  const { saysNat = false, signed = false } = offer;
  const ways = chooseWays({ saysNat, signed }, sender, receivers, settingOf);
  return `${ways.sender} ${ways.receiver}`;
}

const OFFERED = { without: "gateway peer", with: "peer gateway" } as const;

describe("chooseWays", () => {
  it.each([
    ["what is offered, where both can be reached", false, HERE, [HERE], OFFERED.without],
    ["the same with Connectivity: N", true, HERE, [HERE], OFFERED.with],
    ["both connecting, for two behind NAT", true, NATTED, [NATTED], "peer peer"],
    [
      "both connecting, where the sender does not say that it is",
      false,
      NATTED,
      [HERE],
      "peer peer",
    ],
    [
      "no more than is offered, where the receiver connects anyway",
      false,
      HERE,
      [NATTED],
      OFFERED.without,
    ],
    [
      "a receiver that connects, if one of its devices has to",
      true,
      HERE,
      [HERE, NATTED],
      "peer peer",
    ],
    ["what is offered, for a receiver who is not ours", true, NATTED, [], OFFERED.with],
    ["what is offered, for a sender who is not ours", false, BY_SERVER, [NATTED], OFFERED.without],
  ] as const)("is by itself: %s", (_, saysNat, sender, receivers, expected) => {
    expect(chosen({ saysNat }, sender, receivers)).toBe(expected);
  });

  it("leaves signed legs as offered, for they take no words of ours", () => {
    expect(chosen({ saysNat: true, signed: true }, NATTED, [NATTED])).toBe(OFFERED.with);
    expect(chosen({ signed: true }, HERE, [HERE], "gateway")).toBe(OFFERED.without);
    expect(chosen({ signed: true }, HERE, [HERE], "peer")).toBe(OFFERED.without);
  });

  it.each([
    ["peer", "peer peer"],
    ["gateway", "gateway gateway"],
    ["as_offered", OFFERED.with],
  ] as const)("does as it is told: %s", (setting, expected) => {
    expect(chosen({ saysNat: true }, NATTED, [NATTED], setting)).toBe(expected);
  });

  it("is told for each network", () => {
    const settingOf = (address: string | undefined): ConnectsSetting =>
      address === HERE.address ? "gateway" : "peer";
    expect(chosen({}, HERE, [NATTED], settingOf)).toBe("gateway peer");
    expect(chosen({}, NATTED, [HERE], settingOf)).toBe("peer gateway");
  });
});
