import { copyFileSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { connect } from "node:net";
import { once } from "node:events";
import { afterAll, describe, expect, it } from "vitest";
import { TestAuthority } from "../support/certificates.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { SipClient } from "../support/sip-client.ts";
import { SipServer } from "../support/sip-server.ts";
import { waitUntil } from "../support/wait-until.ts";

const authority = new TestAuthority();
afterAll(() => authority[Symbol.dispose]());

const ca = readFileSync(authority.ca);
const certificate = authority.issue({ names: "DNS:gw.example.test,IP:127.0.0.1" });
const TLS_AND_TCP = {
  listen: ["tls://127.0.0.1:0", "tcp://127.0.0.1:0"],
  tls: { ...certificate, ca: authority.ca },
};

describe("two clients by TLS", () => {
  it("exchange messages through the embedded registrar, judged like any others", async () => {
    await using gateway = await GatewayProcess.start(TLS_AND_TCP);
    const common = { transport: "tls", gateway: gateway.at("tls"), tls: { ca } } as const;
    await using alice = await SipClient.signOn({ ...common, name: "alice" });
    await using bob = await SipClient.signOn({ ...common, name: "bob" });

    const sent = await alice.sends(bob.aor, "hello by TLS");
    expect(sent.status).toBe(200);
    const got = await bob.receives();
    expect(got.body.toString()).toBe("hello by TLS");
    expect(got.header("via")).toMatch(/^SIP\/2\.0\/TLS 127\.0\.0\.1:\d+;branch=z9hG4bK/);

    const answer = await bob.sends(alice.aor, "see http://192.0.2.1/update.exe");
    expect(answer.status).toBe(403);
    const [event] = await gateway.eventsOf(sent.header("call-id") ?? "");
    expect(event).toMatchObject({ action: "allow", delivery: "delivered" });
  });

  it("talk within a dialog: it stays on their connections, both ways", async () => {
    await using gateway = await GatewayProcess.start(TLS_AND_TCP);
    const common = { transport: "tls", gateway: gateway.at("tls"), tls: { ca } } as const;
    await using alice = await SipClient.signOn({ ...common, name: "alice" });
    await using bob = await SipClient.signOn({ ...common, name: "bob" });
    const { response, dialog } = await alice.invites(bob.aor);
    expect(response.status).toBe(200);
    expect((await dialog.sends("within the dialog")).status).toBe(200);
    expect((await bob.receives()).body.toString()).toBe("within the dialog");
    const other = bob.dialogOf(await bob.receivesRequest("INVITE"));
    expect((await other.sends("and back")).status).toBe(200);
    expect((await alice.receives()).body.toString()).toBe("and back");
  });
});

describe("a client by TLS", () => {
  it("is told that somebody who is there without TLS cannot be reached", async () => {
    await using gateway = await GatewayProcess.start(TLS_AND_TCP);
    const tls = { transport: "tls", gateway: gateway.at("tls"), tls: { ca } } as const;
    await using alice = await SipClient.signOn({ ...tls, name: "alice" });
    await using bob = await SipClient.signOn({
      name: "bob",
      transport: "tcp",
      gateway: gateway.at("tcp"),
    });
    const refused = await alice.sends(bob.aor, "secret");
    expect(refused.startLine).toBe("SIP/2.0 480 Not Reachable Over TLS");
    expect((await bob.sends(alice.aor, "not secret")).status).toBe(200);
    expect((await alice.receives()).body.toString()).toBe("not secret");
    expect(bob.arrived).toEqual([]);
  });

  it("is not served over a server in clear, unless the operator says so", async () => {
    await using server = await SipServer.open("127.0.0.2");
    const uri = server.uri("tcp");
    for (const [upstream, status] of [
      [[uri], 480],
      [[{ uri, allow_clear: true }], 200],
    ] as const) {
      await using gateway = await GatewayProcess.start({ ...TLS_AND_TCP, upstream });
      const common = { transport: "tls", gateway: gateway.at("tls"), tls: { ca } } as const;
      await using alice = await SipClient.open({ ...common, name: "alice" });
      expect((await alice.register()).status).toBe(status);
      expect(server.arrived).toHaveLength(status === 200 ? 1 : 0);
      expect(gateway.stderr.includes("what clients send by tls is refused")).toBe(status === 480);
    }
  });

  it("sees a renewed certificate without a restart", async () => {
    const live = { cert: join(authority.dir, "live.pem"), key: join(authority.dir, "live.key") };
    copyFileSync(certificate.cert, live.cert);
    copyFileSync(certificate.key, live.key);
    await using gateway = await GatewayProcess.start({ ...TLS_AND_TCP, tls: live });
    const common = { transport: "tls", gateway: gateway.at("tls"), tls: { ca } } as const;
    await using before = await SipClient.signOn({ ...common, name: "alice" });
    const renewed = authority.issue({ names: "DNS:new.example.test" });
    for (const part of ["cert", "key"] as const) {
      copyFileSync(renewed[part], `${live[part]}.new`);
      renameSync(`${live[part]}.new`, live[part]);
    }
    gateway.reload();
    const isTaken = (): boolean => gateway.stderr.includes("new certificates are in force");
    await waitUntil("the new certificate", isTaken);
    // Another name is in it: the client that wants the old one is the judge.
    await expect(SipClient.open({ ...common, name: "bob" })).rejects.toThrow(
      /altnames|certificate/i,
    );
    expect((await before.register()).status).toBe(200);
  });
});

describe("the TLS port", () => {
  it("has no words for plain SIP, and goes on serving", async () => {
    await using gateway = await GatewayProcess.start(TLS_AND_TCP);
    const { address: host, port } = gateway.at("tls");
    const plain = connect({ host, port });
    await once(plain, "connect");
    plain.write("OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP a;branch=z9hG4bKa\r\n\r\n");
    await once(plain, "close");
    expect(plain.bytesRead).toBeLessThan(20);
    await waitUntil("the log", () => gateway.stderr.includes("it does not speak TLS"));
    const common = { transport: "tls", gateway: gateway.at("tls"), tls: { ca } } as const;
    await using alice = await SipClient.signOn({ ...common, name: "alice" });
    expect(alice.connected).toBe(true);
  });
});
