import { objectIn, objectsIn } from "./answer-reader.ts";
import { ExitCode } from "./exit-code.ts";
import type { AskContext } from "./incident-commands.ts";
import { type Column, printRows, type Row } from "./print.ts";

const COLUMNS: readonly Column<Row>[] = [
  { key: "name", title: "ENGINE" },
  { key: "required", title: "REQUIRED", show: (row) => (row["required"] === true ? "yes" : "no") },
  { key: "state", title: "STATE" },
  { key: "scans", title: "SCANS" },
  { key: "errors", title: "ERRORS" },
  { key: "signatures_at", title: "SIGNATURES", show: signaturesText },
  { key: "detail", title: "DETAIL", flexible: true },
];

/** As in "2025-11-24 (3 d)". */
function signaturesText({ signatures_at: at, signatures_age_seconds: age }: Row): string {
  if (typeof at !== "string") return "-";
  const day = at.slice(0, "2025-11-24".length);
  return typeof age === "number" ? `${day} (${Math.floor(age / 86_400)} d)` : day;
}

/** A probe that hangs has its own deadline, `scan.timeout`, which may be minutes. */
const TEST_TIMEOUT_MS = 300_000;

/** `sluice engines`: 1 unless all required ones are up. */
export async function listEngines(context: AskContext): Promise<ExitCode> {
  return printEngines(context, await context.client.get("/v1/engines"));
}

/** `sluice engines test`: the same, after a probe of each. */
export async function testEngines(context: AskContext): Promise<ExitCode> {
  return printEngines(context, await context.client.post("/v1/engines/test", TEST_TIMEOUT_MS));
}

function printEngines(context: AskContext, answer: unknown): ExitCode {
  const engines = objectsIn(objectIn(answer)["engines"]);
  printRows(context.terminal, context.format, {
    columns: COLUMNS,
    rows: engines,
    none: "no engines",
  });
  const isMissing = engines.some((one) => one["required"] === true && one["state"] !== "up");
  return isMissing ? ExitCode.Bad : ExitCode.Success;
}
