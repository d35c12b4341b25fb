import { describe, expect, it } from "vitest";
import type { Config, UpstreamServer } from "../config/config.ts";
import { createManualClock } from "../../test/support/manual-clock.ts";
import { placementOf, serverAddresses, type ResolvedPlacement } from "./resolve-placement.ts";
import { resolveUpstream } from "./resolve-upstream.ts";
import { UpstreamNames } from "./upstream-names.ts";

function server(host: string): UpstreamServer {
  const given = { portGiven: false, transportGiven: true };
  return { uri: `sip:${host}`, transport: "tcp", host, port: 5060, allowClear: false, ...given };
}

const A = server("10.0.1.5");
const B = server("2001:DB8:0::5");

function configOf(placement: Config["placement"]): Config {
  const routes = [
    { domain: "a.example", servers: [A] },
    { domain: "b.example", servers: [B, A] },
  ];
  const upstream = { kind: "servers", servers: [A, B] };
  return { placement, routes, upstream } as unknown as Config;
}

async function resolved(placement: Config["placement"]): Promise<ResolvedPlacement> {
  const names = await UpstreamNames.start(
    {
      clock: createManualClock(),
      find: async (one) => ({ targets: [await resolveUpstream(one)], ttlMs: undefined }),
      log: { warn: () => undefined },
      onChange: () => undefined,
    },
    [A, B],
  );
  return placementOf(configOf(placement), names);
}

describe("placementOf", () => {
  it("finds the servers of each domain, their addresses spelt as sockets do", async () => {
    const placed = await resolved("trunk");
    expect(placed.placement).toMatchObject({
      kind: "trunk",
      routes: [
        { domain: "a.example", servers: [{ remote: { address: "10.0.1.5", port: 5060 } }] },
        { servers: [{ remote: { address: "2001:db8::5" } }, { remote: { address: "10.0.1.5" } }] },
      ],
    });
    expect(serverAddresses(placed)).toEqual(["10.0.1.5", "2001:db8::5"]);
  });

  it("knows no server by its address alone in front of it", async () => {
    const placed = await resolved("in_front");
    expect(placed.placement).toBeUndefined();
    expect(serverAddresses(placed)).toEqual([]);
  });
});
