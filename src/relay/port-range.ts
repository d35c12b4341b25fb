import { createServer, type Server } from "node:net";

/** A listener on a port of the range. */
export interface RangePort {
  readonly port: number;
  readonly server: Server;
}

/** The ports of the relay: one sender on each, because a peer that dials and then waits cannot say which file it means. */
export class PortRange {
  readonly size: number;
  readonly #address: string;
  readonly #firstPort: number;
  readonly #taken = new Set<number>();

  constructor(address: string, firstPort: number, lastPort: number) {
    this.#address = address;
    this.#firstPort = firstPort;
    this.size = Math.max(0, lastPort - firstPort + 1);
  }

  /** Ports that we do not hold; another program may. */
  get free(): number {
    return this.size - this.#taken.size;
  }

  /** Whether one of our transfers holds this port. */
  holds(port: number): boolean {
    return this.#taken.has(port);
  }

  /** Listens on the first port that neither we nor another program hold; undefined when there is none. */
  async take(): Promise<RangePort | undefined> {
    for (let port = this.#firstPort; port < this.#firstPort + this.size; port += 1) {
      if (this.#taken.has(port)) continue;
      this.#taken.add(port);
      const server = await listen(this.#address, port);
      if (server !== undefined) return { port, server };
      this.#taken.delete(port);
    }
    return undefined;
  }

  /** The listener has been closed. */
  release(port: number): void {
    this.#taken.delete(port);
  }
}

async function listen(address: string, port: number): Promise<Server | undefined> {
  const server = createServer();
  const listening = Promise.withResolvers<boolean>();
  server.once("error", () => listening.resolve(false));
  server.once("listening", () => listening.resolve(true));
  server.listen({ host: address, port, exclusive: true });
  return (await listening.promise) ? server : undefined;
}
