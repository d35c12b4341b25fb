import { describe, expect, it } from "vitest";
import type { Config } from "./config.ts";
import { loadConfig } from "./load-config.ts";
import { writeTemporaryFiles } from "./temporary-files.test-data.ts";

function load(text: string): Config | readonly string[] {
  using files = writeTemporaryFiles({ "sluice.yaml": text });
  const loaded = loadConfig(files.path("sluice.yaml"));
  if (loaded.ok) return loaded.value;
  return files.shown(loaded.problem).map((line) => line.replace("sluice.yaml:", ""));
}

const TRUNK = 'placement: trunk\nroutes: [ { domain: a.example, to: "sip:10.0.1.5" } ]\n';

describe("readPlacement", () => {
  it("takes the servers of a trunk from its routes, each once", () => {
    const config = load(
      [
        "placement: trunk",
        "routes:",
        '  - { domain: A.Example., to: "sip:10.0.1.5" }',
        '  - { domain: b.example, to: [ "sip:10.0.2.5;transport=tcp", "sip:10.0.1.5" ] }',
        "",
      ].join("\n"),
    );
    expect(config).toMatchObject({
      placement: "trunk",
      routes: [
        { domain: "a.example", servers: [{ host: "10.0.1.5" }] },
        { domain: "b.example", servers: [{ host: "10.0.2.5" }, { host: "10.0.1.5" }] },
      ],
      upstream: { servers: [{ host: "10.0.1.5" }, { host: "10.0.2.5", transport: "tcp" }] },
    });
  });

  it("permits a server by name what came in by TLS", () => {
    const to = '{ uri: "sip:10.0.1.5", allow_clear: true }';
    expect(load(`placement: trunk\nroutes: [ { domain: a.example, to: ${to} } ]\n`)).toMatchObject({
      routes: [{ servers: [{ host: "10.0.1.5", allowClear: true }] }],
    });
  });

  it("stands beside a proxy that it names as upstream", () => {
    expect(load('placement: beside\nupstream: [ "sip:10.0.0.1" ]\n')).toMatchObject({
      placement: "beside",
      routes: [],
    });
  });

  it.each([
    ["placement: trunk\n", '1:1: "routes" is missing: a trunk knows its servers by domain'],
    ["placement: besides\n", '1:1: unknown value "besides" (did you mean "beside"?)'],
    ["placement: beside\n", '"upstream" is missing'],
    ["placement: beside\nupstream: embedded\n", "2:1: embedded is for placement: in_front"],
    [`${TRUNK}upstream: [ "sip:10.0.0.1" ]\n`, "3:1: on a trunk the servers stand in routes"],
    [`${TRUNK}path: always\n`, "3:1: path means nothing with placement: trunk"],
    [`${TRUNK}trusted: [ 10.0.0.1 ]\n`, "3:1: trusted means nothing with placement: trunk"],
    [
      `${TRUNK}relay: { msnftp: { ports: "6891" } }\n`,
      "3:10: file transfers are relayed with placement: in_front alone in this version",
    ],
    [
      'upstream: [ "sip:10.0.0.1" ]\nroutes: [ { domain: a.example, to: "sip:10.0.1.5" } ]\n',
      "2:1: routes by domain are for placement: trunk",
    ],
    [
      'placement: trunk\nroutes: [ { domain: "a b", to: "sip:x" } ]\n',
      '2:13: "a b" is not a domain',
    ],
    [
      'placement: trunk\nroutes: [ { domain: a, to: "sip:x" }, { domain: A, to: "sip:y" } ]\n',
      "2:41: there is a route to a already",
    ],
    ['placement: trunk\nroutes: [ { domain: a, to: "sip:u@x" } ]\n', "2:24: this names a user"],
    [
      'placement: trunk\nroutes: [ { domain: a, to: [ "x", "sip:y" ] } ]\n',
      '2:30: "x" is not a SIP URI',
    ],
    [
      'placement: trunk\nlisten: [ "udp://10.0.0.9:5060" ]\nroutes: [ { domain: a, to: "sip:10.0.0.9" } ]\n',
      "3:1: this is a listener of the gateway itself",
    ],
  ])("refuses %j", (text, expected) => {
    expect((load(text) as readonly string[]).join("\n")).toContain(expected);
  });
});
