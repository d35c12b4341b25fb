import { randomInt } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import { failed, ok, type Result } from "../base/result.ts";
import { EngineSocket } from "./engine-socket.ts";
import { createKeptLookup, type KeptLookup } from "./kept-lookup.ts";
import { onAbort } from "./on-abort.ts";
import { pause } from "./pause.ts";
import type { ScanErrorReason } from "./scan-result.ts";

/** Where a scanning server is: a unix socket, or a host and its TCP port (clamd has no authentication: a private network only). */
export type EngineAddress =
  | { readonly path: string }
  | { readonly host: string; readonly port: number };

/** Opens one connection to a scanning server. Never rejects. */
export type OpenConnection = (
  signal: AbortSignal,
) => Promise<Result<EngineSocket, ScanErrorReason>>;

export interface ConnectorDeps {
  readonly clock: Clock;
  /** For tests, as is the next. */
  readonly names?: KeptLookup;
  readonly connect?: (address: EngineAddress) => EngineSocket;
}

/** A unix socket with a full queue says EAGAIN at once, and has room a moment later. */
const BUSY_TRIES = 12;
const FIRST_BUSY_MS = 10;
const MAX_BUSY_MS = 200;

/** Connects, again and again while the queue of the unix socket is full; "overloaded" when it stays so. */
export function createConnector(deps: ConnectorDeps, address: EngineAddress): OpenConnection {
  const names = deps.names ?? createKeptLookup();
  const dial = deps.connect ?? ((to: EngineAddress): EngineSocket => connectTo(to, names));
  return async (signal) => {
    let patienceMs = FIRST_BUSY_MS;
    for (let attempt = 1; attempt <= BUSY_TRIES; attempt += 1) {
      const socket = dial(address);
      const problem = await connected(socket, signal);
      if (problem === undefined) return ok(socket);
      socket.destroy();
      if (signal.aborted) return failed("timeout");
      if (problem !== "EAGAIN") {
        names.forget();
        return failed("down");
      }
      await pause(deps.clock, patienceMs + randomInt(patienceMs), signal);
      patienceMs = Math.min(2 * patienceMs, MAX_BUSY_MS);
      if (signal.aborted) break;
    }
    return failed("overloaded");
  };
}

/** As in the log and in `sluice engines`. */
export function addressText(address: EngineAddress): string {
  return "path" in address ? address.path : `${address.host}:${address.port}`;
}

function connectTo(address: EngineAddress, names: KeptLookup): EngineSocket {
  const socket = new EngineSocket();
  if ("path" in address) return socket.connect(address.path);
  const { lookup } = names;
  // Small frames must not wait for acknowledgements (Nagle).
  return socket.setNoDelay().connect({ ...address, lookup, autoSelectFamily: true });
}

/** Undefined once it is open, else the code of the error. */
async function connected(socket: EngineSocket, signal: AbortSignal): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const onError = (error: NodeJS.ErrnoException): void => resolve(error.code ?? "unknown");
  const onConnect = (): void => resolve(undefined);
  // kept on after the promise is settled: an error without a listener would end the program
  socket.on("error", onError);
  socket.once("connect", onConnect);
  const stop = onAbort(signal, () => resolve("aborted"));
  const problem = await promise;
  stop();
  return problem;
}
