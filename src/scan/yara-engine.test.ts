import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { systemClock, type Clock } from "../base/clock.ts";
import { failed, ok } from "../base/result.ts";
import { createManualClock } from "../../test/support/manual-clock.ts";
import { combineResults } from "./combine-results.ts";
import { EICAR } from "../content/eicar.ts";
import { createMemorySource } from "./memory-source.ts";
import type { ScanSource } from "./scan-engine.ts";
import { createYaraEngine, type YaraDeps, type YaraEngine } from "./yara-engine.ts";

const MIB = 1024 * 1024;
const SHIPPED = readFileSync(new URL("../../rules/yara/10-sluice.yar", import.meta.url), "utf8");
const NEVER = new AbortController().signal;

const engines: YaraEngine[] = [];

/** For tests that only scan: its process need not start each time. */
const shipped = createYaraEngine(
  { clock: systemClock, readRules: () => ok([{ file: "a.yar", text: SHIPPED }]) },
  { required: true, leaveContainers: false },
);

afterAll(async () => shipped[Symbol.asyncDispose]());

afterEach(async () => {
  await Promise.all(engines.splice(0).map(async (engine) => engine[Symbol.asyncDispose]()));
});

interface Setting {
  readonly clock?: Clock;
  readonly start?: YaraDeps["start"];
  readonly residentBytes?: YaraDeps["residentBytes"];
  readonly leaveContainers?: boolean;
  readonly readRules?: YaraDeps["readRules"];
}

function engineWith(rules: string, setting: Setting = {}): YaraEngine {
  const { clock = systemClock, leaveContainers = false, ...others } = setting;
  const readRules = (): ReturnType<YaraDeps["readRules"]> => ok([{ file: "a.yar", text: rules }]);
  const engine = createYaraEngine(
    { clock, readRules, ...others },
    { required: true, leaveContainers },
  );
  engines.push(engine);
  return engine;
}

/** A source of zeros with some bytes at a place, read a few bytes at a time. */
function sourceOf(size: number, bytes: Buffer, at: number, most = size): ScanSource {
  return {
    size,
    sha256: `${size}-${at}`,
    read(buffer, position) {
      const length = Math.min(buffer.length, size - position, most);
      buffer.fill(0, 0, length);
      for (let index = 0; index < bytes.length; index += 1) {
        const place = at + index - position;
        if (place >= 0 && place < length) buffer[place] = bytes[index] ?? 0;
      }
      return length;
    },
  };
}

async function scan(engine: YaraEngine, source: ScanSource | Buffer, signal = NEVER) {
  const given = Buffer.isBuffer(source) ? createMemorySource(source) : source;
  const { ms: _, engine: name, ...rest } = await engine.scan(given, signal);
  expect(name).toBe("yara");
  return rest;
}

/** In place of YARA: compiles whatever it is given, and answers a file with `answer`, or not at all. */
function childThatSays(answer?: string): NonNullable<YaraDeps["start"]> {
  const program = `
    const frame = (text) => {
      const head = Buffer.alloc(4);
      head.writeUInt32BE(Buffer.byteLength(text));
      process.stdout.write(Buffer.concat([head, Buffer.from(text)]));
    };
    let asked = false;
    process.stdin.on("data", (chunk) => {
      if (!asked) frame('{"kind":"compiled","version":"0","problems":[]}');
      else if (${String(answer !== undefined)}) { ${answer ?? ""} }
      asked = true;
    });`;
  return () => spawn(process.execPath, ["-e", program], { stdio: ["pipe", "pipe", "ignore"] });
}

/** In place of YARA: answers nothing at all. */
function muteChild(): ReturnType<NonNullable<YaraDeps["start"]>> {
  const program = "process.stdin.resume()";
  return spawn(process.execPath, ["-e", program], { stdio: ["pipe", "pipe", "ignore"] });
}

/** Finds the probe, minds no harmless bytes, and says nothing after that. */
const PROBED_AND_MUTE = `
  const said = (matches) => frame(JSON.stringify({ kind: "scanned", matches, residentBytes: 0 }));
  if (chunk.includes('"kind":"scan"')) globalThis.scans = (globalThis.scans ?? 0) + 1;
  else return;
  if (scans === 1) said([{ file: "//probe", rule: "Probe", suspicious: false }]);
  if (scans === 2) said([]);`;

