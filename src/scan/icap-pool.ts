import type { Clock } from "../base/clock.ts";
import { ok, type Result } from "../base/result.ts";
import type { OpenConnection } from "./engine-connection.ts";
import { IcapConnection } from "./icap-connection.ts";
import type { ScanErrorReason } from "./scan-result.ts";

export interface IcapPoolDeps {
  readonly clock: Clock;
  readonly open: OpenConnection;
}

const MAX_KEPT = 4;
/** Longer, and something on the way may have forgotten the connection without a word. */
const MAX_IDLE_MS = 10_000;

/** Connections that are kept between requests (RFC 3507 §4.2). How many are open at once is the affair of whoever takes them. */
export class IcapPool {
  readonly #deps: IcapPoolDeps;
  #kept: { readonly connection: IcapConnection; readonly sinceMs: number }[] = [];
  #closed = false;

  constructor(deps: IcapPoolDeps) {
    this.#deps = deps;
  }

  /** The one that was used last, or a new one. Never rejects. */
  async take(signal: AbortSignal): Promise<Result<IcapConnection, ScanErrorReason>> {
    const nowMs = this.#deps.clock.monotonicMs();
    for (let next = this.#kept.pop(); next !== undefined; next = this.#kept.pop()) {
      if (!next.connection.ended && nowMs - next.sinceMs < MAX_IDLE_MS) return ok(next.connection);
      next.connection.socket.destroy();
    }
    return this.fresh(signal);
  }

  async fresh(signal: AbortSignal): Promise<Result<IcapConnection, ScanErrorReason>> {
    const opened = await this.#deps.open(signal);
    return opened.ok ? ok(new IcapConnection(opened.value)) : opened;
  }

  /** Back after a request whose response was read to its end. */
  keep(connection: IcapConnection): void {
    connection.rest();
    if (this.#closed || connection.ended || this.#kept.length >= MAX_KEPT) {
      connection.socket.destroy();
      return;
    }
    this.#kept.push({ connection, sinceMs: this.#deps.clock.monotonicMs() });
  }

  /** For good. */
  close(): void {
    this.#closed = true;
    for (const { connection } of this.#kept) connection.socket.destroy();
    this.#kept = [];
  }
}
