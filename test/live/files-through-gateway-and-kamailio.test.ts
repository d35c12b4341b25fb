import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { EICAR } from "../support/eicar.ts";
import { FileStory } from "../support/file-story.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { NoticeAccount } from "../support/notice-account.ts";
import { BYE_CANCELLED, BYE_RECEIVED } from "../support/msnftp-peer.ts";
import { harmlessBytes } from "../support/harmless-bytes.ts";
import { freePortRange } from "../support/port-range.ts";
import { Kamailio } from "./peers/kamailio.ts";
import { isMissing, KAMAILIO } from "./peers/requirements.ts";

const run = promisify(execFile);
const FIVE_MB = 5 * 1024 * 1024;

const SERVERS = [
  { title: "a plain registrar", options: {} },
  { title: "a server that record-routes", options: { recordRoute: true } },
  { title: "a server that asks for passwords", options: { recordRoute: true, auth: true } },
] as const;
const WAYS = ["direct", "nat"] as const;

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

describe.skipIf(isMissing([KAMAILIO])).each(SERVERS)(
  "files through the gateway and Kamailio: $title",
  ({ options }) => {
    const stack = new AsyncDisposableStack();
    const auth = "auth" in options;
    let gateway: GatewayProcess;
    let story: FileStory;

    beforeAll(async () => {
      const kamailio = stack.use(await Kamailio.start(options));
      const ports = await freePortRange(3);
      const account = stack.use(await NoticeAccount.create());
      gateway = stack.use(
        await GatewayProcess.start({
          upstream: [kamailio.uri("tcp")],
          relay: { msnftp: { ports: ports.text } },
          account: account.settings,
        }),
      );
    });

    afterAll(async () => {
      await stack.disposeAsync();
    });

    beforeEach(async () => {
      story = await FileStory.begin({
        gateway: gateway.at("tcp"),
        ...(auth ? { password: "secret" } : {}),
      });
      return async () => story[Symbol.asyncDispose]();
    });

    it.each(WAYS)("delivers 5 MB with the same SHA-256, %s way", async (way) => {
      const bytes = harmlessBytes(FIVE_MB);
      const agreed = await story.agree({ name: "film.dat", bytes }, { way });
      expect(await agreed.sender.result).toMatchObject({ end: "bye", byeCode: BYE_RECEIVED });
      const got = await agreed.receiver.result;
      expect(got.end).toBe("complete");
      expect(sha256(got.content)).toBe(sha256(bytes));
    });

    it.each(WAYS)(
      "stops EICAR before its first byte, keeps it, and tells both, %s way",
      async (way) => {
        const before = await gateway.incidents();
        const agreed = await story.agree({ name: `${way}.txt`, bytes: EICAR }, { way });
        expect(await agreed.sender.result).toMatchObject({ end: "bye", byeCode: BYE_CANCELLED });
        await agreed.receiver.result;
        expect(agreed.receiver.received.toString("latin1")).toBe(
          `VER MSN_SECURE_FTP\r\nFIL ${EICAR.length}\r\n`,
        );
        const cancel = await story.bob.sees("CANCEL", agreed.offer.cookie);
        expect(cancel.field("Cancel-Code")).toBe("FTTIMEOUT");
        expect((await story.alice.seesNotice()).text).toContain(`${way}.txt`);
        const added = (await gateway.incidents()).filter(
          ({ id }) => !before.some((known) => known["id"] === id),
        );
        expect(added).toMatchObject([{ action: "quarantine", rule: "infected", count: 1 }]);
        await expectKept(gateway, String(added[0]?.["id"]));
        await story.alice.says("still here?");
        expect(await story.bob.hears()).toContain("still here?");
      },
    );

    it("refuses report.pdf.exe at the invitation, with the cookie", async () => {
      const offer = await story.alice.offers({ name: "report.pdf.exe", bytes: EICAR });
      expect(offer.answer.status).toBe(606);
      expect(offer.answer.header("Warning")).toMatch(/^309 .*Ref INC-/);
      expect(offer.answer.text).toContain(`Invitation-Cookie: ${offer.cookie}`);
      expect(story.bob.unseenInvitations).toEqual([]);
    });
  },
);

/** One copy of that incident, whose bytes are the file's when it is unpacked. */
async function expectKept(gateway: GatewayProcess, incident: string): Promise<void> {
  const { stdout } = await gateway.cli("quarantine", "list", "-o", "ndjson");
  const kept = stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((item) => item["incident"] === incident);
  expect(kept).toMatchObject([{ sha256: sha256(EICAR), state: "quarantined" }]);
  const zip = join(gateway.dir, `${incident}.zip`);
  const id = String(kept[0]?.["id"]);
  const download = await gateway.cli("quarantine", "download", id, "--out", zip);
  expect(download.code).toBe(0);
  expect((await readFile(zip)).includes(EICAR)).toBe(false);
  const unpacked = await run("unzip", ["-p", "-P", "infected", zip], { encoding: "buffer" });
  expect(sha256(unpacked.stdout)).toBe(sha256(EICAR));
}