/** The engine with such a child, its rules compiled, and the scan of a file begun. */
async function stuckEngine(residentBytes?: YaraDeps["residentBytes"]) {
  const clock = createManualClock();
  const engine = engineWith("", { clock, start: childThatSays(PROBED_AND_MUTE), residentBytes });
  expect(await engine.reload(false)).toMatchObject({ ok: true });
  const [pid = 0] = engine.pids;
  let reads = 0;
  const plain = sourceOf(1000, EICAR, 0);
  const source: ScanSource = {
    ...plain,
    read(buffer, position) {
      reads += 1;
      return plain.read(buffer, position);
    },
  };
  const result = scan(engine, source);
  await expect.poll(() => reads).toBe(1);
  return { clock, engine, pid, source, result, reads: () => reads };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe("createYaraEngine", () => {
  it("finds what the rules name, wherever the bytes are cut, and names the rule", async () => {
    const infected = { kind: "infected", threat: "EICAR_Test_File" };
    expect(await scan(shipped, EICAR)).toEqual(infected);
    for (const most of [1, 7, 64, 67]) {
      expect(await scan(shipped, sourceOf(300, EICAR, 100 + most, most))).toEqual(infected);
    }
    expect(await scan(shipped, sourceOf(32 * MIB, EICAR, 32 * MIB - 68))).toEqual(infected);
    expect(await scan(shipped, Buffer.from("hello"))).toEqual({ kind: "clean" });
    expect(await scan(shipped, Buffer.alloc(0))).toEqual({ kind: "clean" });
    expect(shipped.pids).toHaveLength(1);
  });

  it("tells suspicion from infection by tag or by meta, and lets infection win", async () => {
    const engine = engineWith(`
      rule ByTag : suspicious { strings: $a = "tagged" condition: $a }
      rule ByMeta { meta: severity = "suspicious" strings: $a = "metered" condition: $a }
      rule High { meta: severity = "high" strings: $a = "infected" condition: $a }`);
    expect(await scan(engine, Buffer.from("tagged"))).toEqual({
      kind: "suspicious",
      threat: "ByTag",
    });
    expect(await scan(engine, Buffer.from("metered"))).toEqual({
      kind: "suspicious",
      threat: "ByMeta",
    });
    expect(await scan(engine, Buffer.from("tagged infected"))).toEqual({
      kind: "infected",
      threat: "High",
    });
  });

  it("never calls a file clean that it saw in part", async () => {
    const size = 100 * MIB;
    const partial = { kind: "unscannable", reason: "partial" };
    const infected = { kind: "infected", threat: "EICAR_Test_File" };
    expect(await scan(shipped, sourceOf(size, EICAR, 50 * MIB))).toEqual(partial);
    expect(await scan(shipped, sourceOf(32 * MIB + 1, Buffer.alloc(0), 0))).toEqual(partial);
    expect(await scan(shipped, sourceOf(size, EICAR, 8 * MIB - 68))).toEqual(infected);
    expect(await scan(shipped, sourceOf(size, EICAR, size - 68))).toEqual(infected);
  });

  it("calls containers unscannable, unless another engine looks into them", async () => {
    const zip = Buffer.concat([Buffer.from("PK\u0003\u0004"), Buffer.alloc(100)]);
    expect(await scan(shipped, zip)).toEqual({ kind: "unscannable", reason: "unknown-format" });
    const beside = engineWith(SHIPPED, { leaveContainers: true });
    expect(await scan(beside, zip)).toEqual({ kind: "clean" });
  });

  it("works on two files at once, in two processes", async () => {
    const engine = engineWith(SHIPPED);
    const results = await Promise.all([
      scan(engine, sourceOf(4 * MIB, EICAR, 4 * MIB - 68)),
      scan(engine, sourceOf(4 * MIB, EICAR, MIB)),
      scan(engine, Buffer.from("harmless")),
    ]);
    expect(results.map(({ kind }) => kind)).toEqual(["infected", "infected", "clean"]);
    expect(engine.pids).toHaveLength(2);
  });

  it("says error when the process is killed in the middle, and scans the next file", async () => {
    const engine = engineWith(SHIPPED);
    await scan(engine, Buffer.from("first"));
    const [pid = 0] = engine.pids;
    let reads = 0;
    const killing: ScanSource = {
      ...sourceOf(8 * MIB, EICAR, 0),
      read(buffer) {
        reads += 1;
        if (reads === 3) process.kill(pid, "SIGKILL");
        return buffer.fill(0).length;
      },
    };
    expect(await scan(engine, killing)).toEqual({ kind: "error", reason: "down" });
    expect(await scan(engine, EICAR)).toMatchObject({ kind: "infected" });
    expect(engine.pids).not.toContain(pid);
  });

  it("tries a file that ends its process twice, and then no more", async () => {
    const engine = engineWith(SHIPPED);
    let reads = 0;
    const deadly: ScanSource = {
      ...sourceOf(MIB, EICAR, 0),
      read(buffer) {
        reads += 1;
        for (const pid of engine.pids) process.kill(pid, "SIGKILL");
        return buffer.fill(0).length;
      },
    };
    const down = { kind: "error", reason: "down" };
    expect([await scan(engine, deadly), await scan(engine, deadly)]).toEqual([down, down]);
    const before = reads;
    expect(await scan(engine, deadly)).toEqual({ kind: "error", reason: "overloaded" });
    expect(reads).toBe(before);
  });

  it("holds nothing against a file for which no process could be started", async () => {
    let isFull = true;
    const start = (): ReturnType<ReturnType<typeof childThatSays>> => {
      if (isFull) throw new Error("EAGAIN");
      // the question and the bytes may come in one piece or in two
      const said = 'frame(\'{"kind":"scanned","matches":[],"residentBytes":0}\')';
      return childThatSays(`if (chunk.includes("EICAR")) ${said}`)();
    };
    const engine = engineWith("", { start });
    const down = { kind: "error", reason: "down" };
    for (let time = 0; time < 3; time += 1) expect(await scan(engine, EICAR)).toEqual(down);
    isFull = false;
    expect(await scan(engine, EICAR)).toEqual({ kind: "clean" });
  });

  it("says error when the file cannot be read or is too short", async () => {
    const short: ScanSource = { ...sourceOf(1000, EICAR, 0), read: () => 0 };
    expect(await scan(shipped, short)).toEqual({ kind: "error", reason: "down" });
    const broken: ScanSource = {
      ...sourceOf(1000, EICAR, 0),
      read() {
        throw new Error("EIO");
      },
    };
    expect(await scan(shipped, broken)).toEqual({ kind: "error", reason: "down" });
    expect(await scan(shipped, EICAR)).toMatchObject({ kind: "infected" });
  });

  it.each([
    ["no JSON", "frame('clean')"],
    ["another kind", 'frame(\'{"kind":"compiled","problems":[]}\')'],
    ["no list", 'frame(\'{"kind":"scanned","matches":null}\')'],
    ["null", "frame('null')"],
    ["too much", "process.stdout.write(Buffer.alloc(1000, 255))"],
    [
      "two answers in one",
      'const one = Buffer.from(\'\\0\\0\\0\\x1f{"kind":"scanned","matches":[]}\'); process.stdout.write(Buffer.concat([one, one]))',
    ],
    ["half an answer, and its end", "process.stdout.write('\\0', () => process.exit(0))"],
    ["its end", "process.exit(0)"],
  ])("takes %s for an error", async (_, answer) => {
    const engine = engineWith("", { start: childThatSays(answer) });
    expect(await scan(engine, EICAR)).toMatchObject({ kind: "error" });
  });
});

describe("createYaraEngine, by a clock that is moved", () => {
  it("ends a process that never answers at the deadline, and does not try that file again", async () => {
    const { clock, engine, pid, source, result, reads } = await stuckEngine();
    clock.advance(10_000);
    expect(isAlive(pid)).toBe(true);
    clock.advance(1);
    const timeout = { kind: "error", reason: "timeout" };
    expect(await result).toEqual(timeout);
    await expect.poll(() => isAlive(pid)).toBe(false);
    expect(await scan(engine, source)).toEqual(timeout);
    expect(reads()).toBe(1);
  });

  it("starts no more processes than it may, however often it is asked", async () => {
    const clock = createManualClock();
    const started: number[] = [];
    const start = (): ReturnType<NonNullable<YaraDeps["start"]>> => {
      const child = muteChild();
      started.push(child.pid ?? 0);
      return child;
    };
    const engine = engineWith("", { clock, start });
    for (let times = 0; times < 10; times += 1) {
      const abort = new AbortController();
      const answer = engine.probe(abort.signal);
      abort.abort();
      expect(await answer).toMatch(/^no process is free/);
    }
    expect(started).toHaveLength(1);
    clock.advance(60_000);
    await expect.poll(() => started.some(isAlive)).toBe(false);
  });

  it("says error when no process can be started", async () => {
    const start = (): ReturnType<NonNullable<YaraDeps["start"]>> =>
      spawn("/nowhere/node", [], { stdio: ["pipe", "pipe", "ignore"] });
    const engine = engineWith("", { start });
    expect(await scan(engine, EICAR)).toEqual({ kind: "error", reason: "down" });
    expect(await engine.probe(NEVER)).toBe("the rules were not compiled: gone");
    const none = engineWith("", {
      start: () => {
        throw new Error("EAGAIN");
      },
    });
    expect(await scan(none, EICAR)).toEqual({ kind: "error", reason: "down" });
  });

  it("ends a process that takes too much memory", async () => {
    const { clock, pid, result } = await stuckEngine(() => 641 * MIB);
    clock.advance(100);
    expect(await result).toEqual({ kind: "error", reason: "overloaded" });
    await expect.poll(() => isAlive(pid)).toBe(false);
  });

  it("ends the process when the signal aborts, also before the rules are compiled", async () => {
    const engine = engineWith(SHIPPED, { clock: createManualClock(), start: muteChild });
    const abort = new AbortController();
    const result = scan(engine, EICAR, abort.signal);
    abort.abort();
    expect(await result).toEqual({ kind: "error", reason: "timeout" });
  });
});

describe("probe and reload", () => {
  it("is well when our own rule finds its probe, and names the rules", async () => {
    const engine = engineWith(SHIPPED);
    expect(await engine.probe(NEVER)).toBeUndefined();
    expect(engine.version).toMatch(/^YARA-X 1\.20\.0, rules [0-9a-f]{16} of 1 file$/);
    const other = engineWith(`${SHIPPED}\n`);
    await other.probe(NEVER);
    expect(other.version).not.toBe(engine.version);
  });

  it("is not well with rules that cannot be used, and scans nothing", async () => {
    const broken = engineWith("rule a { condition: b }");
    expect(await broken.probe(NEVER)).toMatch(/^a\.yar:1:21: unknown identifier `b`/);
    expect(await scan(broken, Buffer.from("x"))).toEqual({ kind: "error", reason: "down" });
    const slow = engineWith("rule a { strings: $a = /A.{0,500}B.{0,500}C/s condition: $a }");
    expect(await slow.probe(NEVER)).toMatch(/^a\.yar:1:19: slow pattern: .* \(give it/);
    const always = engineWith("rule Always { condition: true }");
    expect(await always.probe(NEVER)).toBe("a.yar: Always matches harmless bytes");
    const none = engineWith("", { readRules: () => failed(["rules does not exist"]) });
    expect(await none.probe(NEVER)).toBe("rules does not exist");
  });

  it("takes new rules when all is well with them, else keeps the old ones", async () => {
    let text = 'rule Old { strings: $a = "needle" condition: $a }';
    const engine = engineWith("", { readRules: () => ok([{ file: "a.yar", text }]) });
    const needle = Buffer.from("a needle");
    expect(await scan(engine, needle)).toMatchObject({ threat: "Old" });
    const version = await engine.signatureVersion?.(NEVER);
    text = "rule New { condition: $missing }";
    const refused = await engine.reload(false);
    expect(refused).toMatchObject({ ok: false });
    expect(refused.problems[0]).toMatch(/^a\.yar:1:23: unknown pattern/);
    expect(await scan(engine, needle)).toMatchObject({ threat: "Old" });
    expect(await engine.signatureVersion?.(NEVER)).toBe(version);
    text = "rule Always { condition: true }";
    expect(await engine.reload(true)).toEqual({
      ok: false,
      problems: ["a.yar: Always matches harmless bytes"],
    });
    text = 'rule New { strings: $a = "needle" condition: $a }';
    expect(await engine.reload(true)).toEqual({ ok: true, problems: [] });
    expect(await scan(engine, needle)).toMatchObject({ threat: "Old" });
    expect(await engine.reload(false)).toEqual({ ok: true, problems: [] });
    expect(await scan(engine, needle)).toMatchObject({ threat: "New" });
    expect(await engine.signatureVersion?.(NEVER)).toMatch(/^rules [0-9a-f]{16} of 1 file$/);
    expect(await engine.signatureVersion?.(NEVER)).not.toBe(version);
    expect(engine.pids).toHaveLength(1);
  });
});

describe("combineResults with yara", () => {
  it("does not let YARA's answer stand for a look into a container", () => {
    const blind = {
      kind: "unscannable",
      engine: "builtin",
      reason: "unknown-format",
      ms: 0,
    } as const;
    const clean = { kind: "clean", engine: "yara", ms: 0 } as const;
    const answers = [blind, clean].map((result) => ({ required: true, result }));
    expect(combineResults(answers)).toEqual(blind);
    const clamd = { required: true, result: { ...clean, engine: "clamd" } };
    expect(combineResults([...answers, clamd]).kind).toBe("clean");
  });

  it("lets nobody outvote the operator's rules, nor those anybody else", () => {
    const found = { kind: "infected", engine: "yara", threat: "Mine", ms: 0 } as const;
    const answers = [
      found,
      ...["a", "b", "c"].map((engine) => ({ kind: "clean", engine, ms: 0 }) as const),
    ];
    const all = answers.map((result) => ({ required: true, result }));
    expect(combineResults(all, "majority")).toEqual(found);
    const other = { ...found, engine: "a" };
    const two = [
      other,
      { kind: "clean", engine: "b", ms: 0 },
      { kind: "clean", engine: "yara", ms: 0 },
    ] as const;
    expect(
      combineResults(
        two.map((result) => ({ required: true, result })),
        "majority",
      ),
    ).toEqual(other);
  });
});
