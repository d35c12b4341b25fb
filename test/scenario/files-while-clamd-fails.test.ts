import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { EICAR } from "../support/eicar.ts";
import { FakeClamd, type ClamdFault } from "../support/fake-clamd.ts";
import { FileStory } from "../support/file-story.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { harmlessBytes } from "../support/harmless-bytes.ts";
import { freePortRange } from "../support/port-range.ts";
import { waitUntil } from "../support/wait-until.ts";

const FILE = { name: "report.dat", bytes: harmlessBytes(300_000) };

const FAULTS: readonly (readonly [string, ClamdFault, string])[] = [
  ["closes before the stream", "close-at-once", "down"],
  ["is killed in the stream", { closeAfter: 100_000 }, "down"],
  ["resets in the stream", { resetAfter: 100_000 }, "down"],
  ["is killed after the stream", { reply: "" }, "down"],
  ["takes the stream and answers nothing", "silent", "timeout"],
  ["does not read", "never-reads", "timeout"],
  ["answers half a line", { reply: "stream: O" }, "bad-reply"],
  ["answers with garbage", { reply: "\x01\x02garbage\0" }, "bad-reply"],
  ["answers OK for something else", { reply: "other: OK\0" }, "bad-reply"],
  ["answers OK and more", { reply: "stream: OK\0stream: OK\0" }, "bad-reply"],
];

const IN_TURN = { concurrent: false };

// Side by side, for most of it is waiting; what one gateway goes through comes one after the other.
describe.concurrent.each(["instream", "clamscan"] as const)("clamd by the client %s", (client) => {
  let clamd: FakeClamd;
  let gateway: GatewayProcess;
  let story: FileStory;

  // One gateway for all of it: that it goes on after each fault is what is to be shown.
  beforeAll(async () => {
    clamd = await FakeClamd.start("unix");
    const { address } = clamd;
    const socket = "path" in address ? address.path : "";
    const ports = await freePortRange(2);
    gateway = await GatewayProcess.start({
      relay: { msnftp: { ports: ports.text } },
      scan: { engines: [{ type: "clamd", client, socket }], timeout: "2s" },
    });
    story = await FileStory.begin({ gateway: gateway.at("tcp") });
  });

  // a test that fails in the middle must not take the others along
  afterEach(() => {
    clamd.fault = "none";
  });

  afterAll(async () => {
    await story[Symbol.asyncDispose]();
    await gateway[Symbol.asyncDispose]();
    await clamd[Symbol.asyncDispose]();
  });

  it("delivers what it calls clean, and stops what it finds", IN_TURN, async () => {
    await engineIs("up");
    const clean = await story.agree(FILE);
    expect((await clean.receiver.result).end).toBe("complete");
    const infected = await story.agree({ name: "bad.dat", bytes: EICAR });
    expect((await infected.receiver.result).content).toHaveLength(0);
    const incident = await waitUntil("the incident", async () => incidentOf("bad.dat"));
    expect(incident).toMatchObject({ scan: [{ engine: "clamd", result: "infected" }] });
  });

  it.each(FAULTS)(
    "delivers nothing when it %s, says why, and goes on when it is well",
    IN_TURN,
    async (what, fault, why) => {
      await engineIs("up");
      clamd.fault = fault;
      const name = `${what}.dat`;
      const stopped = await story.agree({ ...FILE, name });
      const got = await stopped.receiver.result;
      expect(got.content).toHaveLength(0);
      const incident = await waitUntil("the incident", async () => incidentOf(name));
      expect(incident).toMatchObject({
        action: "block",
        rule: "on_error",
        scan: [
          {
            engine: "clamd",
            result: "error",
            reason: expect.stringMatching(`${why}|down`) as unknown,
          },
        ],
      });
      clamd.fault = "none";
      await engineIs("up");
      const delivered = await story.agree({ ...FILE, name: "again.dat" });
      expect((await delivered.receiver.result).end).toBe("complete");
    },
  );

  it("delivers nothing while it is away, and goes on when it is back", IN_TURN, async () => {
    await engineIs("up");
    await clamd.goAway();
    const stopped = await story.agree({ ...FILE, name: "away.dat" });
    expect((await stopped.receiver.result).content).toHaveLength(0);
    await engineIs("down");
    const health = await gateway.cli("health", "-o", "json");
    expect([health.code, health.stdout]).toEqual([0, expect.stringContaining("clamd is down")]);
    expect(gateway.stderr).toContain("a scan engine is down");
    await clamd.comeBack();
    await engineIs("up");
    const { stdout } = await gateway.cli("engines", "-o", "ndjson");
    expect(stdout).toContain('"state":"up"');
    expect(gateway.stderr).toContain("a scan engine is up");
    const delivered = await story.agree({ ...FILE, name: "again.dat" });
    expect((await delivered.receiver.result).end).toBe("complete");
  });

  async function engineIs(state: string): Promise<void> {
    await waitUntil(`clamd is ${state}`, async () => {
      const [engine] = await gateway.engines();
      return engine?.["state"] === state;
    });
  }

  async function incidentOf(name: string): Promise<Readonly<Record<string, unknown>> | undefined> {
    const all = await gateway.incidents();
    return all.find(({ file }) => JSON.stringify(file).includes(`"${name}"`));
  }
});
