import { appendFileSync, chmodSync, copyFileSync, renameSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { connect, createServer, type ConnectionOptions } from "node:tls";
import { afterAll, describe, expect, it } from "vitest";
import { TestAuthority, type CertificateFiles } from "../../test/support/certificates.ts";
import { createManualClock } from "../../test/support/manual-clock.ts";
import { until } from "../../test/support/transport-rig.ts";
import type { CodedError } from "../base/coded-error.ts";
import { createTlsContexts, type TlsSettings } from "./tls-contexts.ts";

const authority = new TestAuthority();
afterAll(() => authority[Symbol.dispose]());

const first = authority.issue({ names: "DNS:first.example", commonName: "first" });
const second = authority.issue({
  names: "DNS:second.example,DNS:*.w.example",
  commonName: "second",
});
const renewed = authority.issue({ names: "DNS:first.example", commonName: "renewed" });

/** A server with the contexts of these certificates, and a clock that looks at the files when it is moved. */
async function serve(certificates: readonly CertificateFiles[], more: Partial<TlsSettings> = {}) {
  const clock = createManualClock();
  const errors: string[] = [];
  let reloads = 0;
  let failure: string | undefined;
  const contexts = createTlsContexts(
    {
      clock,
      onError: (error: CodedError) => void errors.push(`${error.code} ${error.message}`),
      onReload() {
        if (failure !== undefined) throw new Error(failure);
        reloads += 1;
      },
    },
    { certificates, ca: undefined, verifyPeer: true, clientCert: "off", ...more },
  );
  const server = createServer(contexts.serverOptions(), (socket) => socket.end());
  server.on("tlsClientError", () => undefined);
  contexts.follow(server);
  server.listen(0, "127.0.0.1");
  await until(() => server.listening);
  const lookOnce = async () => {
    await until(() => clock.scheduledCalls === 1);
    clock.advance(10_000);
    await until(() => clock.scheduledCalls === 1);
  };
  return {
    errors,
    reloads: () => reloads,
    /** Why new files cannot be taken, from now on. */
    failWith(reason: string | undefined) {
      failure = reason;
    },
    contexts,
    port: (server.address() as AddressInfo).port,
    lookOnce,
    /** A look that sees the change, and one that sees that it is over. */
    async look() {
      await lookOnce();
      await lookOnce();
    },
    [Symbol.dispose]() {
      contexts[Symbol.dispose]();
      server.close();
    },
  };
}

/** The common name of the certificate that a client is shown; or why there is none. */
async function shown(port: number, options: ConnectionOptions): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connect({
    port,
    host: "127.0.0.1",
    ca: [],
    rejectUnauthorized: false,
    ...options,
  });
  socket.once("secureConnect", () => resolve(String(socket.getPeerCertificate().subject.CN)));
  socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  const name = await promise;
  socket.destroy();
  return name;
}

/** Copies whose content a test replaces. */
function changeable(files: CertificateFiles): CertificateFiles {
  const copy = { cert: join(authority.dir, "live.pem"), key: join(authority.dir, "live.key") };
  copyFileSync(files.cert, copy.cert);
  copyFileSync(files.key, copy.key);
  return copy;
}

