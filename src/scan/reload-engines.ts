import type { EngineReload, ScanEngine } from "./scan-engine.ts";

/** Reads the rule files of all engines that have any anew, or only tries to. Undefined: none has. */
export async function reloadEngines(
  engines: readonly ScanEngine[],
  isTrial: boolean,
): Promise<EngineReload | undefined> {
  const outcomes = await Promise.all(engines.map(async (engine) => engine.reload?.(isTrial)));
  const read = outcomes.filter((outcome) => outcome !== undefined);
  if (read.length === 0) return undefined;
  return { ok: read.every(({ ok }) => ok), problems: read.flatMap(({ problems }) => problems) };
}
