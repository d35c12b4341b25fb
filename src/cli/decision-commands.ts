import { userInfo } from "node:os";
import { readDuration } from "../base/duration.ts";
import { AdminRequestFailed } from "./admin-client.ts";
import { objectIn } from "./answer-reader.ts";
import { ExitCode } from "./exit-code.ts";
import type { AskContext } from "./incident-commands.ts";
import { fieldLines, printRows, type Row } from "./print.ts";
import { cellText, safeText } from "./safe-text.ts";

/** What stands in the record of every deed. */
export interface DeedOptions {
  readonly reason?: string;
  readonly by?: string;
}

export interface ReleaseOptions extends DeedOptions {
  readonly to?: string;
  readonly for?: string;
  readonly force?: boolean;
}

/** Which things a command is about, and what it does to each of them. */
export interface AskedDeed {
  /** Of the admin API. */
  readonly path: string;
  readonly deed: string;
  readonly ids: readonly string[];
}

/** A scan may take as long as `scan.timeout`. */
export const SCAN_MS = 600_000;

/** `… deny ID…`, `… review ID…`. */
export async function decide(
  context: AskContext,
  asked: AskedDeed,
  options: DeedOptions,
): Promise<ExitCode> {
  return doEach(context, asked, deedOf(options));
}

/** `… release ID… --reason R`. */
export async function release(
  context: AskContext,
  asked: AskedDeed,
  options: ReleaseOptions,
): Promise<ExitCode> {
  const { stderr } = context.terminal;
  const { to, force = false } = options;
  if ((options.reason ?? "").trim() === "") {
    stderr.write("release: say why with --reason; it stands in the record\n");
    return ExitCode.Usage;
  }
  const time = readDuration(options.for ?? "24h");
  if (time === undefined) {
    stderr.write(
      `release: --for: "${safeText(options.for ?? "")}" is no time: write 30m, 24h or 7d\n`,
    );
    return ExitCode.Usage;
  }
  return doEach(context, asked, { ...deedOf(options), to, force, for_ms: time });
}

/** The words that go with every deed. */
export function deedOf({ reason, by }: DeedOptions): {
  readonly reason: string | undefined;
  readonly said_by: string | undefined;
} {
  return { reason, said_by: by ?? loginName() };
}

/** One after the other; each failure is said, and the first one is the exit code. */
export async function doEach(
  context: AskContext,
  { path, deed, ids }: AskedDeed,
  body: object,
): Promise<ExitCode> {
  const { terminal, client, format } = context;
  const done: Row[] = [];
  let code: ExitCode = ExitCode.Success;
  for (const id of ids) {
    try {
      const url = `${path}/${encodeURIComponent(id)}/${deed}`;
      done.push(objectIn(await client.post(url, SCAN_MS, body)));
    } catch (error) {
      if (!(error instanceof AdminRequestFailed)) throw error;
      terminal.stderr.write(`sluice: ${deed}: ${safeText(error.message)}\n`);
      if (code === ExitCode.Success) code = error.exitCode;
    }
  }
  if (format === "table") terminal.stdout.write(done.map(deedText).join("\n"));
  else if (done.length > 0) {
    const keys = [...new Set(done.flatMap((row) => Object.keys(row)))];
    const columns = keys.map((key) => ({ key, title: key }));
    printRows(terminal, format, { columns, rows: done, none: "" });
  }
  return code;
}

/** What came of it, for people. */
function deedText(row: Row): string {
  const waits = row["waits_for"];
  const fields: readonly (readonly [string, unknown])[] = [
    ["incident", row["incident"]],
    ["file", row["item"]],
    ["state", row["state"]],
    ["name", row["name"]],
    ["sha256", row["sha256"]],
    ["scanned", row["result"] === undefined ? undefined : scanText(row)],
    ["may be sent again to", row["to"]],
    ["until", row["until"]],
    ["notice to the sender", row["notice"]],
    ["still wanted", waits],
  ];
  return fieldLines(fields.filter(([, value]) => value !== undefined));
}

function scanText(row: Row): string {
  const result = cellText(row["result"]);
  const more = [row["threat"], row["problem"]].map(cellText).filter((words) => words !== "");
  const said = more.length === 0 ? result : `${result} (${more.join(", ")})`;
  return result === "unscannable" ? `${said}: no engine could look into it` : said;
}

/** Of the account that runs the command; "" where the system knows none. */
function loginName(): string | undefined {
  try {
    return userInfo().username.slice(0, 64);
  } catch {
    return undefined;
  }
}