describe("createTlsContexts", () => {
  it.each([
    ["second.example", "second"],
    ["SECOND.example", "second"],
    ["a.w.example", "second"],
    ["a.b.w.example", "first"],
    ["w.example", "first"],
    ["first.example", "first"],
    ["unknown.example", "first"],
    [undefined, "first"],
  ])("shows a client that asks for %s the certificate of %s", async (servername, expected) => {
    using server = await serve([first, second]);
    const options = servername === undefined ? {} : { servername };
    expect(await shown(server.port, options)).toBe(expected);
  });

  it("shows a new certificate when the files have been replaced, whether or not a name is asked for", async () => {
    const live = changeable(first);
    using server = await serve([live]);
    await server.look();
    expect(server.reloads()).toBe(0);
    copyFileSync(renewed.cert, `${live.cert}.new`);
    copyFileSync(renewed.key, `${live.key}.new`);
    renameSync(`${live.cert}.new`, live.cert);
    renameSync(`${live.key}.new`, live.key);
    await server.look();
    expect(server.reloads()).toBe(1);
    expect(await shown(server.port, {})).toBe("renewed");
    expect(await shown(server.port, { servername: "first.example" })).toBe("renewed");
    expect(server.errors).toEqual([]);
  });

  it("takes new files at once when it is told to look", async () => {
    const live = changeable(first);
    using server = await serve([live]);
    await server.lookOnce();
    copyFileSync(renewed.cert, live.cert);
    copyFileSync(renewed.key, live.key);
    await server.contexts.look();
    expect(await shown(server.port, {})).toBe("renewed");
    await server.look();
    expect(server.reloads()).toBe(1);
  });

  it("keeps the old certificate when the new file is broken, and says so once", async () => {
    const live = changeable(first);
    using server = await serve([live]);
    await server.look();
    writeFileSync(live.cert, "not a certificate\n");
    await server.look();
    await server.look();
    expect(server.errors).toEqual([
      `TLS_FILES_BROKEN ${live.cert} holds no certificate in PEM; the old certificate stays in force`,
    ]);
    expect(await shown(server.port, {})).toBe("first");
    copyFileSync(renewed.cert, live.cert);
    await server.look();
    expect(server.errors[1]).toContain("is not the key of the certificate");
    copyFileSync(renewed.key, live.key);
    await server.look();
    expect(await shown(server.port, {})).toBe("renewed");
    expect(server.reloads()).toBe(1);
  });

  it("tries again until new files are taken, and reports once that they were not", async () => {
    const live = changeable(first);
    using server = await serve([live]);
    await server.look();
    copyFileSync(renewed.cert, live.cert);
    copyFileSync(renewed.key, live.key);
    server.failWith("EMFILE");
    await server.look();
    await server.look();
    expect(server.errors).toEqual(["TLS_FILES_BROKEN EMFILE; the old certificate stays in force"]);
    server.failWith(undefined);
    await server.lookOnce();
    expect(server.reloads()).toBe(1);
    await server.look();
    expect(server.reloads()).toBe(1);
  });

  it("looks at the files again when their mode has changed", async () => {
    const live = changeable(first);
    using server = await serve([live]);
    await server.look();
    chmodSync(live.key, 0o400);
    await server.look();
    expect(server.reloads()).toBe(1);
  });

  it("waits until the files are written to their ends", async () => {
    const live = changeable(first);
    using server = await serve([live]);
    await server.look();
    writeFileSync(live.cert, "-----BEGIN CERTIFICATE-----\n");
    await server.lookOnce();
    appendFileSync(live.cert, "MIIB");
    await server.lookOnce();
    copyFileSync(renewed.cert, live.cert);
    await server.lookOnce();
    copyFileSync(renewed.key, live.key);
    expect(await shown(server.port, {})).toBe("first");
    await server.look();
    expect(server.errors).toEqual([]);
    expect(await shown(server.port, {})).toBe("renewed");
  });

  it("speaks TLS 1.2 and 1.3, and nothing older", async () => {
    using server = await serve([first]);
    expect(await shown(server.port, { maxVersion: "TLSv1.2" })).toBe("first");
    expect(await shown(server.port, { minVersion: "TLSv1.3" })).toBe("first");
    const old = {
      minVersion: "TLSv1",
      maxVersion: "TLSv1.1",
      ciphers: "DEFAULT:@SECLEVEL=0",
    } as const;
    expect(await shown(server.port, old)).toMatch(/ALERT_PROTOCOL_VERSION/);
  });

  it("does not begin with files that are of no use", () => {
    const missing = { cert: join(authority.dir, "none.pem"), key: first.key };
    const deps = { clock: createManualClock(), onError: () => undefined };
    const settings = { ca: undefined, verifyPeer: true, clientCert: "off" } as const;
    expect(() => createTlsContexts(deps, { ...settings, certificates: [missing] })).toThrow(
      `${missing.cert} cannot be read (ENOENT)`,
    );
    const mixed = { cert: first.cert, key: second.key };
    expect(() => createTlsContexts(deps, { ...settings, certificates: [mixed] })).toThrow(
      `${second.key} is not the key of the certificate`,
    );
  });
});
