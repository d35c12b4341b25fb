import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";

/** TCP_ESTABLISHED of Linux's /proc/net/tcp. */
const ESTABLISHED = "01";

/** How many connections to a port of this machine are held open by whoever has dialled it, those that wait to be accepted counted in. */
export async function connectionsTo(port: number): Promise<number> {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const lines = (await readFile("/proc/net/tcp", "utf8")).split("\n").slice(1);
  return lines.filter((line) => {
    const [, , remote, state] = line.trim().split(/\s+/);
    return state === ESTABLISHED && remote?.endsWith(wanted) === true;
  }).length;
}

/** The largest number seen, looked at again and again until it is disposed of. */
export class ConnectionPeak implements AsyncDisposable {
  largest = 0;
  readonly #stopped = new AbortController();
  readonly #looking: Promise<void>;

  constructor(port: number) {
    this.#looking = this.#look(port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort();
    await this.#looking;
  }

  async #look(port: number): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      this.largest = Math.max(this.largest, await connectionsTo(port));
      await delay(20);
    }
  }
}
