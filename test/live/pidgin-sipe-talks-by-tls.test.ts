import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { TestAuthority } from "../support/certificates.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { Kamailio } from "./peers/kamailio.ts";
import {
  C_COMPILER,
  isMissing,
  KAMAILIO,
  KAMAILIO_TLS,
  LIBPURPLE,
  PIDGIN_SIPE,
} from "./peers/requirements.ts";
import { buildSipePeer, SipePeer, type SipeEvent } from "./peers/sipe/sipe-peer.ts";

const NEEDED = [KAMAILIO, KAMAILIO_TLS, C_COMPILER, LIBPURPLE, PIDGIN_SIPE];

function plain(event: SipeEvent): string {
  return (event.text ?? "").replaceAll(/<[^>]*>/g, "");
}

/** "SIP High Security" of the LCS family: clients, gateway and server speak TLS and nothing else. */
describe.skipIf(isMissing(NEEDED))("pidgin-sipe by TLS alone", () => {
  it("talks both ways, links disarmed", async () => {
    await using stack = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), "sluice-sipe-build-"));
    stack.defer(async () => rm(folder, { recursive: true, force: true }));
    const authority = stack.use(new TestAuthority());
    const { ca } = authority;
    const theirs = authority.issue({ names: "IP:127.0.0.2" });
    const kamailio = stack.use(await Kamailio.start({ tls: { ...theirs, ca } }));
    const gateway = stack.use(
      await GatewayProcess.start({
        listen: ["tls://127.0.0.1:0"],
        upstream: [kamailio.uri("tls")],
        tls: { ...authority.issue({ names: "IP:127.0.0.1" }), ca },
      }),
    );
    const program = await buildSipePeer(folder);
    const at = gateway.at("tls");
    const alice = stack.use(
      await SipePeer.signOn(program, "alice@example.test", at, { transport: "tls" }),
    );
    const bob = stack.use(
      await SipePeer.signOn(program, "bob@example.test", at, { transport: "tls" }),
    );
    alice.says("sip:bob@example.test", "see http://first.example.net/page please");
    expect(plain(await bob.sees("message"))).toContain("see _http://first.example.net/page please");
    bob.says("sip:alice@example.test", "good morning alice");
    expect(plain(await alice.sees("message"))).toBe("good morning alice");
  });
});
