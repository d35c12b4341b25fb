import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { EICAR } from "../support/eicar.ts";
import { FileStory } from "../support/file-story.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { freePortRange } from "../support/port-range.ts";
import { writeRules } from "../support/write-config.ts";

const RULES = `
version: 1
templates:
  gone: { en: "{file.name} was stopped: {scan.name}. Ref {incident.short}" }
rules:
  - id: infected
    when: { scan: { verdict: infected } }
    then: { block: {}, replace: { template: gone }, notify: { sender: gone } }
`;

let gateway: GatewayProcess;
let story: FileStory;

beforeAll(async () => {
  const dir = await mkdtemp(join(tmpdir(), "sluice-replaced-"));
  const rules = [await writeRules(dir, "rules.yaml", RULES)];
  const { text } = await freePortRange(3);
  gateway = await GatewayProcess.start({ rules, relay: { msnftp: { ports: text } } });
  story = await FileStory.begin({ gateway: gateway.at("tcp") });
  return async () => {
    await story[Symbol.asyncDispose]();
    await gateway[Symbol.asyncDispose]();
    await rm(dir, { recursive: true });
  };
});

describe("a text in the place of a stopped file", () => {
  it.each([
    ["direct", "R"],
    ["nat", "R"],
    ["direct", undefined],
  ] as const)(
    "arrives with the announced size, whole for its receiver (%s, encryption %s)",
    async (way, encryption) => {
      const file = { name: "notes.txt", bytes: Buffer.concat([EICAR, Buffer.alloc(200_000)]) };
      const agreed = await story.agree(file, { way, encryption });
      const got = await agreed.receiver.result;
      expect(got.end).toBe("complete");
      expect(got.content).toHaveLength(file.bytes.length);
      const text = got.content.toString("latin1");
      expect(text.trimEnd()).toMatch(/^notes\.txt was stopped: \S+\. Ref INC-\w{8}$/);
      expect(await agreed.sender.result).toMatchObject({ end: "bye", byeCode: 2_164_261_682 });
      expect((await story.alice.seesNotice()).text).toBe(text.trimEnd());
      const incidents = await gateway.incidents();
      expect(incidents[0]).toMatchObject({
        action: "block",
        rule: "infected",
      });
      expect(incidents[0]?.["reason"]).toContain("a text in its place");
      await story.bob.says("still here");
      expect(await story.alice.hears()).toBe("still here");
      expect(story.bob.unseenInvitations).toEqual([]);
    },
  );
});
