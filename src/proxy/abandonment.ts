import type { Abandoned } from "./seams.ts";

/**
 * Whether a request has been given up: what of an AbortSignal somebody needs who looks now and then. An AbortController
 * for every message costs a microsecond and half a kilobyte, and nearly every message is decided at once.
 */
export class Abandonment implements Abandoned {
  aborted = false;

  /** Nobody waits for an outcome any more. */
  abort(): void {
    this.aborted = true;
  }

  throwIfAborted(): void {
    if (this.aborted) throw new DOMException("the request was given up", "AbortError");
  }
}
