/**
 * The outcome of reading something that a peer or an operator wrote: a value, or a named problem.
 * Hostile input is a value, never an exception.
 */
export type Result<T, P> = Ok<T> | Failed<P>;

export interface Ok<T> {
  readonly ok: true;
  readonly value: T;
}

export interface Failed<P> {
  readonly ok: false;
  readonly problem: P;
}

/** Wraps a value that was understood. */
export function ok<T>(value: T): Ok<T> {
  return { ok: true, value };
}

/** Wraps the reason why nothing was understood. */
export function failed<P>(problem: P): Failed<P> {
  return { ok: false, problem };
}
