import { resolve } from "node:path";
import { objectIn, objectsIn } from "./answer-reader.ts";
import { byteText } from "./byte-text.ts";
import { ExitCode } from "./exit-code.ts";
import { type DeedOptions, deedOf } from "./decision-commands.ts";
import { fromTo } from "./from-to.ts";
import { type AskContext, reviewFields } from "./incident-commands.ts";
import { type Column, fieldLines, printOne, printRows, type Row } from "./print.ts";
import { cellText, safeText } from "./safe-text.ts";
import { writeDownload } from "./write-download.ts";

const COLUMNS: readonly Column<Row>[] = [
  { key: "id", title: "ID" },
  { key: "stored_at", title: "TIME", show: (row) => cellText(row["stored_at"]).slice(0, 19) },
  { key: "size", title: "SIZE", show: (row) => byteText(row["size"]) },
  { key: "threat", title: "THREAT", flexible: true },
  { key: "from", title: "FROM → TO", flexible: true, show: fromTo },
  { key: "name", title: "NAME", flexible: true },
  { key: "state", title: "STATE" },
];

/** More than the table shows: what a spreadsheet may want. */
const CSV_COLUMNS: readonly Column<Row>[] = [
  "id",
  "incident",
  "name",
  "size",
  "sha256",
  "threat",
  "stored_at",
  "state",
  "from",
  "to",
  "rule",
  "call_id",
  "true_type",
  "scan",
  "keep_until",
  "release",
].map((key) => ({ key, title: key }));

/** What opens the archive of every download (the custom of those who exchange samples); it protects from accidents only. */
const ARCHIVE_PASSWORD = "infected";

export interface DownloadOptions extends DeedOptions {
  readonly out?: string;
  readonly force?: boolean;
}

/** `sluice quarantine list`. */
export async function listKept(context: AskContext, limit: string): Promise<ExitCode> {
  const answer = objectIn(await context.client.get("/v1/quarantine", { limit }));
  printRows(context.terminal, context.format, {
    columns: context.format === "csv" ? CSV_COLUMNS : COLUMNS,
    rows: objectsIn(answer["quarantine"]),
    none: "the quarantine is empty",
  });
  return ExitCode.Success;
}

/** `sluice quarantine usage`: 1 when no further file is kept. */
export async function showUsage(context: AskContext): Promise<ExitCode> {
  const row = objectIn(await context.client.get("/v1/quarantine-usage"));
  printOne(context.terminal, context.format, row, (usage) =>
    fieldLines([
      ["state", usage["state"]],
      ["files", `${cellText(usage["files"])} of ${cellText(usage["max_files"])}`],
      ["size", `${byteText(usage["bytes"])} of ${byteText(usage["max_bytes"])}`],
      ["used", percentText(usage["used"])],
      ["oldest go above", percentText(usage["high_water"])],
      ["oldest", usage["oldest"] ?? "none"],
      ["newest", usage["newest"] ?? "none"],
      ["kept for", `${cellText(usage["days"])} days`],
      ["stories without bytes", usage["stories"]],
    ]),
  );
  return row["state"] === "full" ? ExitCode.Bad : ExitCode.Success;
}

function percentText(part: unknown): string {
  return typeof part === "number" ? `${Math.round(part * 1000) / 10} %` : "";
}

/** `sluice quarantine show ID`. */
export async function showKept(context: AskContext, id: string): Promise<ExitCode> {
  const row = objectIn(await context.client.get(pathOf(id)));
  printOne(context.terminal, context.format, row, keptText);
  return ExitCode.Success;
}

function keptText(row: Row): string {
  return fieldLines([
    ["id", row["id"]],
    ["incident", row["incident"]],
    ["state", row["state"]],
    ["stored at", row["stored_at"]],
    ...(row["release"] === null ? [] : [["release", "only when two persons agree"] as const]),
    ...(row["keep_until"] === null ? [] : [["kept until", row["keep_until"]] as const]),
    ["name", row["name"]],
    ["size", `${cellText(row["size"])} bytes`],
    ["sha256", row["sha256"]],
    ["sha1", row["sha1"]],
    ["true type", row["true_type"]],
    ["threat", row["threat"]],
    ["scan", row["scan"]],
    ["rule", row["rule"]],
    ["from", row["from"]],
    ["to", row["to"]],
    ["Call-ID", row["call_id"]],
    ...(row["incident_state"] === undefined
      ? []
      : [["its incident is", row["incident_state"] ?? "gone"] as const]),
    ...reviewFields(row),
  ]);
}

/** `sluice quarantine download ID`: an archive that nobody opens by accident, in a new file of mode 0600. */
export async function downloadKept(
  context: AskContext,
  id: string,
  options: DownloadOptions,
): Promise<ExitCode> {
  const { terminal, client, format } = context;
  const kept = objectIn(await client.get(pathOf(id)));
  // The gateway knows it, so the id has no slash in it.
  const file = resolve(options.out ?? `${id}.zip`);
  const written = await writeDownload(
    async () => client.download(`${pathOf(id)}/content`, deedOf(options)),
    {
      file,
      overwrite: options.force === true,
    },
  );
  if (!written.ok) {
    terminal.stderr.write(`sluice quarantine download: ${safeText(written.problem.message)}\n`);
    return written.problem.exitCode;
  }
  const outcome = {
    id,
    file,
    bytes: written.value,
    password: ARCHIVE_PASSWORD,
    name: kept["name"],
    sha256: kept["sha256"],
  };
  printOne(terminal, format, outcome, () =>
    fieldLines([
      ["written", file],
      ["holds", kept["name"]],
      ["sha256", kept["sha256"]],
      ["password", ARCHIVE_PASSWORD],
    ]),
  );
  return ExitCode.Success;
}

/** `sluice quarantine delete ID`: removes the bytes; what is known of them stays. */
export async function deleteKept(
  context: AskContext,
  id: string,
  options: DeedOptions = {},
): Promise<ExitCode> {
  const row = objectIn(await context.client.delete(pathOf(id), deedOf(options)));
  printOne(context.terminal, context.format, row, () => {
    const what = `${cellText(row["id"])} (${cellText(row["name"])}, ${byteText(row["size"])})`;
    const story = `its story stays: sluice incidents show ${cellText(row["incident"])}`;
    return `deleted: ${safeText(what)}\n${safeText(story)}\n`;
  });
  return ExitCode.Success;
}

function pathOf(id: string): string {
  return `/v1/quarantine/${encodeURIComponent(id)}`;
}
