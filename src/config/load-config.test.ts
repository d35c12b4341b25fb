import { describe, expect, it } from "vitest";
import { loadConfig } from "./load-config.ts";
import { writeTemporaryFiles } from "./temporary-files.test-data.ts";

function problemsOf(text: string): readonly string[] {
  using files = writeTemporaryFiles({ "sluice.yaml": text });
  const loaded = loadConfig(files.path("sluice.yaml"));
  return loaded.ok
    ? []
    : files.shown(loaded.problem).map((line) => line.replace("sluice.yaml:", ""));
}

const GOOD = 'listen: ["udp://127.0.0.1:0"]\nupstream: embedded\n';

describe("loadConfig", () => {
  it("fills in the defaults", () => {
    using files = writeTemporaryFiles({ "etc/sluice.yaml": 'upstream: ["sip:10.0.0.5"]\n' });
    const loaded = loadConfig(files.path("etc/sluice.yaml"));
    if (!loaded.ok) throw new Error(files.shown(loaded.problem).join("\n"));
    expect(loaded.value).toEqual({
      file: files.path("etc/sluice.yaml"),
      listen: [
        { transport: "udp", address: "0.0.0.0", port: 5060 },
        { transport: "tcp", address: "0.0.0.0", port: 5060 },
      ],
      placement: "in_front",
      routes: [],
      upstream: {
        kind: "servers",
        servers: [
          {
            uri: "sip:10.0.0.5",
            transport: "udp",
            host: "10.0.0.5",
            port: 5060,
            portGiven: false,
            transportGiven: false,
            allowClear: false,
          },
        ],
      },
      upstreamFrom: [],
      serverSide: [],
      trusted: [],
      advertise: [],
      domains: [],
      path: "always",
      answerWithinMs: 20_000,
      shutdownGraceMs: 30_000,
      tls: { certificates: [], ca: undefined, verifyPeer: true, clientCert: "off" },
      upstreamProbe: { intervalMs: 10_000, timeoutMs: 2000, failures: 2, successes: 2 },
      udpMtuBytes: 1300,
      dns: { servers: [], timeoutMs: 4000, cacheEntries: 1000 },
      rules: [files.path("etc/rules")],
      account: undefined,
      relay: {
        msnftp: { firstPort: 6891, lastPort: 6900, connects: [], contact: "both" },
        msnftpSecurity: [],
        maxFileBytes: 100 * 1024 * 1024,
        maxTransfers: 200,
      },
      scan: {
        engines: [{ type: "builtin" }],
        hashFiles: [],
        combine: "worst",
        timeoutMs: 60_000,
        cache: { cleanMs: 600_000, infectedMs: 86_400_000, entries: 10_000 },
        signatureAgeMs: 604_800_000,
        onInfected: "quarantine",
        onUnscannable: "block",
        onError: "block",
      },
      onFailure: { parseProblem: "block", opaque: "block", internalError: "block" },
      limits: {
        maxBodyBytes: 2 * 1024 * 1024,
        maxHeadBytes: 64 * 1024,
        maxHeaderCount: 200,
        connections: 5000,
        connectionsPerAddress: 64,
        headerTimeoutMs: 30_000,
        idleMs: 600_000,
        sendBufferBytes: 1024 * 1024,
        inFlight: 20_000,
        ratePerSource: undefined,
        overloadCode: 503,
        linksPerMessage: 1000,
        mimeDepth: 10,
        attachmentBytes: 1024 * 1024,
        textBytes: 128 * 1024,
        spoolBytes: 4 * 1024 ** 3,
        spoolPerSenderBytes: 1024 ** 3,
        spoolFilesPerSender: 100,
        spoolReserveBytes: 64 * 1024 * 1024,
        spoolHighWater: 0.99,
        recordReserveBytes: 16 * 1024 * 1024,
        quarantineBytes: 2 * 1024 ** 3,
        quarantineDays: 14,
        quarantineFiles: 10_000,
        quarantineHighWater: 0.9,
        quarantineMinAgeMs: 86_400_000,
      },
      watchRules: true,
      webSocket: { origins: [], pingMs: 30_000 },
      data: { dir: files.path("etc/data") },
      log: { level: "info", eventsFile: files.path("etc/data/events.ndjson") },
      admin: { socket: files.path("etc/data/admin.sock") },
      warnings: [expect.objectContaining({ severity: "warning", line: 1 }) as unknown],
    });
  });

  it("reads every key, with units, relative paths and IPv6", () => {
    using files = writeTemporaryFiles({
      "sluice.yaml": `
listen: [ "UDP://[::1]:5062", "tcp://10.1.1.1" ]
upstream:
  - "sip:[fd00::5]:5070;transport=TCP"
  - { uri: "sip:proxy.corp.example", allow_clear: true }
upstream_from: [ "udp://10.0.0.2:5062" ]
server_side: [ 10.0.0.0/24, "fd00::5" ]
trusted: [ 192.0.2.7 ]
advertise: [ { net: 10.0.0.0/8, sip: sluice.corp.example }, { net: "::/0", sip: a.example, media: 198.51.100.7 } ]
domains: [ Corp.Example, "10.0.0.5" ]
path: supported
answer_within: 1500ms
shutdown_grace: 1m
rules: []
account: { aor: "sip:notes@corp.example" }
scan: { engines: [ { type: builtin } ], combine: worst, timeout: 2m, on_infected: block, on_unscannable: quarantine, on_error: allow }
on_failure: { parse_problem: allow, opaque: allow, internal_error: allow }
relay: { msnftp: { ports: 6891-6892, security: encrypted }, max_file_size: 1GB, max_transfers: 7 }
limits: { body: 1.5MiB, headers: 4096, header_count: 10, idle: 1h, rate_per_source: 30/2s, overload_code: 480, attachment: 10KB, spool: 3GiB, spool_per_sender: 2GiB, spool_files_per_sender: 3, spool_reserve: 0, spool_high_water: 87.5%, record_reserve: 0, quarantine: 1GiB, quarantine_days: 365, quarantine_files: 500, quarantine_high_water: 75%, quarantine_min_age: 2h }
data: { dir: /var/lib/sluice }
log: { level: debug, events: logs/e.ndjson }
admin: { socket: run/s.sock, listen: off }
`,
    });
    const loaded = loadConfig(files.path("sluice.yaml"));
    if (!loaded.ok) throw new Error(files.shown(loaded.problem).join("\n"));
    expect(loaded.value).toMatchObject({
      listen: [
        { transport: "udp", address: "::1", port: 5062 },
        { transport: "tcp", address: "10.1.1.1", port: 5060 },
      ],
      upstream: {
        kind: "servers",
        servers: [
          { transport: "tcp", host: "fd00::5", port: 5070, allowClear: false },
          { transport: "udp", host: "proxy.corp.example", port: 5060, allowClear: true },
        ],
      },
      upstreamFrom: [{ transport: "udp", address: "10.0.0.2", port: 5062 }],
      serverSide: ["10.0.0.0/24", "fd00::5/128"],
      trusted: ["192.0.2.7/32"],
      advertise: [
        { net: "10.0.0.0/8", sip: "sluice.corp.example", media: undefined },
        { net: "::/0", sip: "a.example", media: "198.51.100.7" },
      ],
      domains: ["corp.example", "10.0.0.5"],
      path: "supported",
      answerWithinMs: 1500,
      rules: [],
      account: { aor: "sip:notes@corp.example" },
      scan: {
        timeoutMs: 120_000,
        onInfected: "block",
        onUnscannable: "quarantine",
        onError: "allow",
      },
      onFailure: { parseProblem: "allow", opaque: "allow", internalError: "allow" },
      limits: {
        maxBodyBytes: 1_572_864,
        maxHeadBytes: 4096,
        idleMs: 3_600_000,
        ratePerSource: { count: 30, perMs: 2000 },
        overloadCode: 480,
        attachmentBytes: 10_000,
        textBytes: 128 * 1024,
        spoolBytes: 3 * 1024 ** 3,
        spoolPerSenderBytes: 2 * 1024 ** 3,
        spoolFilesPerSender: 3,
        spoolReserveBytes: 0,
        spoolHighWater: 0.875,
        recordReserveBytes: 0,
        quarantineBytes: 1024 ** 3,
        quarantineDays: 365,
        quarantineFiles: 500,
        quarantineHighWater: 0.75,
        quarantineMinAgeMs: 7_200_000,
      },
      relay: {
        msnftp: { firstPort: 6891, lastPort: 6892, connects: [], contact: "both" },
        msnftpSecurity: [{ net: undefined, level: "encrypted" }],
        maxFileBytes: 1_000_000_000,
        maxTransfers: 7,
      },
      warnings: [],
      shutdownGraceMs: 60_000,
      data: { dir: "/var/lib/sluice" },
      log: { level: "debug", eventsFile: files.path("logs/e.ndjson") },
      admin: { socket: files.path("run/s.sock") },
    });
  });

  it("says what to do when there is no file", () => {
    using files = writeTemporaryFiles({});
    const loaded = loadConfig(files.path("none.yaml"));
    expect(!loaded.ok && files.shown(loaded.problem)).toEqual([
      "none.yaml:1:1: none.yaml does not exist (name the file with --config, or write one (docs/configuration.md))",
    ]);
  });

  const not = (name: string) => `"${name}" is not available in this version`;
  it.each([
    ["", '1:1: "upstream" is missing (expected a list of SIP URIs, or the word embedded)'],
    ["upstream: embeded", "1:1: expected a list of SIP URIs, or the word embedded"],
    ["- a\n", "1:1: expected a map of keys, found a list"],
    [`${GOOD}lisen: []`, '3:1: unknown key "lisen" (did you mean "listen"?)'],
    [`${GOOD}limits:\n  in_fligt: 5`, '4:3: unknown key "in_fligt" (did you mean "in_flight"?)'],
    [
      `${GOOD}scan: { on_virus: block }`,
      '3:9: unknown key "on_virus" (known here: engines, hashes, combine, timeout, cache, signature_age, on_infected, on_unscannable, on_error)',
    ],
    [`${GOOD}__proto__: 1`, '3:1: unknown key "__proto__"'],
    [`${GOOD}tls: { crt: x }`, '3:8: unknown key "crt" (did you mean "cert"?)'],
    [`${GOOD}path: alway`, '3:1: unknown value "alway" (did you mean "always"?)'],
    [
      `${GOOD}scan: { engines: [ { type: sophos } ] }`,
      '3:22: unknown value "sophos" (one of: builtin, clamd, icap, yara)',
    ],
    [`${GOOD}scan: { combine: majority }`, "3:9: majority needs 3 engines beside builtin"],
    [
      `${GOOD}admin: { listen: "127.0.0.1:8070" }`,
      "3:10: an admin listener is not available in this version: write off",
    ],
    [`${GOOD}admin: { token_file: t }`, `3:10: ${not("token_file")}`],
    [
      `${GOOD}limits: { rate_per_source: 100 }`,
      "3:11: 100 is not a rate: write how many in how long, as 30/2s, or off",
    ],
    [
      `${GOOD}limits: { rate_per_source: 30/0s }`,
      '3:11: "30/0s" is not a rate: write how many in how long, as 30/2s, or off',
    ],
    [`${GOOD}limits: { overload_code: 404 }`, "3:11: 404 must be 503, 480 or 500"],
    [`${GOOD}shutdown_grace: 1h`, "3:1: must be 10m at most"],
    [
      "upstream: embedded\nlisten: [sctp://127.0.0.1]",
      '2:10: "sctp" is not a transport (write "udp://0.0.0.0:5060", "tcp://[::1]:5060", "tls://0.0.0.0:5061")',
    ],
    [
      "upstream: embedded\nlisten: [udp://localhost:5060]",
      '2:10: "localhost" is not an address of this machine (a listener needs a literal address)',
    ],
    [
      "upstream: embedded\nlisten: [udp://127.0.0.1:70000]",
      "2:10: there is no port 70000 (ports end at 65535)",
    ],
    [
      "upstream: embedded\nlisten: [5060]",
      '2:10: expected a text, found 5060 (put it in quotes: "5060")',
    ],
    ["upstream: embedded\nlisten: udp://127.0.0.1", "2:1: expected a list, found a text"],
    ["upstream: embedded\nlisten: []", "2:1: must name at least one address"],
    [
      "upstream: embedded\nlisten: [udp://127.0.0.1, udp://127.0.0.1:5060]",
      "2:27: udp://127.0.0.1:5060 is named twice",
    ],
    [
      "upstream: embedded",
      '1:1: upstream: embedded is for trials and listens on loopback only (listen on 127.0.0.1 or [::1], or name the real server in "upstream")',
    ],
    [
      "upstream: embedded\nlisten: [udp://127.0.0.1, udp://10.0.0.1]",
      '2:27: upstream: embedded is for trials and listens on loopback only (listen on 127.0.0.1 or [::1], or name the real server in "upstream")',
    ],
    ["upstream: []", "1:1: must name at least one server"],
    [
      "upstream: [10.0.0.5]",
      '1:12: "10.0.0.5" is not a SIP URI (write "sip:10.0.0.5:5070;transport=tcp")',
    ],
    ["upstream: ['sips:10.0.0.5;transport=udp']", "1:12: sips: is TLS, which udp does not carry"],
    [
      "upstream: ['sip:10.0.0.5;transport=ws']",
      "1:12: no server is reached by ws: WebSockets are for clients",
    ],
    [
      "upstream: ['sip:10.0.0.5;maddr=1']",
      '1:12: the parameter "maddr" means nothing here (write "sip:10.0.0.5:5070;transport=tcp")',
    ],
    [
      "upstream: ['sip:bob@10.0.0.5']",
      '1:12: this names a user, not a server (write "sip:10.0.0.5:5070;transport=tcp")',
    ],
    ["upstream: [{ url: 'sip:10.0.0.5' }]", '1:14: unknown key "url" (did you mean "uri"?)'],
    [
      "upstream: ['sip:127.0.0.1']",
      "1:12: this is a listener of the gateway itself (a message would go round in circles: give the server or the listener another port)",
    ],
    [
      `${GOOD}trusted: [10.0.0.0/33]`,
      '3:11: "10.0.0.0/33" is not a network (the prefix ends at 32)',
    ],
    [`${GOOD}server_side: [10.1]`, '3:15: expected a text, found 10.1 (put it in quotes: "10.1")'],
    [
      `${GOOD}trusted: ["010.0.0.1"]`,
      '3:11: "010.0.0.1" is not a network (write "10.0.0.0/8", "192.0.2.7" or "fd00::/8")',
    ],
    [
      `${GOOD}answer_within: 20`,
      "3:1: 20 is not a duration: write it with its unit, as 20s, 500ms, 10m, 2h or 7d",
    ],
    [
      `${GOOD}answer_within: 40s`,
      "3:1: must be from 1s to less than 32s (after 32s (RFC 3261 timer F) the sender has given up)",
    ],
    [
      `${GOOD}limits: { body: 2 MBytes }`,
      '3:11: "2 MBytes" is not a size: write 100MiB, 64KiB or a number of bytes',
    ],
    [`${GOOD}limits: { quarantine_days: 0 }`, "3:11: 0 must be at least 1"],
    [`${GOOD}limits: { quarantine_days: 14d }`, "3:11: expected a number, found a text"],
    [`${GOOD}limits: { spool: -1 }`, "3:11: -1 is not a size"],
    ...["101%", "0%", "0.95", "95 percent"].map((text): [string, string] => [
      `${GOOD}limits: { spool_high_water: "${text}" }`,
      `3:11: "${text}" is not a percentage: write it as 95%, or off`,
    ]),
    [`${GOOD}limits: { header_count: "200" }`, "3:11: expected a number, found a text"],
    [`${GOOD}limits: { header_count: 0 }`, "3:11: 0 must be at least 1"],
    [`${GOOD}domains: [ 4711 ]`, '3:12: expected a text, found 4711 (put it in quotes: "4711")'],
    [`${GOOD}domains: [ "a b" ]`, '3:12: "a b" is not a domain (write it as "example.com")'],
    [`${GOOD}advertise: { sip: "a b" }`, '3:14: "a b" is not a host name or address'],
    [`${GOOD}advertise: [ { sip: a.example } ]`, '3:14: "net" is missing'],
    [`${GOOD}data: x`, "3:1: expected a map of keys, found a text"],
    [
      `${GOOD}data: { quarantine_key_file: k, quarantine_key_env: K }`,
      "3:33: the quarantine has one key, not two",
    ],
    [`${GOOD}data: { quarantine_key_env: 1K }`, '3:9: "1K" is no name of an environment variable'],
    [`${GOOD}rules: rules/`, "3:1: expected a list, found a text"],
    [`${GOOD}listen: []`, '3:1: duplicate key "listen" (remove one of the two)'],
    [
      `${GOOD}rules: [ a`,
      "3:11: flow sequence in block collection must be sufficiently indented and end with a ] (check the indentation and the brackets of the lines above)",
    ],
  ])("refuses %j", (text, expected) => {
    expect(problemsOf(text).join("\n")).toContain(expected);
  });

  it("reports all problems of a file at once, in the order of their places", () => {
    const text = "lisen: []\nupstream: [5060]\npath: nver\nlimits: { idle: 5, conections: 1 }\n";
    expect(problemsOf(text).map((line) => line.split(": ")[0])).toEqual([
      "1:1",
      "2:12",
      "3:1",
      "4:11",
      "4:20",
    ]);
  });
});
