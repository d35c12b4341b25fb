import type { Clock } from "../base/clock.ts";
import { failed, ok, type Result } from "../base/result.ts";
import { createConnector, type OpenConnection } from "./engine-connection.ts";
import type { ServerAnswer, ScanResult } from "./scan-result.ts";
import { cleanUnlessContainer } from "./clean-unless-container.ts";
import { IcapClient } from "./icap-client.ts";
import type { IcapExchange } from "./icap-exchange.ts";
import { IcapPool } from "./icap-pool.ts";
import { probeIcap } from "./icap-probe.ts";
import { icapUrl, type IcapAddress } from "./icap-request.ts";
import type { IcapOffer } from "./icap-offer.ts";
import { LargestFileProof } from "./largest-file-proof.ts";
import type { LargestFile, PingAnswer, ScanEngine, ScanSource } from "./scan-engine.ts";
import { ScanSlots } from "./scan-slots.ts";

/**
 * A service of an ICAP server (RFC 3507) as an engine: files go to it as bodies of HTTP messages, and "204 No Content" after the
 * last byte says that it minds nothing.
 *
 * Its ISTag is the version of its signatures. When that changes the service is probed anew before what it calls clean is believed.
 * Empty files are clean without asking. Where it calls encrypted archives clean, nothing that may be one is clean. What it does not do:
 * TLS, and take the server's word for a file that it has not seen to the end.
 */
export const ICAP_ENGINE = "icap";

export interface IcapOptions {
  readonly address: IcapAddress;
  readonly required: boolean;
  /** Of one request; undefined: as long as the scan may take. */
  readonly timeoutMs?: number | undefined;
  /** Bytes: what the server takes, where the operator says so. */
  readonly maxBytes?: number | undefined;
  /** What it is sent to show that it looks at all of it; absent: nothing of the kind. */
  readonly largest?: LargestFile | undefined;
}

export interface IcapDeps {
  readonly clock: Clock;
  /** For tests. */
  readonly open?: OpenConnection;
}

/** Requests with a file at once, where the server does not want fewer (Max-Connections). */
const MAX_SCANS = 4;
const MAX_WAITING = 64;
const CHUNK_BYTES = 64 * 1024;
const PROBE_MS = 5000;

const SIZE_ADVICE =
  "let the server scan files and archives of that size, or set max_file_size here to what it scans";

const ENCRYPTED_PASS =
  "calls encrypted archives clean, so none of its archives are: let the server report them";

/** Connects to nothing before it is asked something. */
export function createIcapEngine(deps: IcapDeps, options: IcapOptions): ScanEngine {
  return new IcapEngine(deps, options);
}

class IcapEngine implements ScanEngine {
  readonly name = ICAP_ENGINE;
  readonly required: boolean;
  readonly maxBytes: number | undefined;
  version = "";
  #service: IcapOffer | undefined;
  /** The ISTags that the last good probe met. */
  #tags: ReadonlySet<string> = new Set();
  /** As the last probe saw it; before the first, the worse is assumed. */
  #reportsEncrypted = false;
  #probing: Promise<string | undefined> | undefined;
  #running = 0;
  readonly #clock: Clock;
  readonly #options: IcapOptions;
  readonly #pool: IcapPool;
  readonly #client: IcapClient;
  readonly #slots = new ScanSlots(MAX_SCANS, MAX_WAITING);
  /** For the signature version, which every kept result asks for: one after the other, over one connection. */
  readonly #questions = new ScanSlots(1, MAX_WAITING);
  readonly #disposal = new AbortController();
  readonly #largest: LargestFileProof | undefined;

