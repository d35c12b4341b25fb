import { createHash } from "node:crypto";
import {
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FileStory } from "../support/file-story.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { harmlessBytes } from "../support/harmless-bytes.ts";
import type { FileReceiver } from "../support/msnftp-peer.ts";
import { freePortRange } from "../support/port-range.ts";
import { waitUntil } from "../support/wait-until.ts";

const STORIES = 10;
const FILES_EACH = 10;
const SIZE = 200_000;

/** What another program does to a file that has been scanned and waits for its receiver, and whether that may have it then. */
const TAMPERING: readonly (readonly [
  what: string,
  tamper: (path: string) => void,
  arrives: boolean,
])[] = [
  ["nothing", () => undefined, true],
  ["written over", (path) => writeFileSync(path, harmlessBytes(SIZE), { flag: "r+" }), false],
  ["another put in its place", (path) => replace(path), true],
  ["one byte changed", (path) => writeFileSync(path, "M", { flag: "r+" }), false],
  ["cut", (path) => truncateSync(path, 9), false],
];

interface Waiting {
  readonly name: string;
  readonly bytes: Buffer;
  readonly sha256: string;
  /** The receiver comes. */
  readonly fetch: () => FileReceiver;
}

/** HARDENING B8. */
describe(`${STORIES * FILES_EACH} files in the spool at a time, some of them tampered with`, () => {
  let stack: AsyncDisposableStack;
  let gateway: GatewayProcess;
  let waiting: readonly Waiting[];

  beforeAll(async () => {
    stack = new AsyncDisposableStack();
    const { text } = await freePortRange(STORIES * FILES_EACH);
    const relay = { msnftp: { ports: text, contact: "deferred" } };
    gateway = stack.use(await GatewayProcess.start({ relay }));
    const stories = await Promise.all(
      Array.from({ length: STORIES }, async (_, index) => {
        const users = { sender: `sender${index}`, receiver: `receiver${index}` };
        return stack.use(await FileStory.begin({ gateway: gateway.at("tcp"), ...users }));
      }),
    );
    const all = stories.flatMap((story, one) =>
      Array.from({ length: FILES_EACH }, async (_, two) => hold(story, `${one}-${two}.dat`)),
    );
    waiting = await Promise.all(all);
  });

  afterAll(async () => {
    await stack.disposeAsync();
  });

  it("are private, and none has another name than ours", () => {
    const spool = join(gateway.dir, "data", "spool");
    expect(statSync(spool).mode & 0o777).toBe(0o700);
    const names = heldNames();
    expect(names).toHaveLength(STORIES * FILES_EACH);
    for (const name of names) {
      expect(name).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/);
      expect(statSync(join(spool, "held", name)).mode & 0o777).toBe(0o600);
    }
  });

  it("arrive as they were scanned, or not at all", async () => {
    const treated = tamperWithAll();
    const results = await Promise.all(
      waiting.map(async ({ fetch }) => {
        const { content, end } = await fetch().result;
        return { content, end };
      }),
    );
    const events = await waitUntil("the events", async () => {
      const found = await gateway.transferEvents();
      return found.length === waiting.length && found;
    });
    for (const [index, { content, end }] of results.entries()) {
      const { name, bytes, sha256 } = waiting[index] as Waiting;
      const [what, , arrives] = treated.get(sha256) ?? ["not in the spool", undefined, true];
      const event = events.find(({ file }) => (file as { name: string }).name === name);
      const got = { what, isWhole: content.equals(bytes), bytes: content.length, end };
      expect(got).toEqual(
        arrives
          ? { what, isWhole: true, bytes: SIZE, end: "complete" }
          : { what, isWhole: false, bytes: 0, end: "closed" },
      );
      expect(event).toMatchObject(
        arrives
          ? { delivery: "delivered", file: { sha256 } }
          : { delivery: "failed", reason: "changed" },
      );
    }
  });

  /** Up to where it has been scanned and its receiver was told to come. */
  async function hold(story: FileStory, name: string): Promise<Waiting> {
    const bytes = harmlessBytes(SIZE);
    const offer = await story.alice.offers({ name, bytes });
    expect(offer.answer.status).toBe(200);
    const invitation = await story.bob.sees("INVITE", offer.cookie);
    const { keys } = await story.bob.accepts(invitation);
    const accepted = await story.alice.sees("ACCEPT", offer.cookie);
    await story.alice.serves(offer, accepted, story.bob);
    const address = await story.bob.sees("ACCEPT", offer.cookie);
    return {
      name,
      bytes,
      sha256: sha256Of(bytes),
      fetch: () => story.bob.fetches(invitation, keys, address),
    };
  }

  function heldNames(): readonly string[] {
    const held = join(gateway.dir, "data", "spool", "held");
    return readdirSync(held).filter((name) => !name.endsWith(".json"));
  }

  /** By the SHA-256 of each file: what was done to it. */
  function tamperWithAll(): ReadonlyMap<string, (typeof TAMPERING)[number]> {
    const held = join(gateway.dir, "data", "spool", "held");
    const treated = heldNames().map((name, index) => {
      const way = TAMPERING[index % TAMPERING.length] as (typeof TAMPERING)[number];
      const story = JSON.parse(readFileSync(join(held, `${name}.json`), "utf8")) as {
        sha256: string;
      };
      way[1](join(held, name));
      return [story.sha256, way] as const;
    });
    return new Map(treated);
  }
});

function sha256Of(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function replace(path: string): void {
  writeFileSync(`${path}.new`, harmlessBytes(SIZE));
  renameSync(`${path}.new`, path);
}
