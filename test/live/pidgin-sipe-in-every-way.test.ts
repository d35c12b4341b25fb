import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { harmlessBytes } from "../support/harmless-bytes.ts";
import { waitUntil } from "../support/wait-until.ts";
import type { ConnectionLedger } from "./peers/connections.ts";
import { isMissing } from "./peers/requirements.ts";
import { ofFile, type SipePair } from "./peers/sipe/sipe-pair.ts";
import type { SipePeer } from "./peers/sipe/sipe-peer.ts";
import { SipeStage } from "./peers/sipe/sipe-stage.ts";
import { TcpCapture } from "./peers/tcp-capture.ts";

const MIB = 1024 * 1024;

/** Who listens follows from where a file's sender believes to be: behind a private address it does not. */
const SENDER_LISTENS = "192.0.2.77";
const RECEIVER_LISTENS = "192.168.77.7";
const WAYS = [
  { transport: "tcp", way: "the sender listening", claims: SENDER_LISTENS },
  { transport: "tcp", way: "the receiver listening", claims: RECEIVER_LISTENS },
  { transport: "tls", way: "the sender listening", claims: SENDER_LISTENS },
  { transport: "tls", way: "the receiver listening", claims: RECEIVER_LISTENS },
] as const;
const FILES = [
  { from: "alice", name: "one.txt", size: 1 },
  { from: "bob", name: "two words, and more.txt", size: 2045 },
  { from: "alice", name: "Grüße Ελλάδα 文件 🎉.txt", size: 2046 },
] as const;
const LARGER_FILES = [
  { from: "bob", name: "report.2026.tar.txt", size: 65_536 },
  { from: "alice", name: "holiday.dat", size: 200_000 },
  { from: "bob", name: "film.dat", size: 20 * MIB },
] as const;
/** What takes longer is shown once for each value of each property. */
const STACKS = [
  { mode: "2005", ocs2007: false, longer: [WAYS[0], WAYS[3]] },
  { mode: "2007", ocs2007: true, longer: [WAYS[1], WAYS[2]] },
] as const;

describe.skipIf(isMissing(SipeStage.needs)).each(STACKS)(
  "pidgin-sipe in every way, in the mode of $mode",
  ({ ocs2007, longer }) => {
    let stage: SipeStage;
    let pair: SipePair;
    let ledger: ConnectionLedger;

    beforeAll(async () => {
      stage = await SipeStage.set({ ocs2007 });
    });

    afterAll(async () => {
      await stage[Symbol.asyncDispose]();
    });

    beforeEach(async () => {
      ledger = await stage.ledger();
      return async () => ledger[Symbol.asyncDispose]();
    });

    /** Two legs a transfer, one of them to the relay and one of them from it: no connection is left for the peers. */
    function expectOnlyTheRelay(transfers: number): void {
      expect(stage.counted(ledger)).toEqual({ toRelay: transfers, toClients: transfers });
    }

    async function expectCarried(from: SipePeer, name: string, size: number): Promise<void> {
      const bytes = harmlessBytes(size);
      const received = await pair.sends(from, { name, bytes });
      expect(received?.bytes.length).toBe(size);
      expect(received?.bytes.equals(bytes)).toBe(true);
    }

    async function expectNothingOf(name: string): Promise<void> {
      const received = await pair.bob.receivedFiles();
      expect(received.find((file) => file.name === name)?.bytes.length ?? 0).toBe(0);
    }

    it("has clients that offer sessions as that generation does", async () => {
      const { port } = stage.gateway.at("tcp");
      await using capture = await TcpCapture.start(`port ${port}`);
      pair = await stage.pair();
      await using _ = pair;
      await pair.says(pair.alice, "good morning bob");
      const said = (await capture.stop()).map(({ bytes }) => bytes.toString("latin1")).join("");
      expect(said).toContain(ocs2007 ? "\r\nm=message " : "\r\nm=x-ms-message ");
    });

    it.each(WAYS)(
      "carries messages and files both ways, one after the other, by $transport, $way",
      async ({ transport, claims }) => {
        pair = await stage.pair({ transport, claims });
        await using _ = pair;
        expect(await pair.says(pair.alice, "good morning bob")).toBe("good morning bob");
        expect(await pair.says(pair.bob, "good morning alice")).toBe("good morning alice");
        for (const { from, name, size } of FILES) await expectCarried(pair[from], name, size);
        expectOnlyTheRelay(FILES.length);
      },
    );

    describe.each([...longer])("by $transport, $way,", ({ transport, claims }) => {
      beforeAll(async () => {
        pair = await stage.pair({ transport, claims });
      });

      afterAll(async () => {
        await pair[Symbol.asyncDispose]();
      });

      it("carries larger files both ways", async () => {
        for (const { from, name, size } of LARGER_FILES) {
          await expectCarried(pair[from], name, size);
        }
        expectOnlyTheRelay(LARGER_FILES.length);
      });

      it("tells the sender that the receiver declined", async () => {
        const file = { name: "declined.txt", bytes: harmlessBytes(1000) };
        await pair.bob.denies();
        await pair.offers(pair.alice, file);
        await pair.alice.seesTransfer("cancelled-there", ofFile(file));
        await pair.bob.accepts();
        await expectCarried(pair.alice, "taken.txt", 1000);
        expectOnlyTheRelay(1);
      });

      // The client tells nobody when its user takes back what he has offered.
      it("goes on when the sender has taken an offer back", async () => {
        const file = { name: "taken-back.txt", bytes: harmlessBytes(1000) };
        await pair.bob.ignores();
        await pair.offers(pair.alice, file);
        await pair.bob.seesTransfer("file-recv-request", ofFile(file));
        pair.alice.cancels();
        await pair.alice.seesTransfer("cancelled-here", ofFile(file));
        await pair.bob.accepts();
        await expectCarried(pair.alice, "after-all.txt", 1000);
        expectOnlyTheRelay(1);
      });

      it("leaves nothing of a file that the sender gave up in the middle", async () => {
        const file = { name: "given-up.dat", bytes: harmlessBytes(20 * MIB) };
        await pair.offers(pair.alice, file);
        await pair.alice.seesTransfer("file-send-start", ofFile(file));
        pair.alice.cancels();
        await pair.bob.seesTransfer("settled", ofFile(file));
        await expectNothingOf(file.name);
        await expectCarried(pair.alice, "once-more.txt", 1000);
      });

      // The last one for these clients: pidgin-sipe does not always survive a transfer that is cut off, of itself.
      it("leaves nothing of a file that the receiver gave up in the middle", async () => {
        const file = { name: "not-wanted.dat", bytes: harmlessBytes(20 * MIB) };
        await pair.offers(pair.alice, file);
        await pair.bob.seesTransfer("file-recv-start", ofFile(file));
        await pair.alice.seesTransfer("file-send-start", ofFile(file));
        pair.bob.cancels();
        await Promise.race([pair.alice.seesTransfer("settled", ofFile(file)), pair.alice.gone]);
        const ended = await waitUntil("the transfer's event", async () =>
          (await stage.gateway.events()).find(
            (event) => event["type"] === "transfer" && JSON.stringify(event).includes(file.name),
          ),
        );
        expect(ended).toMatchObject({ delivery: "failed", file: { name: file.name } });
        await expectNothingOf(file.name);
      });
    });
  },
);
