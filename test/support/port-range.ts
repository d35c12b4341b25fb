import { createServer } from "node:net";
import { once } from "node:events";

/** Tests of one process get ranges that do not overlap; those of others start elsewhere. */
let next = 20_000 + (process.pid % 400) * 100;

/** `size` TCP ports in a row that are free on every address at this moment, as `relay.msnftp.ports` wants them. */
export async function freePortRange(size = 10): Promise<{ first: number; text: string }> {
  for (;;) {
    const first = next;
    next += size;
    if (next > 60_000) next = 20_000;
    if (await areFree(first, size)) return { first, text: `${first}-${first + size - 1}` };
  }
}

async function areFree(first: number, size: number): Promise<boolean> {
  await using held = new AsyncDisposableStack();
  for (let port = first; port < first + size; port += 1) {
    const server = createServer();
    try {
      server.listen(port, "0.0.0.0");
      await once(server, "listening");
    } catch {
      return false;
    }
    held.defer(async () => {
      server.close();
      await once(server, "close");
    });
  }
  return true;
}
