import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FakeClamd } from "../support/fake-clamd.ts";
import { FileStory } from "../support/file-story.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { harmlessBytes } from "../support/harmless-bytes.ts";
import { freePortRange } from "../support/port-range.ts";
import { waitUntil } from "../support/wait-until.ts";

const BYTES = harmlessBytes(100_000);

const ATTACHED = [
  "--b",
  'Content-Type: application/octet-stream; name="notes.dat"',
  'Content-Disposition: attachment; filename="notes.dat"',
  "",
  "words",
  "--b--",
  "",
].join("\r\n");

describe.each(["block", "allow"] as const)(
  "with on_error: %s, a scanner that is away",
  (onError) => {
    const isOpen = onError === "allow";
    let clamd: FakeClamd;
    let gateway: GatewayProcess;
    let story: FileStory;

    beforeAll(async () => {
      clamd = await FakeClamd.start("unix");
      const { address } = clamd;
      const socket = "path" in address ? address.path : "";
      const ports = await freePortRange(3);
      gateway = await GatewayProcess.start({
        answer_within: "5s",
        relay: { msnftp: { ports: ports.text } },
        scan: { engines: [{ type: "clamd", socket }], timeout: "6s", on_error: onError },
        // answered by on_error, and by nothing else
        on_failure: { internal_error: isOpen ? "block" : "allow" },
      });
      story = await FileStory.begin({ gateway: gateway.at("tcp") });
      await engineIs("up");
      await waitUntil("the probe with the largest file", () => clamd.isAtRestAfter(5));
    });

    afterAll(async () => {
      await story[Symbol.asyncDispose]();
      await gateway[Symbol.asyncDispose]();
      await clamd[Symbol.asyncDispose]();
    });

    async function engineIs(state: string): Promise<void> {
      await waitUntil(`clamd is ${state}`, async () => {
        const [engine] = await gateway.engines();
        return engine?.["state"] === state;
      });
    }

    async function attachmentIs(): Promise<{ readonly status: number; readonly ms: number }> {
      const startedAt = performance.now();
      const { status } = await story.alice.client.sends(story.bob.aor, ATTACHED, {
        contentType: "multipart/mixed; boundary=b",
      });
      return { status, ms: performance.now() - startedAt };
    }

    it("holds up no file that is empty, which nobody needs to scan", async () => {
      const before = clamd.streams;
      const empty = await story.agree({ name: "empty.dat", bytes: Buffer.alloc(0) });
      const got = await empty.receiver.result;
      expect([got.end, got.content.length]).toEqual(["complete", 0]);
      expect(clamd.streams).toBe(before);
    });

    it("holds a file for a while, and has it delivered as soon as it is back", async () => {
      await clamd.goAway();
      await engineIs("down");
      const held = await story.agree({ name: "held.dat", bytes: BYTES });
      await waitUntil("the file to wait for its scan", async () => {
        const [transfer] = await gateway.transfers();
        return transfer?.["state"] === "scanning";
      });
      await clamd.comeBack();
      const got = await held.receiver.result;
      expect(got.end).toBe("complete");
      expect(got.content.equals(BYTES)).toBe(true);
      const [event] = await gateway.eventsWhere("the end", ({ file, type }) => {
        return type === "transfer" && JSON.stringify(file).includes('"held.dat"');
      });
      expect(event).toMatchObject({ scan: [{ engine: "clamd", result: "clean" }] });
      await engineIs("up");
    });

    it("and hangs, has the gateway answer an attachment in time, by on_error", async () => {
      clamd.fault = "silent";
      const { status, ms } = await attachmentIs();
      clamd.fault = "none";
      expect(status).toBe(isOpen ? 200 : 606);
      expect(ms).toBeLessThan(5000);
      const [event] = await gateway.eventsWhere("the attachment", ({ type, scan }) => {
        return type === "message" && JSON.stringify(scan).includes("timeout");
      });
      expect(event).toMatchObject({
        action: isOpen ? "allow" : "block",
        rule: isOpen ? null : "on_error",
        scan: [{ engine: "clamd", result: "error", reason: "timeout" }],
      });
    });

    it("stays away, has files wait no longer, and decides by on_error", async () => {
      await engineIs("up");
      await clamd.goAway();
      await engineIs("down");
      const agreed = await story.agree({ name: "first.dat", bytes: BYTES });
      const first = await agreed.receiver.result;
      expect(first.content.length).toBe(isOpen ? BYTES.length : 0);
      expect(await recordOf("first.dat")).toMatchObject({
        action: isOpen ? "allow" : "block",
        rule: isOpen ? null : "on_error",
        scan: [{ engine: "clamd", result: "error", reason: "down" }],
      });
      const { status, ms } = await attachmentIs();
      expect(status).toBe(isOpen ? 200 : 606);
      expect(ms).toBeLessThan(1000);
      await clamd.comeBack();
      await engineIs("up");
    });

    /** The line of the event log about a file of that name; what was stopped is an incident, too. */
    async function recordOf(name: string): Promise<unknown> {
      const isAbout = (one: Readonly<Record<string, unknown>>): boolean =>
        JSON.stringify(one).includes(`"${name}"`);
      const [event] = await gateway.eventsWhere(name, isAbout);
      expect((await gateway.incidents()).some(isAbout)).toBe(!isOpen);
      return event;
    }
  },
);
