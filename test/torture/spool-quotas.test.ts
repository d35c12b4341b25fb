import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FileStory } from "../support/file-story.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { harmlessBytes } from "../support/harmless-bytes.ts";
import type { SipText } from "../support/sip-text.ts";
import { freePortRange } from "../support/port-range.ts";
import { sized } from "../support/torture-size.ts";
import { waitUntil } from "../support/wait-until.ts";

const SENDERS = 10;
/** As announced: each sender goes silent after the first bytes. */
const FILE_BYTES = sized(100, 1000) * 1_000_000;
const HEAD_BYTES = 50_000;
/** So many of them fit, and half of one more. */
const ROOM_FOR = 4;

describe(`${SENDERS} senders with ${FILE_BYTES / 1e6} MB each (HARDENING D7)`, () => {
  let stack: AsyncDisposableStack;
  let gateway: GatewayProcess;
  let stories: readonly FileStory[];

  beforeAll(async () => {
    stack = new AsyncDisposableStack();
    const ports = await freePortRange(40);
    gateway = stack.use(
      await GatewayProcess.start({
        relay: { msnftp: { ports: ports.text }, max_file_size: FILE_BYTES },
        limits: {
          spool: (ROOM_FOR + 0.5) * FILE_BYTES,
          spool_per_sender: 1.5 * FILE_BYTES,
          spool_files_per_sender: 3,
        },
      }),
    );
    stories = await Promise.all(
      Array.from({ length: SENDERS }, async (_, index) =>
        stack.use(
          await FileStory.begin({
            gateway: gateway.at("tcp"),
            sender: `sender${index}`,
            receiver: `receiver${index}`,
          }),
        ),
      ),
    );
  });

  afterAll(async () => {
    await stack.disposeAsync();
  });

  /** What the sender hears when it says where it listens; a file that is admitted stays half sent. */
  async function sends(story: FileStory, size: number): Promise<SipText> {
    const bytes = harmlessBytes(Math.min(size, HEAD_BYTES));
    const offer = await story.alice.offers({ name: "big.dat", bytes }, { size });
    expect(offer.answer.status).toBe(200);
    const invitation = await story.bob.sees("INVITE", offer.cookie);
    const { keys } = await story.bob.accepts(invitation);
    const accepted = await story.alice.sees("ACCEPT", offer.cookie);
    const faults = { announces: size, stopsAfter: { bytes: HEAD_BYTES, then: "silence" } } as const;
    const { answer } = await story.alice.serves(offer, accepted, story.bob, { faults });
    if (answer.status === 200) {
      const address = await story.bob.sees("ACCEPT", offer.cookie);
      story.bob.fetches(invitation, keys, address);
    }
    return answer;
  }

  /** Reasons of the files that were refused, as the event log has them. */
  async function refusalsOf(story: FileStory): Promise<readonly unknown[]> {
    const events = await gateway.eventsOf(story.alice.callId);
    return events.flatMap((event) => (event["rule"] === "relay" ? [event["reason"]] : []));
  }

  it("takes as many as the spool has room for, and refuses the others with words", async () => {
    const answers: SipText[] = [];
    for (const story of stories) answers.push(await sends(story, FILE_BYTES));
    const admitted = answers.slice(0, ROOM_FOR).map(({ status }) => status);
    expect(admitted).toEqual([200, 200, 200, 200]);
    for (const answer of answers.slice(ROOM_FOR)) {
      expect(answer.status).toBe(606);
      expect(answer.header("Warning")).toMatch(/Too much is being transferred, try.*INC-/);
    }
    for (const story of stories.slice(ROOM_FOR)) {
      expect(await refusalsOf(story)).toEqual([expect.stringMatching(/^spool-full: /)]);
      expect((await story.bob.sees("CANCEL")).field("Cancel-Code")).toBe("FTTIMEOUT");
    }
    const { length } = await readdir(join(gateway.dir, "data", "spool", "incoming"));
    expect(length).toBe(ROOM_FOR);
  });

  it("refuses a sender what is more than its own share, in bytes and in files", async () => {
    const [first, second] = stories;
    const beyond = await sends(first as FileStory, FILE_BYTES / 2 + 1);
    expect(beyond.status).toBe(606);
    expect(beyond.header("Warning")).toMatch(/Too much is being transferred for this sender/);
    const statuses: number[] = [];
    for (let file = 0; file < 3; file += 1) {
      statuses.push((await sends(second as FileStory, 1_000_000)).status);
    }
    expect(statuses).toEqual([200, 200, 606]);
    for (const story of [first, second]) {
      expect(await refusalsOf(story as FileStory)).toEqual([expect.stringMatching(/^quota: /)]);
    }
  });

  it("filters messages meanwhile, and takes files again when a sender has gone", async () => {
    const [first, second] = stories;
    const last = stories.at(-1) as FileStory;
    expect((await last.alice.says("still there?")).status).toBe(200);
    await (first as FileStory)[Symbol.asyncDispose]();
    await (second as FileStory)[Symbol.asyncDispose]();
    const isFree = async (): Promise<boolean> =>
      (await gateway.transfers()).length === ROOM_FOR - 2;
    await waitUntil("room", isFree, 30_000);
    expect((await sends(last, FILE_BYTES)).status).toBe(200);
  });
});
