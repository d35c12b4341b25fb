import { describe, expect, it } from "vitest";
import { createManualClock } from "../../test/support/manual-clock.ts";
import { failed, ok } from "../base/result.ts";
import type { UpstreamServer } from "../config/config.ts";
import type { ServerLocator } from "../dns/server-locator.ts";
import type { UpstreamTarget } from "../proxy/proxy-options.ts";
import { findUpstream, UpstreamNames, type FoundUpstream } from "./upstream-names.ts";

function server(host: string, given: Partial<UpstreamServer> = {}): UpstreamServer {
  return {
    uri: `sip:${host}`,
    transport: "udp",
    host,
    port: 5060,
    allowClear: false,
    portGiven: false,
    transportGiven: false,
    ...given,
  };
}

const target = (address: string): UpstreamTarget => ({
  transport: "udp",
  host: "sip.example",
  remote: { address, port: 5060 },
});

describe("findUpstream", () => {
  function deps(knownToDns: boolean) {
    const asked: unknown[] = [];
    const locate: ServerLocator["locate"] = async (name) => {
      asked.push(name);
      if (!knownToDns) return failed("no-such-name");
      return ok({ servers: [{ transport: "tcp", address: "10.0.0.1", port: 5070 }], ttlMs: 7000 });
    };
    return {
      asked,
      locator: { locate },
      askSystem: async ({ host, transport, port }: UpstreamServer): Promise<UpstreamTarget> => ({
        transport,
        host,
        remote: { address: "127.0.0.9", port },
      }),
      isLocalName: (host: string) => host === "localhost",
    };
  }

  it("asks name servers with what is written, and no more", async () => {
    const dns = deps(true);
    const found = await findUpstream(dns, server("sip.example"));
    expect(found).toEqual({
      targets: [
        {
          transport: "tcp",
          host: "sip.example",
          remote: { address: "10.0.0.1", port: 5070 },
          allowClear: false,
        },
      ],
      ttlMs: 7000,
    });
    await findUpstream(dns, server("sip.example", { portGiven: true, transportGiven: true }));
    expect(dns.asked).toEqual([
      { host: "sip.example", port: undefined, transport: undefined, secure: false },
      { host: "sip.example", port: 5060, transport: "udp", secure: false },
    ]);
  });

  it("asks them about servers by TLS too, and about sips: for nothing else", async () => {
    const dns = deps(true);
    const tls = { transport: "tls", port: 5061 } as const;
    await findUpstream(dns, server("sip.example", { ...tls, transportGiven: true }));
    await findUpstream(dns, server("sip.example", { ...tls, uri: "sips:sip.example" }));
    expect(dns.asked).toEqual([
      { host: "sip.example", port: undefined, transport: "tls", secure: false },
      { host: "sip.example", port: undefined, transport: undefined, secure: true },
    ]);
  });

  it("leaves localhost and addresses to the system, once", async () => {
    const dns = deps(true);
    for (const host of ["localhost", "10.0.0.5"]) {
      expect(await findUpstream(dns, server(host))).toMatchObject({ ttlMs: undefined });
    }
    expect(dns.asked).toEqual([]);
  });

  it("asks the system where the name servers know nothing", async () => {
    const found = await findUpstream(deps(false), server("printer.local"));
    expect(found.targets[0]?.remote.address).toBe("127.0.0.9");
  });
});

describe("UpstreamNames", () => {
  async function following(answers: readonly (FoundUpstream | Error)[]) {
    const clock = createManualClock();
    const changes: string[][] = [];
    const left = [...answers];
    const names = await UpstreamNames.start(
      {
        clock,
        find: async () => {
          const answer = left.shift() ?? new Error("no more");
          if (answer instanceof Error) throw answer;
          return answer;
        },
        log: { warn: () => undefined },
        onChange: (targets) => void changes.push(targets.map(({ remote }) => remote.address)),
      },
      [server("sip.example")],
    );
    /** Time passes, and what was asked is answered. */
    async function pass(ms: number): Promise<void> {
      clock.advance(ms);
      for (let i = 0; i < 10; i += 1) await Promise.resolve();
    }
    return { names, clock, changes, pass };
  }

  it("looks again when the answer's time is over, and tells of other addresses alone", async () => {
    const { names, changes, pass } = await following([
      { targets: [target("10.0.0.1")], ttlMs: 30_000 },
      { targets: [target("10.0.0.1")], ttlMs: 30_000 },
      { targets: [target("10.0.0.2")], ttlMs: 30_000 },
    ]);
    await pass(29_000);
    expect(changes).toEqual([]);
    await pass(1000);
    await pass(30_000);
    expect(changes).toEqual([["10.0.0.2"]]);
    names[Symbol.dispose]();
  });

  it("keeps what a name meant while it cannot be looked up", async () => {
    const { names, changes, pass } = await following([
      { targets: [target("10.0.0.1")], ttlMs: 30_000 },
      new Error("no answer"),
      { targets: [target("10.0.0.3")], ttlMs: 30_000 },
    ]);
    await pass(30_000);
    expect(names.targets).toEqual([target("10.0.0.1")]);
    await pass(10_000);
    expect(changes).toEqual([["10.0.0.3"]]);
  });

  it("waits for nothing where there is no name, nor after its end", async () => {
    const fixed = await following([{ targets: [target("10.0.0.1")], ttlMs: undefined }]);
    expect(fixed.clock.scheduledCalls).toBe(0);
    const ended = await following([{ targets: [target("10.0.0.1")], ttlMs: 1000 }]);
    ended.names[Symbol.dispose]();
    expect(ended.clock.scheduledCalls).toBe(0);
  });
});