  constructor({ clock, open }: IcapDeps, options: IcapOptions) {
    this.required = options.required;
    this.maxBytes = options.maxBytes;
    this.#clock = clock;
    this.#options = options;
    const { host, port } = options.address;
    this.#pool = new IcapPool({
      clock,
      open: open ?? createConnector({ clock }, { host, port }),
    });
    this.#client = new IcapClient(this.#pool, options.address);
    const { largest, maxBytes = Infinity } = options;
    this.#largest =
      largest &&
      new LargestFileProof(
        { clock, scan: async (source, signal) => this.#sentAlone(source, signal) },
        { ...largest, bytes: Math.min(largest.bytes, maxBytes), advice: SIZE_ADVICE },
      );
  }

  get warning(): string {
    const encrypted = this.version === "" || this.#reportsEncrypted ? [] : [ENCRYPTED_PASS];
    const largest = this.#largest?.warning ?? "";
    return [...encrypted, ...(largest === "" ? [] : [largest])].join("; ");
  }

  async scan(source: ScanSource, signal: AbortSignal): Promise<ScanResult> {
    const startedAt = this.#clock.monotonicMs();
    const deadline = new AbortController();
    const { timeoutMs } = this.#options;
    const timer =
      timeoutMs === undefined ? undefined : this.#clock.schedule(timeoutMs, () => deadline.abort());
    const either = AbortSignal.any([signal, deadline.signal, this.#disposal.signal]);
    const answer = await this.#answer(source, either);
    timer?.cancel();
    const ms = Math.round(this.#clock.monotonicMs() - startedAt);
    return { ...answer, engine: this.name, ms };
  }

  async probe(signal: AbortSignal): Promise<string | undefined> {
    const either = AbortSignal.any([signal, this.#disposal.signal]);
    const offer = await this.#askService(either);
    const problem = offer.ok ? await this.#test(offer.value, either) : offer.problem;
    if (problem === undefined) this.#largest?.begin(true);
    const why = problem ?? this.#largest?.problem;
    return why === undefined ? undefined : `${icapUrl(this.#options.address)}: ${why}`;
  }

  /** OPTIONS; another ISTag than the last is followed by a probe at once. */
  async ping(signal: AbortSignal): Promise<PingAnswer> {
    const either = AbortSignal.any([signal, this.#disposal.signal]);
    // the only connection that it takes is at work
    if (this.#service?.maxConnections === 1 && this.#running > 0) return ok("busy");
    const offer = await this.#client.askOptions(either);
    if (offer.ok && offer.value === "busy") return ok("busy");
    const where = icapUrl(this.#options.address);
    if (!offer.ok) return failed(`${where}: ${offer.problem}`);
    if (offer.value === "busy" || this.#tags.has(offer.value.tag)) {
      this.#largest?.begin(false);
      const lie = this.#largest?.problem;
      return lie === undefined ? ok("there") : failed(`${where}: ${lie}`);
    }
    const problem = await this.#probeOnce();
    return problem === undefined ? ok("there") : failed(problem);
  }

  /** Its ISTag (RFC 3507 §4.7), once a probe has met it. */
  async signatureVersion(signal: AbortSignal): Promise<string | undefined> {
    const either = AbortSignal.any([signal, this.#disposal.signal]);
    if (!(await this.#questions.take(either))) return undefined;
    const offer = await this.#askService(either, "kept").finally(() => this.#questions.release());
    if (!offer.ok || offer.value.tag === "" || !this.#tags.has(offer.value.tag)) return undefined;
    return `${offer.value.tag}${this.#reportsEncrypted ? "" : ", encrypted not reported"}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposal.abort();
    this.#largest?.[Symbol.dispose]();
    this.#pool.close();
  }

  async #answer(source: ScanSource, signal: AbortSignal): Promise<ServerAnswer> {
    if (source.size === 0) return { kind: "clean" };
    const sent = await this.#send(source, signal);
    if (sent === "unprobed") return { kind: "error", reason: "down" };
    const { answer, tag } = sent;
    if (answer.kind !== "clean") return answer;
    if (this.#largest?.problem !== undefined) return { kind: "error", reason: "down" };
    // every response bears one (RFC 3507 §4.7): who says nothing of its signatures is not believed
    if (tag === undefined) return { kind: "error", reason: "bad-reply" };
    if (!this.#tags.has(tag)) await this.#probeOnce();
    // a probe has failed meanwhile, this one or another
    if (this.#service === undefined) return { kind: "error", reason: "down" };
    // that probe did not come to its end, or met another machine behind the same address
    if (!this.#tags.has(tag)) return { kind: "error", reason: "bad-reply" };
    return this.#reportsEncrypted ? answer : cleanUnlessContainer(source, signal);
  }

  async #sentAlone(source: ScanSource, signal: AbortSignal): Promise<ServerAnswer> {
    const sent = await this.#send(source, signal);
    return sent === "unprobed" ? { kind: "error", reason: "down" } : sent.answer;
  }

  async #send(source: ScanSource, signal: AbortSignal): Promise<IcapExchange | "unprobed"> {
    if (!(await this.#slots.take(signal))) return OVERLOADED;
    this.#running += 1;
    try {
      const service = this.#service;
      if (service === undefined) return "unprobed";
      return await this.#client.send(service, source, { chunkBytes: CHUNK_BYTES, signal });
    } finally {
      this.#running -= 1;
      this.#slots.release();
    }
  }

  /** Joins the probe that runs. Not at a slot: a probe must not wait for scans that stand still. */
  async #probeOnce(): Promise<string | undefined> {
    this.#probing ??= this.#probeInTime().finally(() => {
      this.#probing = undefined;
    });
    return this.#probing;
  }

  async #probeInTime(): Promise<string | undefined> {
    const deadline = new AbortController();
    const timer = this.#clock.schedule(PROBE_MS, () => deadline.abort());
    const problem = await this.probe(deadline.signal);
    timer.cancel();
    return problem;
  }

  async #askService(
    signal: AbortSignal,
    how: "new" | "kept" = "new",
  ): Promise<Result<IcapOffer, string>> {
    // the only connection that it takes is at work
    if (how === "kept" && this.#service?.maxConnections === 1 && this.#running > 0) {
      return failed("is at work");
    }
    const offer = await this.#client.askOptions(signal, how);
    if (!offer.ok) return offer;
    return offer.value === "busy" ? failed("takes no more requests (503)") : ok(offer.value);
  }

  async #test(service: IcapOffer, signal: AbortSignal): Promise<string | undefined> {
    const report = await probeIcap(this.#client, service, signal);
    // a service that fails is asked nothing until it does its work
    this.#service = report.ok ? service : undefined;
    if (!report.ok) return report.problem;
    const { tags, reportsEncrypted } = report.value;
    this.#tags = tags;
    this.#reportsEncrypted = reportsEncrypted;
    const name = service.name === "" ? "ICAP service" : service.name;
    this.version = `${name}, ISTag ${service.tag}, at ${icapUrl(this.#options.address)}`;
    // one is left for pings and probes
    const limit = service.maxConnections ?? MAX_SCANS + 1;
    this.#slots.allow(Math.min(MAX_SCANS, Math.max(limit - 1, 1)));
    return undefined;
  }
}

const OVERLOADED: IcapExchange = {
  answer: { kind: "error", reason: "overloaded" },
  tag: undefined,
  isReusable: false,
  isSilent: true,
};
