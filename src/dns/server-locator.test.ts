/** The search as a whole, against a name server on loopback. */
import { describe, expect, it } from "vitest";
import { DnsServer, type DnsZone } from "../../test/support/dns-server.ts";
import { createManualClock } from "../../test/support/manual-clock.ts";
import { cachedDns } from "./cached-dns.ts";
import { createNodeDns } from "./node-dns.ts";
import type { SipTransport } from "./select-server.ts";
import { createServerLocator } from "./server-locator.ts";

async function locator(zones: Readonly<Record<string, DnsZone>>, { tls = false } = {}) {
  const server = await DnsServer.open(zones);
  const clock = createManualClock();
  const dns = cachedDns(createNodeDns({ servers: [server.address], tryMs: 1000 }), clock, {
    entries: 100,
  });
  const search = createServerLocator(
    { clock, dns, random: () => 0 },
    { timeoutMs: 4000, ipv6: true, tls },
  );
  /** "udp 10.0.0.1:5060", in the order in which they are tried; or the problem. */
  async function found(host: string, port?: number, transport?: SipTransport) {
    return shown(await search.locate({ host, port, transport, secure: false }));
  }
  /** The same for a sips: URI. */
  async function foundSecurely(host: string, port?: number, transport?: SipTransport) {
    return shown(await search.locate({ host, port, transport, secure: true }));
  }
  function shown(located: Awaited<ReturnType<typeof search.locate>>) {
    if (!located.ok) return located.problem;
    return located.value.servers.map((one) => `${one.transport} ${one.address}:${one.port}`);
  }
  return {
    server,
    clock,
    found,
    foundSecurely,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

const TWO: Readonly<Record<string, DnsZone>> = {
  "a.example": {
    naptr: [
      [10, 1, "s", "SIPS+D2T", "_sips._tcp.a.example"],
      [20, 1, "s", "SIP+D2T", "_sip._tcp.a.example"],
    ],
    a: ["10.0.0.9"],
    aaaa: ["fd00::9"],
  },
  "_sip._tcp.a.example": {
    srv: [
      [20, 0, 5070, "two.example"],
      [10, 0, 5080, "one.example"],
    ],
  },
  "one.example": { a: ["10.0.0.1"], aaaa: ["fd00::1"] },
  "two.example": { a: ["10.0.0.2"] },
  "srv.example": {},
  "_sip._udp.srv.example": { srv: [[1, 1, 5090, "two.example"]] },
  "plain.example": { a: ["10.0.0.3", "10.0.0.4"] },
};

describe("createServerLocator", () => {
  it("goes from NAPTR to SRV to addresses, by priority", async () => {
    await using dns = await locator(TWO);
    expect(await dns.found("a.example")).toEqual([
      "tcp 10.0.0.1:5080",
      "tcp fd00::1:5080",
      "tcp 10.0.0.2:5070",
    ]);
  });

  it("asks SRV of every transport where there is no NAPTR, and addresses where there is no SRV", async () => {
    await using dns = await locator(TWO);
    expect(await dns.found("srv.example")).toEqual(["udp 10.0.0.2:5090"]);
    expect(await dns.found("plain.example")).toEqual(["udp 10.0.0.3:5060", "udp 10.0.0.4:5060"]);
    expect(await dns.found("plain.example", undefined, "tcp")).toEqual([
      "tcp 10.0.0.3:5060",
      "tcp 10.0.0.4:5060",
    ]);
  });

  it("takes TLS from NAPTR in its order, where we speak it", async () => {
    const zones = {
      ...TWO,
      "_sips._tcp.a.example": { srv: [[1, 1, 5061, "two.example"]] },
    } as const;
    await using dns = await locator(zones, { tls: true });
    expect(await dns.found("a.example")).toEqual([
      "tls 10.0.0.2:5061",
      "tcp 10.0.0.1:5080",
      "tcp fd00::1:5080",
      "tcp 10.0.0.2:5070",
    ]);
  });

  it("takes SRV of TLS before the others where there is no NAPTR", async () => {
    const zones = {
      ...TWO,
      "_sips._tcp.srv.example": { srv: [[9, 1, 5071, "one.example"]] },
    } as const;
    await using dns = await locator(zones, { tls: true });
    expect(await dns.found("srv.example")).toEqual([
      "tls 10.0.0.1:5071",
      "tls fd00::1:5071",
      "udp 10.0.0.2:5090",
    ]);
    expect(await dns.found("plain.example", undefined, "tls")).toEqual([
      "tls 10.0.0.3:5061",
      "tls 10.0.0.4:5061",
    ]);
  });

  it.each([
    [
      "NAPTR for clear transports alone",
      { naptr: [[1, 1, "s", "SIP+D2U", "_sip._udp.srv.example"]] },
    ],
    ["no NAPTR", {}],
  ] as const)("leads a sips: URI to TLS, with %s", async (_what, zone) => {
    await using dns = await locator({ ...TWO, "b.example": { ...zone, a: ["10.0.0.8"] } });
    expect(await dns.foundSecurely("b.example")).toEqual(["tls 10.0.0.8:5061"]);
    expect(dns.server.asked.filter((question) => /_sip\._/.test(question))).toEqual([]);
    expect(dns.server.asked).toContain("srv _sips._tcp.b.example");
    dns.server.zones.set("_sips._tcp.b.example", { srv: [[1, 1, 5099, "two.example"]] });
    dns.clock.advance(61_000);
    expect(await dns.foundSecurely("b.example")).toEqual(["tls 10.0.0.2:5099"]);
  });

  it("asks for no SRV where a sips: URI names a port", async () => {
    await using dns = await locator(TWO);
    expect(await dns.foundSecurely("plain.example", 5071, "tcp")).toEqual([
      "tls 10.0.0.3:5071",
      "tls 10.0.0.4:5071",
    ]);
  });

  it("asks for addresses alone where there is a port, and nothing for a literal address", async () => {
    await using dns = await locator(TWO);
    expect(await dns.found("a.example", 5070)).toEqual(["udp 10.0.0.9:5070", "udp fd00::9:5070"]);
    expect(dns.server.asked.toSorted()).toEqual(["a a.example", "aaaa a.example"]);
    expect(await dns.found("192.0.2.1")).toEqual(["udp 192.0.2.1:5060"]);
    expect(dns.server.asked).toHaveLength(2);
  });

  it("never asks for .invalid and localhost", async () => {
    await using dns = await locator({});
    expect(await dns.found("x7h2k.invalid")).toBe("no-such-name");
    expect(await dns.found("localhost", 5060)).toBe("no-such-name");
    expect(dns.server.asked).toEqual([]);
  });

  it("remembers answers as long as they hold, and that there is no such name", async () => {
    await using dns = await locator({ "plain.example": { a: ["10.0.0.3"] } });
    await dns.found("plain.example", 5060);
    await dns.found("plain.example", 5060);
    expect(dns.server.asked).toHaveLength(2);
    expect(await dns.found("none.example", 5060)).toBe("no-such-name");
    expect(await dns.found("none.example", 5060)).toBe("no-such-name");
    expect(dns.server.asked).toHaveLength(4);
    dns.clock.advance(61_000);
    dns.server.zones.set("plain.example", { a: ["10.0.0.7"] });
    expect(await dns.found("plain.example", 5060)).toEqual(["udp 10.0.0.7:5060"]);
  });

  it("asks once for what many want at the same time", async () => {
    await using dns = await locator({ "plain.example": { a: ["10.0.0.3"] } });
    const wanted = Array.from({ length: 50 }, async () => dns.found("plain.example", 5060));
    const all = await Promise.all(wanted);
    expect(new Set(all.flat())).toEqual(new Set(["udp 10.0.0.3:5060"]));
    expect(dns.server.asked).toHaveLength(2);
  });

  it("gives up when its time is over", async () => {
    await using dns = await locator({});
    dns.server.silent = true;
    const found = dns.found("slow.example", 5060);
    dns.clock.advance(4100);
    expect(await found).toBe("no-answer");
  });

  it("tries a server once, however often the records name it", async () => {
    await using dns = await locator({
      ...TWO,
      "_sip._udp.often.example": {
        srv: [1, 2, 3, 4].map((priority) => [
          priority,
          1,
          5090,
          `${priority % 2 ? "two" : "too"}.example`,
        ]),
      },
      "too.example": { a: ["10.0.0.2"] },
    });
    expect(await dns.found("often.example", undefined, "udp")).toEqual(["udp 10.0.0.2:5090"]);
  });

  it("tries no more than eight servers, however many records there are", async () => {
    const many = Array.from({ length: 12 }, (_, i) => `10.0.1.${i}`);
    await using dns = await locator({ "many.example": { a: many } });
    expect(await dns.found("many.example", 5060)).toHaveLength(8);
  });
});
