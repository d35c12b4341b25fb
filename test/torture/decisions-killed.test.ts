import { randomInt } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { itemPlace } from "../../src/quarantine/item-place.ts";
import { askAdmin } from "../support/ask-admin.ts";
import { FileStory } from "../support/file-story.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { harmlessBytes } from "../support/harmless-bytes.ts";
import { freePortRange } from "../support/port-range.ts";
import { sized } from "../support/torture-size.ts";
import { waitUntil } from "../support/wait-until.ts";
import { writeConfig, writeRules } from "../support/write-config.ts";

const ROUNDS = sized(2, 60);
/** About as long as the decisions of a round take, and as a transfer takes. */
const DECIDING_MS = sized(400, 200);
const SENDING_MS = sized(800, 400);

const RULES = {
  version: 1,
  rules: [{ id: "kept", on: "file", when: { file: { extension: ["dat"] } }, then: "quarantine" }],
};

type Found = Readonly<Record<string, unknown>>;

interface Kept {
  readonly incident: string;
  readonly item: string;
  readonly file: { readonly name: string; readonly bytes: Buffer };
}

describe(`a gateway that is killed ${2 * ROUNDS} times while people decide about kept files, and while a released one is sent again`, () => {
  let gateway: GatewayProcess;
  let story: FileStory;
  let released = 0;
  let deleted = 0;
  let denied = 0;
  const faults: string[] = [];

  beforeAll(async () => {
    const dir = await mkdtemp(join(tmpdir(), "sluice-test-"));
    const ports = await freePortRange(10);
    const config = await writeConfig(dir, {
      rules: [await writeRules(dir, "rules.yaml", RULES)],
      relay: { msnftp: { ports: ports.text } },
    });
    gateway = await GatewayProcess.startIn(dir, config);
    story = await FileStory.begin({ gateway: gateway.at("tcp") });
  });

  afterAll(async () => {
    await story[Symbol.asyncDispose]();
    await gateway[Symbol.asyncDispose]();
  });

  it("has done each of them whole or not at all, and what it had confirmed it has done", async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const [first, second, third] = await Promise.all([
        isKept(`first-${round}.dat`),
        isKept(`second-${round}.dat`),
        isKept(`third-${round}.dat`),
      ]);
      const release = asks("POST", `incidents/${first.incident}/release`, { reason: "r" });
      const deletion = asks("DELETE", `quarantine/${second.item}?reason=r`);
      const denial = asks("POST", `quarantine/${third.item}/release`, { reason: "r" }).then(
        async () => asks("POST", `incidents/${third.incident}/deny`, { reason: "r" }),
      );
      await delay(randomInt(DECIDING_MS));
      await isKilled();
      const passes = await isReleased(first, await release);
      await isDeletedWholeOrNot(second, await deletion);
      const mayPass = await isDeniedOrReleased(third, await denial);
      await isSentAgain(first, passes);
      const got = await sends(third);
      says(third, "passed", got.length > 0 && !mayPass);
    }
    console.log(`${released} released, ${deleted} deleted, ${denied} denied in ${ROUNDS} rounds`);
    expect(faults).toEqual([]);
  });

  /** Notes what must not be. */
  function says({ file }: Pick<Kept, "file">, what: string, isSo: boolean): void {
    if (isSo) faults.push(`${file.name}: ${what}`);
  }

  /** Killed in the middle of it, once more at most, and never with other bytes. */
  async function isSentAgain(kept: Kept, mayPass: boolean): Promise<void> {
    const { bytes } = kept.file;
    const sending = sends(kept).catch(() => Buffer.alloc(0));
    await delay(randomInt(SENDING_MS));
    await isKilled();
    const got = await sending;
    const state = (await releasesOf(kept))[0]?.["state"];
    says(kept, "other bytes", !got.equals(bytes.subarray(0, got.length)));
    says(kept, "passed unreleased", got.length > 0 && !mayPass);
    says(kept, "passed, and is released still", got.length > 0 && state === "open");
    const later = await sends(kept);
    const due = state === "open" ? bytes : Buffer.alloc(0);
    says(kept, `${later.length} bytes of a release that is ${String(state)}`, !later.equals(due));
    says(kept, "passed twice", (await sends(kept)).length > 0);
  }

  async function isReleased(kept: Kept, told: Found | undefined): Promise<boolean> {
    const { state, reviews } = await shows(kept);
    const isSo = state === "released";
    const done = (reviews as readonly Found[]).map((one) => one["action"]).join();
    const releases = await releasesOf(kept);
    says(kept, "said to be released, and is not", told?.["state"] === "released" && !isSo);
    says(kept, `half released: ${done}`, done !== (isSo ? "release" : ""));
    says(kept, `${releases.length} releases`, releases.length !== (isSo ? 1 : 0));
    await isWhole(kept);
    if (isSo) released += 1;
    return isSo;
  }

  async function isDeletedWholeOrNot(kept: Kept, told: Found | undefined): Promise<void> {
    const { state } = await askAdmin(gateway, "GET", `/v1/quarantine/${kept.item}`);
    says(kept, "said to be deleted, and is not", told !== undefined && state !== "deleted");
    if (state !== "deleted") return isWhole(kept);
    deleted += 1;
    const { reviews } = await shows(kept);
    const isRecorded = (reviews as readonly Found[]).some((one) => one["action"] === "delete");
    says(kept, "deleted, and has its bytes", hasBody(kept));
    says(kept, "deleted without a record", !isRecorded);
  }

  async function isDeniedOrReleased(kept: Kept, told: Found | undefined): Promise<boolean> {
    const { state } = await shows(kept);
    const states = (await releasesOf(kept)).map((one) => one["state"]).join();
    const due = state === "denied" ? "revoked" : state === "released" ? "open" : "";
    says(kept, "said to be denied, and is not", told?.["state"] === "denied" && state !== "denied");
    says(kept, `${String(state)} with a release that is ${states}`, states !== due);
    await isWhole(kept);
    if (state === "denied") denied += 1;
    return state === "released";
  }

  /** It can be read from beginning to end, and has the hash of its story. */
  async function isWhole(kept: Kept): Promise<void> {
    const scanned = await asks("POST", `quarantine/${kept.item}/rescan`);
    says(kept, `cannot be read: ${JSON.stringify(scanned)}`, scanned?.["result"] !== "clean");
  }

  function hasBody({ item }: Kept): boolean {
    const { folder } = itemPlace(join(gateway.dir, "data", "quarantine"), item);
    return existsSync(join(folder, "body.enc"));
  }

  /** Alice sends it to Bob, and it is kept. */
  async function isKept(name: string): Promise<Kept> {
    const bytes = harmlessBytes(100_000 + randomInt(100_000));
    const file = { name, bytes };
    const got = await sends({ file });
    says({ file }, "passed at once", got.length > 0);
    const incident = await waitUntil(`the incident of ${name}`, async () => {
      const all = await gateway.incidents();
      return all.find((one) => (one["file"] as Found | null)?.["name"] === name);
    });
    const { quarantine } = incident["details"] as { readonly quarantine: string };
    return { incident: String(incident["id"]), item: quarantine, file };
  }

  /** What Bob has of it in the end. */
  async function sends({ file }: Pick<Kept, "file">): Promise<Buffer> {
    const { receiver } = await story.agree(file);
    return (await receiver.result).content;
  }

  async function isKilled(): Promise<void> {
    await gateway.kill();
    await story[Symbol.asyncDispose]();
    await gateway.restart();
    story = await FileStory.begin({ gateway: gateway.at("tcp") });
  }

  async function shows({ incident }: Kept): Promise<Found> {
    return askAdmin(gateway, "GET", `/v1/incidents/${incident}`);
  }

  async function releasesOf(kept: Kept): Promise<readonly Found[]> {
    return (await shows(kept))["releases"] as readonly Found[];
  }

  /** Undefined: the gateway died before it answered. */
  async function asks(
    method: "POST" | "DELETE",
    what: string,
    body?: object,
  ): Promise<Found | undefined> {
    try {
      return await askAdmin(
        gateway,
        method,
        `/v1/${what}`,
        method === "POST" ? (body ?? {}) : undefined,
      );
    } catch {
      return undefined;
    }
  }
});
