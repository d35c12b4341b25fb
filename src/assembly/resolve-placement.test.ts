import { describe, expect, it } from "vitest";
import type { Config, UpstreamServer } from "../config/config.ts";
import { resolvePlacement, serverAddresses } from "./resolve-placement.ts";

function server(host: string): UpstreamServer {
  return { uri: `sip:${host}`, transport: "tcp", host, port: 5060, allowClear: false };
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

describe("resolvePlacement", () => {
  it("finds the servers of each domain, their addresses spelt as sockets do", async () => {
    const placed = await resolvePlacement(configOf("trunk"));
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
    const placed = await resolvePlacement(configOf("in_front"));
    expect(placed.placement).toBeUndefined();
    expect(serverAddresses(placed)).toEqual([]);
  });
});
