import type { Clock } from "../base/clock.ts";
import { failed } from "../base/result.ts";
import type { ClamdClient } from "./clamd-client.ts";
import { addressText, createConnector, type EngineAddress } from "./engine-connection.ts";
import { askVersion, pingClamd, probeClamd } from "./clamd-probe.ts";
import type { ServerAnswer, ScanResult } from "./scan-result.ts";
import { parseClamdVersion } from "./clamd-version.ts";
import { cleanUnlessContainer } from "./clean-unless-container.ts";
import { LargestFileProof } from "./largest-file-proof.ts";
import type { LargestFile, PingAnswer, ScanEngine, ScanSource } from "./scan-engine.ts";
import { ScanSlots } from "./scan-slots.ts";
import { SharedQuestion } from "./shared-question.ts";

/**
 * ClamAV's daemon as an engine, by either client.
 *
 * Files are complete before clamd sees them and are sent at full speed, so that a slow peer never holds one of its threads; at
 * most `maxScans` at once, since streams that stall it stall it for everybody. Its limits (StreamMaxLength, MaxFileSize) are
 * clamd's own affair: what is longer comes back as unscannable, and is not sent where `maxBytes` says so. Empty files are clean without asking: INSTREAM has no
 * way to send one. What it calls clean counts under signatures that a probe has met: where it names its database (VERSION), it is asked for
 * that after each such answer, and probed anew when it has loaded another. Where it does not report encrypted archives, nothing that may be one is clean: it comes back as unscannable.
 */
export const CLAMD_ENGINE = "clamd";

export interface ClamdOptions {
  readonly address: EngineAddress;
  readonly required: boolean;
  /** Bytes: what its StreamMaxLength and MaxFileSize are, where the operator says so. */
  readonly maxBytes?: number | undefined;
  /** What it is sent to show that it looks at all of it; absent: nothing of the kind. */
  readonly largest?: LargestFile | undefined;
  /** Signatures that are older, milliseconds, are warned of; absent: none are. */
  readonly signatureAgeMs?: number | undefined;
  /** Scans at once; no more than clamd's MaxThreads. Default 4. */
  readonly maxScans?: number;
  /** Scans that may wait for one of those. Default 64. */
  readonly maxWaiting?: number;
}

export interface ClamdDeps {
  readonly clock: Clock;
  readonly client: ClamdClient;
}

const MAX_SCANS = 4;
const MAX_WAITING = 64;
const CHUNK_BYTES = 128 * 1024;
const VERSION_EVERY_MS = 30_000;
/** Of the questions that belong to no scan alone. */
const VERSION_MS = 3000;
const PROBE_MS = 5000;

const SIZE_ADVICE =
  "set StreamMaxLength and MaxFileSize in clamd.conf to it, MaxScanSize to four times that, or max_file_size here to what they are";

const ENCRYPTED_PASS =
  "calls encrypted archives clean, so none of its archives are: set AlertEncrypted in clamd.conf";

/** Connects to nothing before it is asked something. */
export function createClamdEngine(deps: ClamdDeps, options: ClamdOptions): ScanEngine {
  return new ClamdEngine(deps, options);
}

