import { spawn } from "node:child_process";
import { afterAll, describe, expect, it } from "vitest";
import { createManualClock } from "../../test/support/manual-clock.ts";
import { zipFile } from "../../test/support/zip-file.ts";
import { systemClock } from "../base/clock.ts";
import { failed } from "../base/result.ts";
import type { ProcessDeps } from "./asked-process.ts";
import { lookAtSource } from "./look-at-source.ts";
import { createLookProcess } from "./look-process.ts";
import { createMemorySource } from "./memory-source.ts";
import type { ScanSource } from "./scan-engine.ts";

const NEVER = new AbortController().signal;
const ZIP = createMemorySource(zipFile([{ name: "setup.exe", data: "MZ", encrypted: true }]));

/** In place of ours: does what the program says when it is asked something. */
function childThat(does: string): NonNullable<ProcessDeps["start"]> {
  const program = `
    const frame = (text) => {
      const head = Buffer.alloc(4);
      head.writeUInt32BE(Buffer.byteLength(text));
      process.stdout.write(Buffer.concat([head, Buffer.from(text)]));
    };
    process.stdin.on("data", (chunk) => { ${does} });`;
  return () => spawn(process.execPath, ["-e", program], { stdio: ["pipe", "pipe", "ignore"] });
}

/** What a process says that has looked. */
const SEEN = JSON.stringify({
  kind: "looked",
  look: { content: { types: [], hasMacros: false, sha256: ZIP.sha256 } },
  residentBytes: 1,
});

const looker = createLookProcess({ clock: systemClock });

afterAll(() => looker[Symbol.dispose]());

/** A file whose reading runs something else the first time. */
function whileRead(source: ScanSource, act: () => void): ScanSource {
  let isFirst = true;
  return {
    size: source.size,
    sha256: source.sha256,
    read(buffer, position) {
      if (isFirst) act();
      isFirst = false;
      return source.read(buffer, position);
    },
  };
}

describe("createLookProcess", () => {
  it("sees what is seen in this thread, of any size, in a process that it keeps", async () => {
    const files = [ZIP, Buffer.alloc(0), Buffer.from("words"), Buffer.alloc(3_000_000, "%PDF-")];
    const pids = new Set<number>();
    for (const file of files) {
      const source = Buffer.isBuffer(file) ? createMemorySource(file) : file;
      const looked = await looker.look(source, NEVER);
      expect(looked).toEqual({ ok: true, value: await lookAtSource(source) });
      for (const pid of looker.pids) pids.add(pid);
    }
    expect(pids.size).toBe(1);
  });

  it("looks into several files at once, and into all that come", async () => {
    const all = await Promise.all(Array.from({ length: 20 }, async () => looker.look(ZIP, NEVER)));
    expect(all.every(({ ok }) => ok)).toBe(true);
    expect(looker.pids.length).toBeLessThanOrEqual(2);
  });

  it("serves others while all that one sender has sent takes for ever", async () => {
    const all = new AbortController();
    using busy = createLookProcess({
      clock: systemClock,
      // answers each question but that about the slow one
      start: childThat(`if (/sha256":"[0-9a-f]{64}"/.test(chunk)) frame(${JSON.stringify(SEEN)});`),
    });
    const slow = { ...ZIP, sha256: "slow" };
    const held = ["eve", "eve", "eve"].map(async (who) => busy.look(slow, all.signal, who));
    for (const who of ["alice", "bob", undefined, "alice"])
      expect(await busy.look(ZIP, NEVER, who)).toMatchObject({ ok: true });
    all.abort();
    expect(await Promise.all(held)).toEqual(held.map(() => failed("timeout")));
    expect(await busy.look(ZIP, NEVER, "eve")).toMatchObject({ ok: true });
  });

  it("looks again when its process was killed meanwhile, but not for ever", async () => {
    let kills = 0;
    const kill = (): void => {
      kills += 1;
      for (const pid of looker.pids) process.kill(pid, "SIGKILL");
    };
    expect(await looker.look(whileRead(ZIP, kill), NEVER)).toMatchObject({ ok: true });
    expect(kills).toBe(1);
    const always = { ...ZIP, read: (buffer: Buffer, at: number) => (kill(), ZIP.read(buffer, at)) };
    expect(await looker.look(always, NEVER)).toEqual(failed("down"));
    expect(await looker.look(ZIP, NEVER)).toMatchObject({ ok: true });
  });

  it("ends a process that is stopped at its deadline, and serves the next file", async () => {
    const clock = createManualClock();
    using stopped = createLookProcess({ clock });
    const begun = Promise.withResolvers<void>();
    const stop = (): void => {
      for (const pid of stopped.pids) process.kill(pid, "SIGSTOP");
      begun.resolve();
    };
    const looked = stopped.look(whileRead(ZIP, stop), NEVER);
    await begun.promise;
    const [pid = 0] = stopped.pids;
    clock.advance(20_000);
    expect(await looked).toEqual(failed("timeout"));
    await expect.poll(() => isAlive(pid)).toBe(false);
    expect(await stopped.look(ZIP, NEVER)).toMatchObject({ ok: true });
  });

  it("ends a process that takes too much memory", async () => {
    const clock = createManualClock();
    let bytes = 100e6;
    using large = createLookProcess({ clock, residentBytes: () => bytes });
    const begun = Promise.withResolvers<void>();
    const grow = (): void => {
      for (const pid of large.pids) process.kill(pid, "SIGSTOP");
      begun.resolve();
    };
    const looked = large.look(whileRead(ZIP, grow), NEVER);
    await begun.promise;
    clock.advance(100);
    bytes = 410e6;
    clock.advance(100);
    expect(await looked).toEqual(failed("overloaded"));
  });

  it.each([
    ["says nothing to anybody, until the file's time is over", "", "timeout"],
    ["says what is no answer", "frame('{}')", "bad-reply"],
    [
      "speaks of another file",
      `frame(${JSON.stringify(SEEN.replace(ZIP.sha256, "0"))})`,
      "bad-reply",
    ],
    [
      "says nothing of its file",
      `frame('{"kind":"looked","look":{"content":{"types":[]}},"residentBytes":1}')`,
      "bad-reply",
    ],
    ["says no JSON", "frame('look')", "bad-reply"],
    ["asks for what is no piece", `frame('{"kind":"read","start":"a","length":2}')`, "bad-reply"],
    ["says more than anybody would", "process.stdout.write(Buffer.alloc(8, 0xff))", "bad-reply"],
    ["ends", "process.exit(0)", "down"],
  ])("believes no process that %s", async (_, does, reason) => {
    using broken = createLookProcess({ clock: systemClock, start: childThat(does) });
    const signal = does === "" ? AbortSignal.timeout(300) : NEVER;
    expect(await broken.look(ZIP, signal)).toEqual(failed(reason));
    expect(broken.pids).toEqual([]);
  });

  it("says when the file cannot be read, and when no process can be started", async () => {
    const read = (): never => {
      throw new Error("gone");
    };
    expect(await looker.look({ ...ZIP, read }, NEVER)).toEqual(failed("unreadable"));
    expect(await looker.look({ ...ZIP, read: () => 0 }, NEVER)).toEqual(failed("unreadable"));
    using none = createLookProcess({
      clock: systemClock,
      start() {
        throw new Error("no room");
      },
    });
    expect(await none.look(ZIP, NEVER)).toEqual(failed("down"));
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
