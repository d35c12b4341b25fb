import { chmodSync, copyFileSync, writeFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { TestAuthority } from "../../test/support/certificates.ts";
import { loadConfig } from "./load-config.ts";
import { writeTemporaryFiles } from "./temporary-files.test-data.ts";

const authority = new TestAuthority();
afterAll(() => authority[Symbol.dispose]());

const good = authority.issue({ names: "DNS:sip.example.com", days: 90 });
const other = authority.issue({ names: "DNS:other.example", days: 90 });
const expired = authority.issue({ names: "DNS:sip.example.com", days: -1 });

const HEAD = 'listen: ["tls://127.0.0.1:0"]\nupstream: embedded\naccount: { aor: "sip:a@b" }\n';

function load(text: string, nowMs?: number) {
  using files = writeTemporaryFiles({ "sluice.yaml": text });
  const sources = { "good.pem": good.cert, "good.key": good.key, "other.key": other.key };
  const more = { "other.pem": other.cert, "old.pem": expired.cert, "old.key": expired.key };
  for (const [name, source] of Object.entries({ ...sources, ...more, "ca.pem": authority.ca })) {
    copyFileSync(source, files.path(name));
    chmodSync(files.path(name), 0o600);
  }
  copyFileSync(good.key, files.path("open.key"));
  chmodSync(files.path("open.key"), 0o644);
  writeFileSync(files.path("words.txt"), "no certificate\n");
  writeFileSync(files.path("locked.key"), "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMII=\n");
  const loaded = loadConfig(files.path("sluice.yaml"), nowMs);
  const problems = loaded.ok ? loaded.value.warnings : loaded.problem;
  const shown = files.shown(problems).map((line) => line.replace("sluice.yaml:", ""));
  return {
    tls: loaded.ok ? loaded.value.tls : undefined,
    shown,
    path: (name: string) => files.path(name),
  };
}

describe("readTls", () => {
  it("takes a certificate with its key, and verifies servers", () => {
    const { tls, shown, path } = load(`${HEAD}tls: { cert: good.pem, key: good.key }`);
    expect(shown).toEqual([]);
    expect(tls).toEqual({
      certificates: [{ cert: path("good.pem"), key: path("good.key") }],
      ca: undefined,
      verifyPeer: true,
      clientCert: "off",
    });
  });

  it("takes several, the first of them the default", () => {
    const list = "[{ cert: good.pem, key: good.key }, { cert: other.pem, key: other.key }]";
    const { tls, shown, path } = load(
      `${HEAD}tls: { cert: ${list}, ca: ca.pem, client_cert: required }`,
    );
    expect(shown).toEqual([]);
    expect(tls?.certificates[1]).toEqual({ cert: path("other.pem"), key: path("other.key") });
    expect(tls).toMatchObject({ ca: path("ca.pem"), clientCert: "required" });
  });

  it.each([
    [
      "cert: none.pem, key: good.key",
      "4:8: none.pem does not exist (check the spelling of the path)",
    ],
    [
      "cert: words.txt, key: good.key",
      "4:8: words.txt holds no certificate in PEM (it begins with -----BEGIN CERTIFICATE-----, the chain follows on it)",
    ],
    [
      "cert: good.pem, key: other.key",
      "4:24: other.key is not the key of the certificate (its own certificate comes first in a file with a chain)",
    ],
    [
      "cert: good.pem, key: good.pem",
      "4:24: good.pem holds no private key in PEM (it begins with -----BEGIN PRIVATE KEY-----)",
    ],
    [
      "cert: good.pem, key: locked.key",
      "4:24: locked.key is protected by a passphrase (nobody is there to type it: store the key without, readable for the gateway alone)",
    ],
    ["cert: good.pem", '4:1: "key" is missing (a certificate and its key go together)'],
    [
      "cert: [{ cert: good.pem, key: good.key }], key: good.key",
      "4:51: stands beside a list (each entry of tls.cert has its own key)",
    ],
    [
      "cert: [{ cert: good.pem, key: good.key }, { cert: other.pem, key: good.key }]",
      "4:69: good.key is not the key of the certificate (its own certificate comes first in a file with a chain)",
    ],
    [
      "cert: good.pem, key: good.key, ca: words.txt",
      "4:39: words.txt holds no certificate in PEM (it begins with -----BEGIN CERTIFICATE-----, others follow on it)",
    ],
    [
      "cert: good.pem, key: good.key, client_cert: optional",
      "4:39: nothing says which authorities vouch for clients (name them in tls.ca: with those of the system anybody can buy a certificate)",
    ],
  ])("refuses { %s } at its place", (text, problem) => {
    const { tls, shown } = load(`${HEAD}tls: { ${text} }`);
    expect(tls).toBeUndefined();
    expect(shown).toContain(problem);
  });

  it("warns of a certificate that has expired, or soon will", () => {
    const text = `${HEAD}tls: { cert: old.pem, key: old.key }`;
    expect(load(text).shown[0]).toMatch(
      /^4:8: warning: old.pem expired on \d{4}-\d\d-\d\d: clients refuse it \(renew it; a running/,
    );
    const soon = Date.now() + 80 * 24 * 3600 * 1000;
    const { tls, shown } = load(`${HEAD}tls: { cert: good.pem, key: good.key }`, soon);
    expect(tls).toBeDefined();
    expect(shown).toEqual([
      expect.stringMatching(/^4:8: warning: good.pem expires on \d{4}-\d\d-\d\d \(renew it/),
    ]);
  });

  it("warns of a key that everybody may read", () => {
    expect(load(`${HEAD}tls: { cert: good.pem, key: open.key }`).shown).toEqual([
      "4:24: warning: everybody on this machine may use the key (mode 0644) (chmod o= open.key)",
    ]);
  });

  it.each([
    ['listen: ["tls://127.0.0.1:0"]\nupstream: embedded', "1:10: tls needs a certificate"],
    ['upstream: ["sip:10.0.0.5;transport=tls"]', "1:12: tls needs a certificate"],
    ['upstream: ["sips:10.0.0.5"]', "1:12: tls needs a certificate"],
  ])("refuses TLS without a certificate: %s", (text, problem) => {
    const { shown } = load(text);
    expect(shown).toContain(`${problem} (write tls: { cert: …, key: … })`);
  });

  const TLS = "tls: { cert: good.pem, key: good.key }\naccount: { aor: 'sip:a@b' }\n";

  it("warns when what comes by TLS may not go on to the server", () => {
    const listen = 'listen: ["tls://0.0.0.0:5061"]\n';
    expect(load(`${TLS}${listen}upstream: ["sip:10.0.0.5;transport=tcp"]`).shown).toEqual([
      "4:12: warning: what clients send by tls is refused, since this server is reached in clear (reach it by transport=tls, or permit it: { uri: …, allow_clear: true })",
    ]);
    const allowed = '[{ uri: "sip:10.0.0.5;transport=tcp", allow_clear: true }]';
    expect(load(`${TLS}${listen}upstream: ${allowed}`).shown).toEqual([]);
    expect(load(`${TLS}${listen}upstream: ["sips:sip.example.com"]`).shown).toEqual([]);
    const open = load(`${TLS}${listen}upstream: ["sip:sip.example.com"]`).shown;
    expect(open).toMatchObject([expect.stringContaining("unless its name leads to TLS")]);
    const fixed = load(`${TLS}${listen}upstream: ["sip:sip.example.com:5060"]`).shown;
    expect(fixed).not.toMatchObject([expect.stringContaining("unless its name leads to TLS")]);
  });

  it("warns when what the server sends by TLS may not go on to clients", () => {
    const { shown } = load(`${TLS}listen: ["udp://0.0.0.0"]\nupstream: ["sips:sip.example.com"]`);
    expect(shown).toEqual([
      "4:12: warning: what this server sends by TLS is refused to clients at udp://, which are reached in clear (let clients use TLS, or permit it: { uri: …, allow_clear: true })",
    ]);
  });

  it("warns when the server need not prove who it is", () => {
    const tls =
      "tls: { cert: good.pem, key: good.key, verify_peer: false }\naccount: { aor: 'sip:a@b' }\n";
    const listen = 'listen: ["tls://0.0.0.0"]\n';
    expect(load(`${tls}${listen}upstream: ["sips:10.0.0.5"]`).shown[0]).toMatch(
      /^1:39: warning: the server need not prove who it is/,
    );
  });
});

describe("an upstream on TLS", () => {
  it.each([
    ["sip:h.example;transport=tls", "tls", 5061],
    ["sips:h.example", "tls", 5061],
    ["sips:h.example:5070;transport=tcp", "tls", 5070],
  ])("reads %s", (uri, transport, port) => {
    using files = writeTemporaryFiles({});
    copyFileSync(good.cert, files.path("c.pem"));
    copyFileSync(good.key, files.path("k.pem"));
    const text = `upstream: ["${uri}"]\ntls: { cert: c.pem, key: k.pem }\n`;
    writeFileSync(files.path("sluice.yaml"), text);
    const loaded = loadConfig(files.path("sluice.yaml"));
    if (!loaded.ok) throw new Error(files.shown(loaded.problem).join("\n"));
    expect(loaded.value.upstream).toMatchObject({
      servers: [{ transport, port, host: "h.example" }],
    });
  });
});