class ClamdEngine implements ScanEngine {
  readonly name = CLAMD_ENGINE;
  readonly required: boolean;
  readonly maxBytes: number | undefined;
  version = "";
  signaturesAt: number | undefined;
  /** As the last probe saw it; before the first, the worse is assumed. */
  #reportsEncrypted = false;
  #versionAtMs = 0;
  /** In its own words, as the last good probe heard it. */
  #said = "";
  readonly #deps: ClamdDeps;
  readonly #open: ReturnType<typeof createConnector>;
  readonly #where: string;
  readonly #signatureAgeMs: number;
  readonly #slots: ScanSlots;
  readonly #disposal = new AbortController();
  readonly #versionNow = new SharedQuestion(async () =>
    this.#inTime(VERSION_MS, async (signal) => askVersion(this.#open, signal)),
  );
  #probing: Promise<unknown> | undefined;
  readonly #largest: LargestFileProof | undefined;

  constructor(deps: ClamdDeps, options: ClamdOptions) {
    this.required = options.required;
    this.maxBytes = options.maxBytes;
    this.#deps = deps;
    this.#open = createConnector(deps, options.address);
    this.#where = addressText(options.address);
    this.#signatureAgeMs = options.signatureAgeMs ?? Infinity;
    this.#slots = new ScanSlots(options.maxScans ?? MAX_SCANS, options.maxWaiting ?? MAX_WAITING);
    const { largest, maxBytes = Infinity } = options;
    this.#largest =
      largest &&
      new LargestFileProof(
        { clock: deps.clock, scan: async (source, signal) => this.#sent(source, signal) },
        { ...largest, bytes: Math.min(largest.bytes, maxBytes), advice: SIZE_ADVICE },
      );
  }

  get warning(): string {
    const encrypted = this.version === "" || this.#reportsEncrypted ? [] : [ENCRYPTED_PASS];
    const largest = this.#largest?.warning ?? "";
    return [...encrypted, ...(largest === "" ? [] : [largest]), ...this.#age()].join("; ");
  }

  async scan(source: ScanSource, signal: AbortSignal): Promise<ScanResult> {
    const { clock } = this.#deps;
    const startedAt = clock.monotonicMs();
    const answer = await this.#answer(source, AbortSignal.any([signal, this.#disposal.signal]));
    const ms = Math.round(clock.monotonicMs() - startedAt);
    return { ...answer, engine: this.name, ms };
  }

  async probe(signal: AbortSignal): Promise<string | undefined> {
    const either = AbortSignal.any([signal, this.#disposal.signal]);
    const report = await probeClamd({
      open: this.#open,
      client: this.#deps.client,
      signal: either,
    });
    if (!report.ok) return `${this.#where}: ${report.problem}`;
    const { version, reportsEncrypted } = report.value;
    this.#said = version;
    this.version = `${version} at ${this.#where}`;
    this.signaturesAt = parseClamdVersion(version).madeAt;
    this.#versionAtMs = this.#deps.clock.monotonicMs();
    this.#reportsEncrypted = reportsEncrypted;
    this.#largest?.begin(true);
    return this.#largestProblem();
  }

  /** Asks for its version, too, now and then: databases are loaded while it runs, and with others it is probed anew. */
  async ping(signal: AbortSignal): Promise<PingAnswer> {
    const either = AbortSignal.any([signal, this.#disposal.signal]);
    const pong = await pingClamd(this.#open, either);
    if (!pong.ok) return failed(`${this.#where}: ${pong.problem}`);
    const nowMs = this.#deps.clock.monotonicMs();
    if (pong.value === "there" && nowMs - this.#versionAtMs >= VERSION_EVERY_MS) {
      this.#versionAtMs = nowMs;
      const version = await askVersion(this.#open, either);
      if (version.ok && version.value !== this.#said) {
        const problem = await this.probe(signal);
        if (problem !== undefined) return failed(problem);
      }
    }
    if (pong.value === "there") this.#largest?.begin(false);
    const problem = this.#largestProblem();
    return problem === undefined ? pong : failed(problem);
  }

  #largestProblem(): string | undefined {
    const problem = this.#largest?.problem;
    return problem === undefined ? undefined : `${this.#where}: ${problem}`;
  }

  async signatureVersion(signal: AbortSignal): Promise<string | undefined> {
    const version = await askVersion(this.#open, AbortSignal.any([signal, this.#disposal.signal]));
    if (!version.ok || !parseClamdVersion(version.value).isKnown) return undefined;
    if (version.value !== this.#said) {
      // what it does with these is tried out at the next ping
      this.#versionAtMs = -Infinity;
      return undefined;
    }
    return `${version.value}${this.#reportsEncrypted ? "" : ", encrypted not reported"}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposal.abort();
    this.#largest?.[Symbol.dispose]();
  }

  #age(): readonly string[] {
    const { signaturesAt } = this;
    if (signaturesAt === undefined) return [];
    if (this.#deps.clock.now() - signaturesAt <= this.#signatureAgeMs) return [];
    const day = new Date(signaturesAt).toISOString().slice(0, "2025-11-24".length);
    return [`has signatures of ${day}, older than scan.signature_age: see that freshclam runs`];
  }

  /** Why what it has just called clean is not believed; undefined: a probe has met the signatures that it has. */
  async #doubt(): Promise<ServerAnswer | undefined> {
    const tried = this.#said;
    if (!parseClamdVersion(tried).isKnown) return undefined;
    const version = await this.#versionNow.answer();
    if (version.ok && version.value === tried) return undefined;
    if (version.ok && version.value !== this.#said) await this.#probeOnce();
    // tried out meanwhile: the file was scanned with these signatures, or with those before
    if (version.ok && version.value === this.#said) return undefined;
    return { kind: "error", reason: "down" };
  }

  /** For all scans that have met new signatures. A probe that fails leaves what is known as it was; the next ping finds out. */
  async #probeOnce(): Promise<void> {
    this.#versionAtMs = -Infinity;
    this.#probing ??= this.#inTime(PROBE_MS, async (signal) => this.probe(signal)).finally(() => {
      this.#probing = undefined;
    });
    await this.#probing;
  }

  async #inTime<T>(ms: number, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const deadline = new AbortController();
    const timer = this.#deps.clock.schedule(ms, () => deadline.abort());
    const answer = await ask(AbortSignal.any([deadline.signal, this.#disposal.signal]));
    timer.cancel();
    return answer;
  }

  async #answer(source: ScanSource, signal: AbortSignal): Promise<ServerAnswer> {
    if (source.size === 0) return { kind: "clean" };
    const answer = await this.#sent(source, signal);
    if (answer.kind !== "clean") return answer;
    if (this.#largest?.problem !== undefined) return { kind: "error", reason: "down" };
    const doubt = await this.#doubt();
    if (doubt !== undefined) return doubt;
    return this.#reportsEncrypted ? answer : cleanUnlessContainer(source, signal);
  }

  async #sent(source: ScanSource, signal: AbortSignal): Promise<ServerAnswer> {
    if (!(await this.#slots.take(signal))) return { kind: "error", reason: "overloaded" };
    try {
      return await this.#deps.client(this.#open, { source, chunkBytes: CHUNK_BYTES, signal });
    } catch {
      // a client is total; if it is not, that is no answer
      return { kind: "error", reason: "down" };
    } finally {
      this.#slots.release();
    }
  }
}
