/**
 * `npm test`: every check and every test, and one line at the end that says how it went.
 *
 * The checks (types, lint, format, dead code) run two at a time, their output kept together and shown when one has ended.
 * Then the tests: unit and scenario side by side, the live ones after them and the torture (at its small size) last, each
 * alone, since they measure rates and times. Scenarios wait for protocols' timers more than they work, so there are more workers
 * than cores.
 * The last line is `N passed, N failed` with `, N skipped` where there were any; a failed check counts as a failed test.
 * Under REQUIRE_LIVE=1 a skipped test is a failed one. Only the torture messages, which are no part of the product, may be
 * missing then too. Exit code 1 when anything failed.
 */
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const BIN = join(ROOT, "node_modules", ".bin");
const REQUIRE_LIVE = process.env["REQUIRE_LIVE"] === "1";
/** Files that are tested at once where nothing is measured; vitest's own choice is one less than there are cores. */
const WORKERS = Math.ceil(1.5 * Math.max(2, availableParallelism()));

interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

interface Step {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

const CHECKS: readonly Step[] = [
  { name: "types", command: "tsc", args: [] },
  {
    name: "lint",
    command: "oxlint",
    args: ["--type-aware", "src", "test", "bench", "scripts"],
  },
  { name: "format", command: "oxfmt", args: ["--check", "src", "test", "bench", "scripts"] },
  { name: "dead code", command: "knip", args: [] },
];

/** What vitest's json reporter writes, as far as it is read here. */
interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

interface Ended {
  readonly code: number;
  readonly output: string;
  readonly seconds: string;
}

/** Runs a program to its end; its output is shown at once or kept. */
async function run(step: Step, show: boolean): Promise<Ended> {
  const startedAt = performance.now();
  const child = spawn(join(BIN, step.command), step.args, {
    cwd: ROOT,
    env: environment,
    stdio: show ? "inherit" : ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const keep = (chunk: Buffer): void => {
    output += chunk.toString("utf8");
  };
  child.stdout?.on("data", keep);
  child.stderr?.on("data", keep);
  const { promise, resolve } = Promise.withResolvers<number>();
  child.once("error", (error) => {
    output += `${error.message}\n`;
    resolve(-1);
  });
  child.once("close", (code) => resolve(code ?? -1));
  const code = await promise;
  return { code, output, seconds: ((performance.now() - startedAt) / 1000).toFixed(1) };
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function runCheck(step: Step): Promise<Tally> {
  const ended = await run(step, false);
  const passed = ended.code === 0;
  say(`${passed ? "ok    " : "FAILED"} ${step.name} (${ended.seconds} s)`);
  if (!passed) say(ended.output.trimEnd());
  return { passed: passed ? 1 : 0, failed: passed ? 0 : 1, skipped: 0 };
}

/** Two at a time: as many as a small machine has cores. */
async function runChecks(): Promise<Tally> {
  const waiting = [...CHECKS];
  const worker = async (): Promise<readonly Tally[]> => {
    const tallies: Tally[] = [];
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
      tallies.push(await runCheck(step));
    }
    return tallies;
  };
  return sum((await Promise.all([worker(), worker()])).flat());
}

async function runTests(
  title: string,
  projects: readonly string[],
  ...more: readonly string[]
): Promise<Tally> {
  say(`\n— ${title} tests`);
  const file = join(dir, `${projects.join("-")}.json`);
  const args = [
    "run",
    ...projects.flatMap((project) => ["--project", project]),
    ...more,
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${file}`,
  ];
  const ended = await run({ name: title, command: "vitest", args }, true);
  const tally = await readReport(file);
  say(`${ended.code === 0 ? "ok    " : "FAILED"} ${title} tests (${ended.seconds} s)`);
  // Vitest also fails on errors outside of any test; such a run must not look green.
  return ended.code !== 0 && tally.failed === 0 ? { ...tally, failed: 1 } : tally;
}

async function readReport(file: string): Promise<Tally> {
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) return { passed: 0, failed: 1, skipped: 0 };
  const tally = { passed: 0, failed: 0, skipped: 0 };
  for (const suite of (JSON.parse(text) as Report).testResults) {
    if (suite.assertionResults.length === 0 && suite.status === "failed") tally.failed += 1;
    for (const test of suite.assertionResults) {
      if (test.status === "passed") tally.passed += 1;
      else if (test.status === "failed") tally.failed += 1;
      else if (!REQUIRE_LIVE || /torture/i.test(`${suite.name} ${test.fullName}`))
        tally.skipped += 1;
      else {
        tally.failed += 1;
        say(`FAILED (skipped, but REQUIRE_LIVE=1): ${test.fullName}`);
      }
    }
  }
  return tally;
}

function sum(tallies: readonly Tally[]): Tally {
  return tallies.reduce(
    (all, one) => ({
      passed: all.passed + one.passed,
      failed: all.failed + one.failed,
      skipped: all.skipped + one.skipped,
    }),
    { passed: 0, failed: 0, skipped: 0 },
  );
}

const dir = await mkdtemp(join(tmpdir(), "sluice-report-"));
const environment = {
  ...process.env,
  // The project's own Node first, whoever started this.
  PATH: `${BIN}${delimiter}${process.env["PATH"] ?? ""}`,
  // Hundreds of processes compile the same program: half of what each start costs.
  NODE_COMPILE_CACHE: join(dir, "compiled"),
};
try {
  const total = sum([
    await runChecks(),
    await runTests("unit and scenario", ["unit", "scenario"], `--maxWorkers=${WORKERS}`),
    await runTests("live", ["live"]),
    await runTests("torture", ["torture"]),
  ]);
  const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : "";
  say(`\n${total.passed} passed, ${total.failed} failed${skipped}`);
  process.exitCode = total.failed > 0 ? 1 : 0;
} finally {
  await rm(dir, { recursive: true, force: true });
}
