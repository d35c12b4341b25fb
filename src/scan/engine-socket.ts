import { Socket } from "node:net";

type Done = (error?: Error | null) => void;

/**
 * A socket that outlives a failed write. Node destroys a socket when a write fails, with whatever the peer had said before it
 * hung up; clamd and ICAP servers say why they hang up (a size limit, a find) while we still write. So writes never fail here: they are remembered as
 * failed, and the reading side ends by itself.
 */
export class EngineSocket extends Socket {
  #writeFailed = false;

  /** The peer did not take everything. */
  get writeFailed(): boolean {
    return this.#writeFailed;
  }

  override _write(chunk: unknown, encoding: BufferEncoding, done: Done): void {
    super._write(chunk, encoding, this.#surviving(done));
  }

  override _writev(chunks: { chunk: unknown; encoding: BufferEncoding }[], done: Done): void {
    super._writev?.(chunks, this.#surviving(done));
  }

  #surviving(done: Done): Done {
    return (error) => {
      if (error !== null && error !== undefined) this.#writeFailed = true;
      done();
    };
  }
}
