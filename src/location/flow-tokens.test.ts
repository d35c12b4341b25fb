import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FlowAddress } from "./flow-reference.ts";
import { createFlowTokens } from "./flow-tokens.ts";

const KEY = Buffer.alloc(32, 7);

function udpFlow(local: string, remote: string, port = 5060): FlowAddress {
  const ends = { local: { address: local, port: 5060 }, remote: { address: remote, port } };
  return { id: `udp/${local}/${remote}`, transport: "udp", ...ends };
}

const TCP: FlowAddress = {
  id: "tcp/1234",
  transport: "tcp",
  local: { address: "192.0.2.1", port: 5060 },
  remote: { address: "198.51.100.7", port: 40_000 },
};

describe("createFlowTokens", () => {
  it("opens a UDP token after a restart", () => {
    const flow = udpFlow("192.0.2.1", "198.51.100.7", 40_001);
    const token = createFlowTokens(KEY, "first run").seal(flow);
    expect(createFlowTokens(KEY, "second run").open(token)).toEqual({
      ok: true,
      value: { kind: "udp", local: flow.local, remote: flow.remote },
    });
  });

  it("opens the token of a connection in the same run, and calls it stale in the next", () => {
    const tokens = createFlowTokens(KEY, "first run");
    const token = tokens.seal(TCP);
    expect(tokens.open(token)).toEqual({
      ok: true,
      value: { kind: "connection", flowId: "tcp/1234" },
    });
    expect(createFlowTokens(KEY, "second run").open(token)).toEqual({
      ok: false,
      problem: "stale",
    });
  });

  it.each([
    ["IPv4", udpFlow("192.0.2.1", "198.51.100.7"), 34],
    ["IPv6", udpFlow("2001:db8::1", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"), 66],
    ["scoped IPv6", udpFlow("fe80::1%eth0", "fe80::2%eth0"), 80],
    ["TCP", TCP, 40],
  ])("makes short tokens of unreserved characters for %s", (_name, flow, length) => {
    const tokens = createFlowTokens(KEY, "run");
    const token = tokens.seal(flow);
    expect(token).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(token.length).toBeLessThanOrEqual(length);
    expect(tokens.open(token).ok).toBe(true);
  });

  it("gives equal flows equal tokens, and shows nothing of the address", () => {
    const first = createFlowTokens(KEY, "run").seal(udpFlow("192.0.2.1", "198.51.100.7"));
    const again = createFlowTokens(KEY, "run").seal(udpFlow("192.0.2.1", "198.51.100.7"));
    const other = createFlowTokens(KEY, "run").seal(udpFlow("192.0.2.1", "198.51.100.8"));
    expect(again).toBe(first);
    const same = Array.from(first).filter((letter, index) => other[index] === letter).length;
    expect(same).toBeLessThan(12);
  });

  it("refuses the token of another key, and a key of the wrong size", () => {
    const token = createFlowTokens(Buffer.alloc(32, 8), "run").seal(TCP);
    const outcome = createFlowTokens(KEY, "run").open(token);
    expect(outcome).toEqual({ ok: false, problem: "forged" });
    expect(() => createFlowTokens(Buffer.alloc(16), "run")).toThrow(RangeError);
  });

  it("refuses every token with one character changed, added or taken away", () => {
    const tokens = createFlowTokens(KEY, "run");
    const token = tokens.seal(udpFlow("192.0.2.1", "198.51.100.7"));
    for (let index = 0; index < token.length; index += 1) {
      for (const replacement of ["A", "B", "-", ""]) {
        const altered = token.slice(0, index) + replacement + token.slice(index + 1);
        if (altered === token) continue;
        expect(tokens.open(altered)).toEqual({ ok: false, problem: "forged" });
      }
    }
    expect(tokens.open(`${token}=`).ok).toBe(false);
    expect(tokens.open(`${token}A`).ok).toBe(false);
  });

  it("proves a text for the same key alone, also after a restart", () => {
    const proof = createFlowTokens(KEY, "first run").prove("own call-1");
    const tokens = createFlowTokens(KEY, "second run");
    expect(proof).toMatch(/^[\w-]{16}$/);
    expect(tokens.isProof("own call-1", proof)).toBe(true);
    expect(tokens.isProof("own call-2", proof)).toBe(false);
    for (const other of ["", "é".repeat(8), proof.slice(1), `${proof}A`]) {
      expect(tokens.isProof("own call-1", other)).toBe(false);
    }
    const stranger = createFlowTokens(Buffer.alloc(32, 8), "first run");
    expect(stranger.isProof("own call-1", proof)).toBe(false);
  });

  it("refuses whatever else a peer writes there", () => {
    const tokens = createFlowTokens(KEY, "run");
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String(), fc.uint8Array()), (raw) => {
        const text = typeof raw === "string" ? raw : Buffer.from(raw).toString("base64url");
        expect(tokens.open(text)).toEqual({ ok: false, problem: "forged" });
      }),
    );
  });

  it("opens what it sealed, for any pair of addresses", () => {
    const tokens = createFlowTokens(KEY, "run");
    const end = fc.record({ address: fc.ipV4(), port: fc.integer({ min: 1, max: 65_535 }) });
    fc.assert(
      fc.property(end, end, (local, remote) => {
        const token = tokens.seal({ id: "udp/x/y", transport: "udp", local, remote });
        expect(tokens.open(token)).toEqual({ ok: true, value: { kind: "udp", local, remote } });
      }),
    );
  });
});
