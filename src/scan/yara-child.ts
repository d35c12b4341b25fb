/**
 * The entry of a process that runs YARA (yara-pool.ts starts it). It reads questions from its standard input and writes answers
 * to its standard output, one after the other and without an event loop; it has no sockets, and may neither write files nor start
 * anything. Whatever goes wrong ends it: who asked sees that, and starts another.
 */
import { readFileSync } from "node:fs";
import { initSync, type Scanner } from "@virustotal/yara-x";
import { readExactly, readFrame, writeAnswer } from "./child-pipes.ts";
import { compileYara } from "./compile-yara.ts";
import {
  MAX_MATCHES,
  MAX_SCAN_BYTES,
  type YaraAnswer,
  type YaraMatch,
  type YaraQuestion,
} from "./yara-messages.ts";

/** What the library says of a rule that matched, as far as it matters here. */
interface RuleMatch {
  readonly identifier: string;
  readonly namespace: string;
  readonly tags: readonly string[];
  readonly metadata: readonly { readonly identifier: string; readonly value: unknown }[];
}

const PACKAGE = import.meta.resolve("@virustotal/yara-x");

/** Undefined: whoever asks has gone. */
function readQuestion(): YaraQuestion | undefined {
  const body = readFrame();
  return body && (JSON.parse(body.toString("utf8")) as YaraQuestion);
}

function write(answer: YaraAnswer): void {
  writeAnswer(answer);
}

function libraryVersion(): string {
  const manifest = import.meta.resolve("@virustotal/yara-x/package.json");
  const text = readFileSync(new URL(manifest), "utf8");
  return String((JSON.parse(text) as { version: unknown }).version);
}

function scan(scanner: Scanner, bytes: Buffer): readonly YaraMatch[] {
  const found = scanner.scan(bytes) as { valid: boolean; matches: readonly RuleMatch[] };
  if (!found.valid) throw new Error("the scan was not finished");
  const matches = found.matches.map((match) => ({
    file: match.namespace,
    rule: match.identifier,
    suspicious:
      match.tags.includes("suspicious") ||
      match.metadata.some(
        ({ identifier, value }) => identifier === "severity" && value === "suspicious",
      ),
  }));
  matches.sort((a, b) => Number(a.suspicious) - Number(b.suspicious));
  return matches.slice(0, MAX_MATCHES);
}

function answerAll(): void {
  let scanner: Scanner | undefined;
  const space = { bytes: Buffer.alloc(0) };
  for (;;) {
    const question = readQuestion();
    if (question === undefined) return;
    if (question.kind === "rules") {
      const compiled = compileYara(question.sources);
      scanner = compiled.scanner;
      write({ kind: "compiled", version: libraryVersion(), problems: compiled.problems });
      continue;
    }
    if (scanner === undefined || question.size > MAX_SCAN_BYTES) throw new Error("cannot scan");
    if (space.bytes.length < question.size) space.bytes = Buffer.alloc(question.size);
    const bytes = space.bytes.subarray(0, question.size);
    if (!readExactly(bytes)) return;
    const matches = scan(scanner, bytes);
    write({ kind: "scanned", matches, residentBytes: process.memoryUsage.rss() });
  }
}

initSync({ module: readFileSync(new URL("yara_x_js_bg.wasm", PACKAGE)) });
answerAll();
