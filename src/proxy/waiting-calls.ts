import { peerOf } from "../transport/connection-quota.ts";
import type { FlowFace } from "./flow-face.ts";

/** Of `inFlight`, for the INVITEs of one address: they wait for people, and whoever calls himself may let them wait. */
const SHARE = 1 / 20;
const LEAST = 50;

/** Counts the INVITEs of clients that have no final answer yet, by their source address. */
export class WaitingCalls {
  readonly #most: number;
  readonly #bySource = new Map<string, number>();

  constructor(inFlight: number) {
    this.#most = Math.max(LEAST, Math.floor(SHARE * inFlight));
  }

  /** Has this source as many as one may have? */
  isFull(face: FlowFace): boolean {
    if (face.side === "server") return false;
    return (this.#bySource.get(sourceOf(face)) ?? 0) >= this.#most;
  }

  /** One more; what is returned is to be called once, when it has its answer. */
  begin(face: FlowFace): (() => void) | undefined {
    if (face.side === "server") return undefined;
    const source = sourceOf(face);
    this.#bySource.set(source, (this.#bySource.get(source) ?? 0) + 1);
    return () => {
      const left = (this.#bySource.get(source) ?? 0) - 1;
      if (left > 0) this.#bySource.set(source, left);
      else this.#bySource.delete(source);
    };
  }
}

function sourceOf({ flow }: FlowFace): string {
  return peerOf(flow.remote.address);
}
