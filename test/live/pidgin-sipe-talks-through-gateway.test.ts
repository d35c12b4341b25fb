import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { GatewayProcess } from "../support/gateway-process.ts";
import { Kamailio } from "./peers/kamailio.ts";
import { C_COMPILER, isMissing, KAMAILIO, LIBPURPLE, PIDGIN_SIPE } from "./peers/requirements.ts";
import { buildSipePeer, SipePeer, type SipeEvent } from "./peers/sipe/sipe-peer.ts";

const NEEDED = [KAMAILIO, C_COMPILER, LIBPURPLE, PIDGIN_SIPE];
const SERVERS = [
  { title: "a plain registrar", recordRoute: false },
  { title: "a server that record-routes", recordRoute: true },
];

/** What is left when the client's own font tags are taken away. */
function plain(event: SipeEvent): string {
  return (event.text ?? "").replaceAll(/<[^>]*>/g, "");
}

describe.skipIf(isMissing(NEEDED)).each(SERVERS)(
  "pidgin-sipe through the gateway and Kamailio: $title",
  ({ recordRoute }) => {
    const stack = new AsyncDisposableStack();
    let folder: string;
    let program: string;
    let gateway: GatewayProcess;
    let alice: SipePeer;
    let bob: SipePeer;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "sluice-sipe-build-"));
      stack.defer(async () => rm(folder, { recursive: true, force: true }));
      program = await buildSipePeer(folder);
      const kamailio = stack.use(await Kamailio.start({ recordRoute }));
      gateway = stack.use(await GatewayProcess.start({ upstream: [kamailio.uri("tcp")] }));
    });

    afterAll(async () => {
      await stack.disposeAsync();
    });

    // Fresh clients: a conversation that is open already would carry the first text in a MESSAGE, not in the INVITE.
    beforeEach(async () => {
      const at = gateway.at("tcp");
      alice = await SipePeer.signOn(program, "alice@example.test", at);
      bob = await SipePeer.signOn(program, "bob@example.test", at);
      return async (): Promise<void> => {
        await alice[Symbol.asyncDispose]();
        await bob[Symbol.asyncDispose]();
      };
    });

    it("carries messages both ways", async () => {
      alice.says("sip:bob@example.test", "good morning bob");
      expect(plain(await bob.sees("message"))).toBe("good morning bob");
      bob.says("sip:alice@example.test", "good morning alice");
      expect(plain(await alice.sees("message"))).toBe("good morning alice");
      alice.says("sip:bob@example.test", "and a second one");
      expect(plain(await bob.sees("message"))).toBe("and a second one");
    });

    it("disarms a link in the first text, which travels in the header of the INVITE", async () => {
      alice.says("sip:bob@example.test", "see http://first.example.net/page please");
      const seen = plain(await bob.sees("message"));
      expect(seen).toContain("see _http://first.example.net/page please");
      expect(seen).toMatch(/^\[.*INC-/);
      alice.says("sip:bob@example.test", "and http://second.example.net/page");
      expect(plain(await bob.sees("message"))).toContain("and _http://second.example.net/page");
    });

    it("tells the sender that a first text with a link to a program was refused", async () => {
      alice.says("sip:bob@example.test", "http://first.example.net/setup.exe");
      const shown = await alice.sees("window", (event) => event.error === true);
      expect(plain(shown)).not.toBe("");
      expect(bob.unseen.filter((event) => event.event === "message")).toEqual([]);
      const blocked = (await gateway.incidents()).filter(
        (incident) => incident["action"] === "block",
      );
      expect(blocked.map((incident) => incident["channel"])).toContain("sip-invite");
    });

    it("refuses an offered file so that the sender's window shows it", async () => {
      const path = join(folder, "notes.exe");
      await writeFile(path, "nothing special\n");
      alice.offers("sip:bob@example.test", path);
      const ended = (event: SipeEvent): boolean =>
        /^(cancelled|file-send-cancel)/.test(event.what ?? "");
      await alice.sees("transfer", ended);
      expect(bob.unseen.filter((event) => event.event === "transfer")).toEqual([]);
      const files = (await gateway.incidents()).filter((incident) => incident["file"] !== null);
      expect(files[0]).toMatchObject({ action: "block", file: { name: "notes.exe", size: 16 } });
    });

    it("refuses a file that is offered within a conversation", async () => {
      alice.says("sip:bob@example.test", "have a look at this");
      await bob.sees("message");
      const path = join(folder, "inside.exe");
      await writeFile(path, "nothing special either\n");
      alice.offers("sip:bob@example.test", path);
      const ended = (event: SipeEvent): boolean =>
        /^(cancelled|file-send-cancel)/.test(event.what ?? "");
      await alice.sees("transfer", ended);
      alice.says("sip:bob@example.test", "did it arrive?");
      expect(plain(await bob.sees("message"))).toBe("did it arrive?");
      expect(bob.unseen.filter((event) => event.event === "transfer")).toEqual([]);
    });
  },
);
