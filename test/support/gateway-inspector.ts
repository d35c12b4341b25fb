import { once } from "node:events";
import { WebSocket } from "ws";
import type { GatewayProcess } from "./gateway-process.ts";
import { waitUntil } from "./wait-until.ts";

/** Bytes that the gateway's process holds. */
export interface HeldMemory {
  /** Objects, and buffers outside of the heap. */
  readonly used: number;
  /** What the system counts for the process: also what C++ libraries hold, and what the heap has not given back. */
  readonly rss: number;
}

/** What a gateway must be started with to be looked into (GatewayProcess.start). */
export const INSPECTABLE: readonly string[] = ["--inspect=127.0.0.1:0"];

interface InspectorMessage {
  /** Of an answer. */
  readonly id?: number;
  readonly result?: unknown;
  /** Of an event. */
  readonly method?: string;
  readonly params?: {
    readonly sessionId?: string;
    readonly workerInfo?: { readonly title: string };
  };
}

/** Two readings that differ by less are the same. */
const SETTLED = 0.01;
/** How often the event loop is looked at, in milliseconds. */
const RESOLUTION_MS = 5;

/**
 * Looks into a running gateway through Node's inspector, so that the program knows nothing of being measured: its memory
 * without what the collector would take anyway, and how late its event loop is.
 */
export class GatewayInspector implements Disposable {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (result: unknown) => void>();
  #onEvent: (event: InspectorMessage) => void = () => undefined;
  #lastId = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data) => {
      const message = JSON.parse((data as Buffer).toString("utf8")) as InspectorMessage;
      if (message.id === undefined) this.#onEvent(message);
      else this.#waiting.get(message.id)?.(message.result);
    });
  }

  /** Of a gateway that was started with INSPECTABLE. */
  static async of(gateway: GatewayProcess): Promise<GatewayInspector> {
    const url = /^Debugger listening on (ws:\S+)$/m.exec(gateway.stderr)?.[1];
    if (url === undefined) throw new Error("the gateway was not started with INSPECTABLE");
    const socket = new WebSocket(url);
    await once(socket, "open");
    return new GatewayInspector(socket);
  }

  /** Collects until two readings are the same: what was going on has ended. */
  async settledMemory(): Promise<HeldMemory> {
    let last: HeldMemory | undefined;
    return waitUntil(
      "the memory to settle",
      async () => {
        const now = await this.#readMemory();
        const isSame =
          last !== undefined && isNear(now.used, last.used) && isNear(now.rss, last.rss);
        last = now;
        return isSame && now;
      },
      60_000,
    );
  }

  /** Begins to measure how late the event loop is; what it gives tells the 99th percentile since, in milliseconds. */
  async watchLoop(): Promise<() => Promise<number>> {
    const hooks = `process.getBuiltinModule("node:perf_hooks")`;
    const options = `{ resolution: ${RESOLUTION_MS} }`;
    await this.#evaluate(
      `void (globalThis.loopDelay = ${hooks}.monitorEventLoopDelay(${options})).enable()`,
    );
    // The histogram counts the whole time between two looks, of which the first part was meant.
    return async () =>
      Number(await this.#evaluate("loopDelay.percentile(99)")) / 1e6 - RESOLUTION_MS;
  }

  /** Ends one of its worker threads at once, wherever that is. */
  async killWorker(name: string): Promise<void> {
    const found = Promise.withResolvers<string>();
    this.#onEvent = ({ method, params }) => {
      if (method === "NodeWorker.attachedToWorker" && params?.workerInfo?.title.includes(name)) {
        found.resolve(params.sessionId ?? "");
      }
    };
    await this.#ask("NodeWorker.enable", { waitForDebuggerOnStart: false });
    const sessionId = await found.promise;
    const evaluate = {
      id: 1,
      method: "Runtime.evaluate",
      params: { expression: "process.exit(1)" },
    };
    await this.#ask("NodeWorker.sendMessageToWorker", {
      sessionId,
      message: JSON.stringify(evaluate),
    });
    await this.#ask("NodeWorker.disable", {});
  }

  [Symbol.dispose](): void {
    this.#socket.terminate();
  }

  async #readMemory(): Promise<HeldMemory> {
    await this.#ask("HeapProfiler.collectGarbage", {});
    const read = (await this.#evaluate("process.memoryUsage()")) as NodeJS.MemoryUsage;
    return { used: read.heapUsed + read.external, rss: read.rss };
  }

  async #evaluate(expression: string): Promise<unknown> {
    const answer = await this.#ask("Runtime.evaluate", { expression, returnByValue: true });
    return (answer as { result: { value?: unknown } }).result.value;
  }

  async #ask(method: string, params: object): Promise<unknown> {
    this.#lastId += 1;
    const id = this.#lastId;
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.#waiting.set(id, resolve);
    this.#socket.send(JSON.stringify({ id, method, params }));
    const answer = await promise;
    this.#waiting.delete(id);
    return answer;
  }
}

function isNear(a: number, b: number): boolean {
  return Math.abs(a - b) <= b * SETTLED;
}
