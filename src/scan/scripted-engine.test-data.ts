import type { PingAnswer, ScanEngine, ScanSource } from "./scan-engine.ts";
import type { ScanErrorReason, ScanResult } from "./scan-result.ts";

/** What a scripted engine says: a kind of result, an error, or nothing until it is told to. */
export type Line = "clean" | "infected" | "unscannable" | "hangs" | ScanErrorReason;

/** An engine that says its lines. */
export class ScriptedEngine implements ScanEngine {
  readonly name: string;
  readonly required: boolean;
  version = "script 1";
  says: Line = "clean";
  /** What it says of its signatures: a version, nothing that is known, or with "hangs" no word at all. */
  signatures: string | undefined;
  /** How often it was asked for that. */
  asked = 0;
  maxBytes: number | undefined;
  signaturesAt: number | undefined;
  warning = "";
  ping?: () => Promise<PingAnswer>;
  /** What its probes say. */
  problem: string | undefined;
  scans = 0;
  probes = 0;
  readonly #held: (() => void)[] = [];

  constructor(name: string, required = true) {
    this.name = name;
    this.required = required;
  }

  async scan(source: ScanSource, signal: AbortSignal): Promise<ScanResult> {
    this.scans += 1;
    const { name: engine } = this;
    if (this.says === "hangs") {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#held.push(resolve);
      signal.addEventListener("abort", () => resolve());
      await promise;
      if (signal.aborted) return { kind: "error", engine, reason: "timeout", ms: 0 };
    }
    return this.#line(source);
  }

  /** Those that hang say now what it is to say. */
  goOn(says: Line): void {
    this.says = says;
    for (const resolve of this.#held.splice(0)) resolve();
  }

  async probe(): Promise<string | undefined> {
    this.probes += 1;
    return this.problem;
  }

  async signatureVersion(signal: AbortSignal): Promise<string | undefined> {
    this.asked += 1;
    if (this.signatures !== "hangs") return this.signatures;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    signal.addEventListener("abort", () => resolve(undefined));
    return promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // nothing is kept open
  }

  #line(source: ScanSource): ScanResult {
    const { name: engine, says } = this;
    try {
      source.read(Buffer.alloc(16), 0);
    } catch {
      return { kind: "error", engine, reason: "down", ms: 0 };
    }
    if (says === "clean") return { kind: "clean", engine, ms: 0 };
    if (says === "infected") return { kind: "infected", engine, threat: "Script", ms: 0 };
    if (says === "unscannable") return { kind: "unscannable", engine, reason: "encrypted", ms: 0 };
    return { kind: "error", engine, reason: says === "hangs" ? "timeout" : says, ms: 0 };
  }
}

/** Lets everything run that waits for no clock. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
}
