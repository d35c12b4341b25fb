import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { EICAR } from "../support/eicar.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { harmlessBytes } from "../support/harmless-bytes.ts";
import { freePortRange } from "../support/port-range.ts";
import { ConnectionLedger } from "./peers/connections.ts";
import { Kamailio } from "./peers/kamailio.ts";
import { C_COMPILER, isMissing, KAMAILIO, LIBPURPLE, PIDGIN_SIPE } from "./peers/requirements.ts";
import { buildSipePeer, SipePeer, type SipeEvent } from "./peers/sipe/sipe-peer.ts";

const NEEDED = [KAMAILIO, C_COMPILER, LIBPURPLE, PIDGIN_SIPE, ConnectionLedger.needs];
const SERVERS = [
  { title: "a plain registrar", recordRoute: false },
  { title: "a server that record-routes", recordRoute: true },
];
/** Where the client listens when it sends (lcs.md B4). */
const CLIENT_PORTS = [6891, 6901] as const;

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function plain(event: SipeEvent): string {
  return (event.text ?? "").replaceAll(/<[^>]*>/g, "");
}

describe.skipIf(isMissing(NEEDED)).each(SERVERS)(
  "pidgin-sipe sends files through the gateway and Kamailio: $title",
  ({ recordRoute }) => {
    const stack = new AsyncDisposableStack();
    let folder: string;
    let program: string;
    let gateway: GatewayProcess;
    let ports: { first: number; text: string };
    let ledger: ConnectionLedger;
    let alice: SipePeer;
    let bob: SipePeer;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "sluice-sipe-build-"));
      stack.defer(async () => rm(folder, { recursive: true, force: true }));
      program = await buildSipePeer(folder);
      const kamailio = stack.use(await Kamailio.start({ recordRoute }));
      ports = await freePortRange(10);
      gateway = stack.use(
        await GatewayProcess.start({
          upstream: [kamailio.uri("tcp")],
          relay: { msnftp: { ports: ports.text } },
        }),
      );
    });

    afterAll(async () => {
      await stack.disposeAsync();
    });

    beforeEach(async () => {
      const at = gateway.at("tcp");
      // Not behind NAT: what is in its Via is where it speaks from.
      const claims = at.address;
      const range = `portrange ${CLIENT_PORTS[0]}-${CLIENT_PORTS[1]} or portrange ${ports.text}`;
      ledger = await ConnectionLedger.watch(range);
      alice = await SipePeer.signOn(program, "alice@example.test", at, { claims });
      bob = await SipePeer.signOn(program, "bob@example.test", at, { claims });
      await bob.accepts();
      return async (): Promise<void> => {
        await alice[Symbol.asyncDispose]();
        await bob[Symbol.asyncDispose]();
        await ledger[Symbol.asyncDispose]();
      };
    });

    async function fileOf(name: string, bytes: Buffer): Promise<string> {
      const path = join(folder, name);
      await writeFile(path, bytes);
      return path;
    }

    /** Two legs, and both end at the relay: each side has exactly one connection, and one of the two is to the relay. */
    function expectOnlyTheRelay(): void {
      expect(ledger.to(ports.first, ports.first + 9)).toBe(1);
      expect(ledger.to(...CLIENT_PORTS)).toBe(1);
    }

    it("carries a message, then a clean file, then messages again", async () => {
      alice.says("sip:bob@example.test", "a file is coming");
      expect(plain(await bob.sees("message"))).toBe("a file is coming");
      const bytes = harmlessBytes(200_000);
      alice.offers("sip:bob@example.test", await fileOf("holiday.dat", bytes));
      await alice.seesTransfer("file-send-complete");
      await bob.seesTransfer("settled");
      const [event] = await gateway.transferEvents();
      expect(event).toMatchObject({ delivery: "delivered", file: { sha256: sha256(bytes) } });
      const received = await bob.receivedFiles();
      expect(received.map(({ name }) => name)).toEqual(["holiday.dat"]);
      expect(sha256(received[0]?.bytes ?? Buffer.alloc(0))).toBe(sha256(bytes));
      expectOnlyTheRelay();
      bob.says("sip:alice@example.test", "got it");
      expect(plain(await alice.sees("message"))).toBe("got it");
    });

    it("brings nothing of an infected file to the receiver's disk, and tells both", async () => {
      alice.says("sip:bob@example.test", "look at this");
      await bob.sees("message");
      alice.offers("sip:bob@example.test", await fileOf("notes.txt", EICAR));
      await bob.seesTransfer("cancelled-there");
      const told = await alice.sees("message", (event) => plain(event).includes("notes.txt"));
      expect(plain(told)).toMatch(/INC-/);
      const received = await bob.receivedFiles();
      expect(received.filter(({ bytes }) => bytes.length > 0)).toEqual([]);
      expectOnlyTheRelay();
      alice.says("sip:bob@example.test", "did it arrive?");
      await bob.sees("message", (event) => plain(event) === "did it arrive?");
      bob.says("sip:alice@example.test", "no");
      await alice.sees("message", (event) => plain(event) === "no");
    });

    it("refuses a forbidden name, and the conversation goes on", async () => {
      alice.says("sip:bob@example.test", "hello");
      await bob.sees("message");
      alice.offers("sip:bob@example.test", await fileOf("report.pdf.exe", EICAR));
      const ended = (event: SipeEvent): boolean =>
        /^(cancelled|file-send-cancel)/.test(event.what ?? "");
      await alice.sees("transfer", ended);
      alice.says("sip:bob@example.test", "sorry");
      expect(plain(await bob.sees("message"))).toBe("sorry");
      expect(bob.unseen.filter((event) => event.event === "transfer")).toEqual([]);
    });
  },
);
