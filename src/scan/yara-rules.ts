import { createHash, randomBytes } from "node:crypto";
import type { YaraProblem, YaraSource } from "./yara-messages.ts";

/** Where our own rule stands; no file of an operator can have this name. */
const PROBE_FILE = "//probe";

/** Rules as the processes get them: those of the operator, and one of ours that finds the probe. */
export interface YaraRules {
  readonly sources: readonly YaraSource[];
  /** What our own rule finds: nobody else knows these bytes. */
  readonly probe: Buffer;
  /** In words, for records: it changes with every byte of the files. */
  readonly name: string;
}

/** Adds our own rule. */
export function yaraRules(sources: readonly YaraSource[]): YaraRules {
  const marker = randomBytes(16).toString("hex");
  const text = `rule Sluice_Probe { strings: $marker = "${marker}" condition: $marker }`;
  const hash = createHash("sha256");
  for (const source of sources) hash.update(JSON.stringify([source.file, source.text]));
  const files = `${sources.length} file${sources.length === 1 ? "" : "s"}`;
  return {
    sources: [...sources, { file: PROBE_FILE, text }],
    probe: Buffer.from(marker),
    name: `rules ${hash.digest("hex").slice(0, 16)} of ${files}`,
  };
}

/** Whether it was our own rule that matched. */
export function isProbeMatch({ file }: { readonly file: string }): boolean {
  return file === PROBE_FILE;
}

/** A problem in one line, as an operator finds its place. */
export function yaraProblemText({ file, line, column, message, hint }: YaraProblem): string {
  return `${file}:${line}:${column}: ${message}${hint === undefined ? "" : ` (${hint})`}`;
}
