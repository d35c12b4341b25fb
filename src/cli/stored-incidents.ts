import { existsSync } from "node:fs";
import type { Config } from "../config/config.ts";
import { openIncidentReader } from "../journal/incident-queries.ts";
import { storeFile } from "../journal/store-file.ts";
import { AdminRequestFailed, createAdminClient } from "./admin-client.ts";
import { objectIn, objectsIn } from "./answer-reader.ts";
import { ExitCode } from "./exit-code.ts";
import type { Row } from "./print.ts";
import { cellText } from "./safe-text.ts";

/** When the incidents were last seen. */
export interface TimeRange {
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly until: number | undefined;
}

/**
 * The incidents of a time with what the rules were asked about, from the running gateway, or from its store where none runs. Newest
 * first; each once, though the one that a page ends with may have come again meanwhile. Throws AdminRequestFailed when there is neither.
 */
export async function* storedIncidents(config: Config, range: TimeRange): AsyncGenerator<Row> {
  const read = await incidentPages(config, range);
  const seen = new Set<string>();
  let before: string | undefined;
  for (;;) {
    const rows = await read(before);
    for (const row of rows) {
      const id = cellText(row["id"]);
      if (!seen.has(id)) yield row;
      seen.add(id);
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    before = `${Date.parse(cellText(last["last_seen"]))}.${cellText(last["id"])}`;
  }
}

const PAGE = 200;

/** Reads one page, from the gateway or, where none answers, from the store that it left. */
async function incidentPages(
  config: Config,
  { since, until }: TimeRange,
): Promise<(before: string | undefined) => Promise<readonly Row[]>> {
  const client = createAdminClient(config.admin.socket);
  const query = {
    since: String(since),
    until: until === undefined ? undefined : String(until),
    limit: String(PAGE),
    features: "true",
  };
  const ask = async (before: string | undefined): Promise<readonly Row[]> =>
    objectsIn(objectIn(await client.get("/v1/incidents", { ...query, before }))["incidents"]);
  try {
    await client.get("/livez");
    return ask;
  } catch (error) {
    const file = storeFile(config.data.dir);
    const isDown = error instanceof AdminRequestFailed && error.exitCode === ExitCode.Unreachable;
    if (!isDown || !existsSync(file)) throw error;
    return storePages(file, since, until);
  }
}

function storePages(
  file: string,
  since: number,
  until: number | undefined,
): (before: string | undefined) => Promise<readonly Row[]> {
  return async (before) => {
    const [at, id = ""] = before?.split(".") ?? [];
    const reader = openIncidentReader(file);
    try {
      const rows = reader.list({
        since,
        ...(until === undefined ? undefined : { until }),
        ...(before === undefined ? undefined : { before: { at: Number(at), id } }),
        limit: PAGE,
        features: true,
      });
      return rows.map((row) => ({ ...row }));
    } finally {
      reader.close();
    }
  };
}
