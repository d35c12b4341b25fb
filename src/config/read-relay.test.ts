import { describe, expect, it } from "vitest";
import type { Config } from "./config.ts";
import { loadConfig } from "./load-config.ts";
import { writeTemporaryFiles } from "./temporary-files.test-data.ts";

const HEAD = 'domains: [example.com]\nupstream: ["sip:10.0.0.5"]\n';

interface Loaded {
  readonly relay: Config["relay"] | undefined;
  readonly shown: readonly string[];
}

function load(text: string): Loaded {
  using files = writeTemporaryFiles({ "sluice.yaml": HEAD + text });
  const loaded = loadConfig(files.path("sluice.yaml"));
  const problems = loaded.ok ? loaded.value.warnings : loaded.problem;
  return {
    relay: loaded.ok ? loaded.value.relay : undefined,
    shown: files.shown(problems).map((line) => line.replace("sluice.yaml:", "")),
  };
}

describe("readRelay", () => {
  it.each([
    ["relay: { msnftp: { ports: 6891 } }", { firstPort: 6891, lastPort: 6891 }],
    ['relay: { msnftp: { ports: "6892 - 6893" } }', { firstPort: 6892, lastPort: 6893 }],
    ["relay: { msnftp: {} }", { firstPort: 6891, lastPort: 6900 }],
    ["relay: { max_transfers: 1 }", { firstPort: 6891, lastPort: 6900 }],
    ["relay: { msnftp: off }", undefined],
  ])("reads %s without a word", (text, msnftp) => {
    const { relay, shown } = load(text);
    expect(shown).toEqual([]);
    expect(relay?.msnftp).toEqual(msnftp && { ...msnftp, connects: [], contact: "both" });
  });

  it.each([
    ["relay: { msnftp: { connects: gateway } }", [{ net: undefined, connects: "gateway" }]],
    [
      "relay: { msnftp: { connects: [ { net: 10.1.0.0/16, connects: peer }, { net: 10.0.0.0/8, connects: as_offered } ] } }",
      [
        { net: "10.1.0.0/16", connects: "peer" },
        { net: "10.0.0.0/8", connects: "as_offered" },
      ],
    ],
  ])("reads who connects: %s", (text, connects) => {
    const { relay, shown } = load(text);
    expect(shown).toEqual([]);
    expect(relay?.msnftp).toMatchObject({ firstPort: 6891, lastPort: 6900, connects });
  });

  it.each([
    ["as_sip", [{ net: undefined, level: "as_sip" }]],
    [
      "[{ net: 10.0.0.0/8, level: any }, { net: 192.0.2.7, level: encrypted }]",
      [
        { net: "10.0.0.0/8", level: "any" },
        { net: "192.0.2.7/32", level: "encrypted" },
      ],
    ],
  ])("reads security %s without a word", (security, expected) => {
    const { relay, shown } = load(`relay: { msnftp: { security: ${security} } }`);
    expect(shown).toEqual([]);
    expect(relay?.msnftpSecurity).toEqual(expected);
    expect(relay?.msnftp).toMatchObject({ firstPort: 6891, lastPort: 6900 });
  });

  it("warns of high security where no listener speaks TLS, at the place that asks for it", () => {
    const words = /^3:\d+: warning: high asks for SIP by TLS, and no listener speaks it/;
    const warned = [expect.stringMatching(words) as unknown];
    expect(load("relay: { msnftp: { security: high } }").shown).toEqual(warned);
    const listed = "relay: { msnftp: { security: [{ net: 10.0.0.0/8, level: high }] } }";
    expect(load(listed).shown).toEqual(warned);
    expect(load(`${listed}\nlisten: ["ws://127.0.0.1:8080"]`).shown).toEqual(warned);
    expect(load(`${listed}\nlisten: ["wss://127.0.0.1:8443"]`).shown.join()).not.toMatch(words);
  });

  it("reads when receivers are met", () => {
    const { relay, shown } = load("relay: { msnftp: { contact: deferred } }");
    expect(shown).toEqual([]);
    expect(relay?.msnftp?.contact).toBe("deferred");
  });

  it.each(["1024-1025", "64536-65535"])("takes %s and says what Communicator accepts", (ports) => {
    const { relay, shown } = load(`relay: { msnftp: { ports: ${ports} } }`);
    expect(relay?.msnftp?.firstPort).toBe(Number(ports.split("-")[0]));
    expect(shown).toEqual([
      expect.stringMatching(/^3:20: warning: Communicator accepts ports 6891-6900 only/) as unknown,
    ]);
  });

  const not = (name: string) => `"${name}" is not available in this version`;
  it.each([
    ["relay: { msrp: { listen: [] } }", `3:10: ${not("msrp")}`],
    ["relay: { http: { listen: x } }", `3:10: ${not("http")}`],
    ["relay: { msnftp: on }", "3:10: expected a map with ports, or the word off"],
    ["relay: { msnftp: { port: 6891 } }", '3:20: unknown key "port" (did you mean "ports"?)'],
    ["relay: { msnftp: { ports: [6891] } }", '3:20: expected ports: write "6891-6900"'],
    ["relay: { msnftp: { ports: many } }", '3:20: "many" names no ports'],
    ["relay: { msnftp: { ports: 6891- } }", '3:20: "6891-" names no ports'],
    ["relay: { msnftp: { ports: 1023-1030 } }", "(they go from 1024 to 65535)"],
    ["relay: { msnftp: { ports: 65535-65536 } }", "(they go from 1024 to 65535)"],
    ["relay: { msnftp: { ports: 6900-6891 } }", '(did you mean "6891-6900"?)'],
    ["relay: { msnftp: { ports: 2000-3000 } }", '"2000-3000" are 1001 ports (at most 1000)'],
    [
      "relay: { msnftp: { security: strict } }",
      "3:20: expected any, as_sip, encrypted or high, or a list of maps with net and level",
    ],
    ["relay: { msnftp: { security: [] } }", "3:20: must not be an empty list"],
    ["relay: { msnftp: { security: [{ net: 10.0.0.0/8 }] } }", '3:31: "level" is missing'],
    [
      "relay: { msnftp: { security: [{ net: 10.0.0.0/8, level: highest }] } }",
      '3:50: unknown value "highest" (one of: any, as_sip, encrypted, high)',
    ],
    [
      "relay: { msnftp: { security: [{ net: lan, level: high }] } }",
      '3:33: "lan" is not a network',
    ],
    [
      "relay: { msnftp: { security: [{ nets: 10.0.0.0/8, level: high }] } }",
      'unknown key "nets" (did you mean "net"?)',
    ],
    [
      "relay: { msnftp: { contact: later } }",
      '3:20: unknown value "later" (one of: both, deferred)',
    ],
    [
      "relay: { msnftp: { connects: sender } }",
      "3:20: expected auto, peer, gateway or as_offered, or a list of maps with net and connects",
    ],
    [
      "relay: { msnftp: { connects: [ { net: lan, connects: peer } ] } }",
      '3:34: "lan" is not a network',
    ],
    ["relay: { max_transfers: 0 }", "3:10: 0 must be at least 1"],
    ["relay: { max_file_size: 0 }", "3:10: must be at least 1 byte"],
    [
      "relay: { max_file_size: 2GiB }",
      "3:10: relay.max_file_size (2GiB) is larger than limits.spool_per_sender (1GiB) (such a file could never come in: raise limits.spool_per_sender)",
    ],
    [
      "limits: { spool: 99MiB }",
      "3:11: relay.max_file_size (100MiB) is larger than limits.spool (99MiB)",
    ],
    [
      "limits: { spool_per_sender: 1000 }",
      "3:11: relay.max_file_size (100MiB) is larger than limits.spool_per_sender (1000 bytes)",
    ],
  ])("refuses %s", (text, expected) => {
    const { relay, shown } = load(text);
    expect(relay).toBeUndefined();
    expect(shown.join("\n")).toContain(expected);
  });

  it("takes a file as large as the room of its sender, and warns when no copy of it could be kept", () => {
    const text = "relay: { max_file_size: 1GiB }\nlimits: { spool: 1GiB, quarantine: 1023MiB }";
    expect(load(text)).toMatchObject({
      relay: { maxFileBytes: 1024 ** 3 },
      shown: [expect.stringMatching(/^3:10: warning: .*\(1GiB\).*limits.quarantine \(1023MiB\)/)],
    });
    const default_ = load("limits: { quarantine: 0 }");
    expect(default_.shown).toEqual([expect.stringMatching(/^3:11: warning: /) as unknown]);
  });

  it("refuses a port that a TCP listener has, at the place that was written", () => {
    const listener = 'listen: ["udp://127.0.0.1:6891", "tcp://127.0.0.1:6900"]';
    expect(load(listener).shown).toEqual([
      "3:34: TCP port 6900 is named by listen and is one of relay.msnftp.ports (6891-6900) (give one of the two other ports)",
    ]);
    expect(load(`${listener}\nrelay: { msnftp: { ports: 6899-6900 } }`).shown).toEqual([
      expect.stringMatching(/^4:20: TCP port 6900 is named by listen/) as unknown,
    ]);
    expect(load('upstream_from: ["tcp://127.0.0.1:6891"]').shown).toEqual([
      expect.stringMatching(/^3:17: TCP port 6891 is named by upstream_from/) as unknown,
    ]);
    expect(load(`${listener}\nrelay: { msnftp: { ports: 6891-6899 } }`).shown).toEqual([]);
    expect(load(`${listener}\nrelay: { msnftp: off }`).shown).toEqual([]);
  });
});
