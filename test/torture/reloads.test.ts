import { rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { askAdmin } from "../support/ask-admin.ts";
import {
  goodRules,
  openReloadStage,
  sendSteadily,
  statusesOf,
  type ReloadStage,
} from "../support/reload-stage.ts";
import { waitUntil } from "../support/wait-until.ts";
import { sized } from "../support/torture-size.ts";

const RELOADS = sized(100, 1000);
const PER_SECOND = 500;
const LOAD = {
  perSecond: PER_SECOND,
  fates: ["passed", "blocked", "disarmed", "blocked"],
} as const;

/** HARDENING M8, and more: rule files that must change nothing, each with what its problem says. */
const BROKEN: readonly (readonly [says: string, content: string | Buffer])[] = [
  [
    '4:5: .*unknown key "whn"',
    "version: 1\nrules:\n  - id: x\n    whn: { url: { any: true } }\n    then: allow\n",
  ],
  ["3:1: .*flow sequence", "version: 1\nrules: [\n"],
  ["5:5: .*duplicate key", "version: 1\nrules:\n  - id: a\n    then: allow\n    then: block\n"],
  ['5:5: .*there is a rule "a" already', rulesOf("a", "a")],
  [
    "4:21: ",
    "version: 1\nrules:\n  - id: x\n    when: { text: { regex: '(' } }\n    then: allow\n",
  ],
  ["1:1: .*aliases multiply", aliasBomb()],
  ["1:14: .*not UTF-8 text", Buffer.from("version: 1 # \xfc\n", "latin1")],
  ["9:27: .*flow map", goodRules(0).slice(0, -24)],
  [
    "10:13: .*test failed",
    `${goodRules(0)}    tests: [{ given: { text: a }, expect: { action: block } }]\n`,
  ],
];

/** Two rules without a condition. */
function rulesOf(...ids: readonly string[]): string {
  return `version: 1\nrules:\n${ids.map((id) => `  - id: ${id}\n    then: allow\n`).join("")}`;
}

function aliasBomb(): string {
  const levels = "bcdefghi".split("").map((name, index) => {
    const below = "abcdefgh"[index] ?? "";
    return `${name}: &${name} [${`*${below},`.repeat(9)}]`;
  });
  return `version: 1\na: &a [x,x,x,x,x,x,x,x,x]\n${levels.join("\n")}\n`;
}

/** The file is replaced as careful programs do it, or written over, or is a link in a circle. */
async function breakRules({ rules }: ReloadStage, number: number): Promise<string> {
  const [says, content] = BROKEN[number % BROKEN.length] ?? ["", ""];
  if (number % 40 === 20) {
    await symlink("there.yaml", `${rules}.new`);
    await symlink("rules.yaml", rules.replace("rules.yaml", "there.yaml")).catch(() => undefined);
    await rename(`${rules}.new`, rules);
    return "1:1: .*circle";
  }
  await writeFile(rules, content);
  return says;
}

async function mend({ rules }: ReloadStage, number: number): Promise<void> {
  await rm(`${rules}.new`, { force: true });
  await writeFile(`${rules}.new`, goodRules(number));
  await rename(`${rules}.new`, rules);
}

const ENTRIES = sized(50_000, 1_000_000);
const REFRESHES = sized(3, 10);

const WITH_LIST = `${goodRules(1)}  - id: listed
    when: { url: { host: { in_list: bad } } }
    then: { block: { respond: 480 } }
lists:
  bad: { type: domain, file: bad.txt, refresh: watch }
`;

async function writeList({ gateway }: ReloadStage, round: number): Promise<void> {
  const names = Array.from(
    { length: ENTRIES },
    (_, index) => `${(Math.imul(index + 1, 0x9e3779b1) >>> 0).toString(36)}.bad.example`,
  );
  const file = join(gateway.dir, "bad.txt");
  await writeFile(`${file}.new`, `${names.join("\n")}\nround-${round}.example\n`);
  await rename(`${file}.new`, file);
}

describe(`a list of ${ENTRIES} domains`, () => {
  it(`is read ${REFRESHES} times under ${PER_SECOND} MESSAGE/s, and no message is lost`, async () => {
    await using stage = await openReloadStage();
    const { gateway, alice } = stage;
    await writeList(stage, 0);
    await writeFile(stage.rules, WITH_LIST);
    expect((await askAdmin(gateway, "POST", "/v1/reload"))["ok"]).toBe(true);
    const stop = new AbortController();
    const sending = sendSteadily(alice, LOAD, stop.signal);
    for (let round = 1; round <= REFRESHES; round += 1) {
      await writeList(stage, round);
      const link = `http://www.round-${round}.example/`;
      await waitUntil(`round ${round}`, async () => {
        const { status } = await alice.sends("sip:bob@example.test", link);
        return status === 480;
      });
    }
    stop.abort();
    const sent = await sending;
    const statuses = await statusesOf(sent, 20_000);
    const wrong = sent.filter(
      ({ text, fate }) => statuses.get(text) !== (fate === "blocked" ? 403 : 200),
    );
    expect(wrong.map((one) => `${one.text}: ${statuses.get(one.text)}`)).toEqual([]);
    const { lists } = await askAdmin(gateway, "GET", "/v1/lists");
    expect(lists).toMatchObject([{ name: "bad", entries: ENTRIES + 1, trouble: null }]);
  });
});

describe(`${RELOADS} reloads under ${PER_SECOND} MESSAGE/s`, () => {
  it("lose none and leave none unfiltered; half of the files are broken, and change nothing", async () => {
    await using stage = await openReloadStage();
    const { gateway, alice, server } = stage;
    const stop = new AbortController();
    const sending = sendSteadily(alice, LOAD, stop.signal);
    let good = 0;
    for (let number = 1; number <= RELOADS; number += 1) {
      const says = number % 2 === 0 ? await breakRules(stage, number / 2) : undefined;
      if (says === undefined) await mend(stage, number);
      const { ok, problems } = await askAdmin(gateway, "POST", "/v1/reload");
      if (ok === true) good += 1;
      const first = Array.isArray(problems) ? String(problems[0] ?? "") : "no list";
      const expected = says === undefined ? /^$/ : new RegExp(`rules\\.yaml:${says}`);
      expect([number, first]).toEqual([number, expect.stringMatching(expected)]);
      expect(ok).toBe(says === undefined);
    }
    stop.abort();
    const sent = await sending;
    const statuses = await statusesOf(sent, 20_000);
    const wrong = sent.filter(
      ({ text, fate }) => statuses.get(text) !== (fate === "blocked" ? 403 : 200),
    );
    expect(wrong.map((one) => `${one.text}: ${statuses.get(one.text)}`)).toEqual([]);
    const arrived = server.arrived.filter((request) => request.method === "MESSAGE");
    const texts = new Set(arrived.map((request) => request.text));
    expect([...texts].filter((text) => text.includes(".exe"))).toEqual([]);
    expect([...texts].filter((text) => /(?<!_)http:/.test(text))).toEqual([]);
    expect(texts.size).toBe(sent.filter((one) => one.fate !== "blocked").length);
    // Files that changed may have been seen before somebody asked: then they were loaded twice.
    const status = await askAdmin(gateway, "GET", "/v1/rules/status");
    expect(status["generation"]).toBeGreaterThan(good);
    expect(good).toBe(RELOADS / 2);
    expect(gateway.running).toBe(true);
  });
});
