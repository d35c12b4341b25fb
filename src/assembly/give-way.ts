import { getPriority, setPriority } from "node:os";

/** In the scheduler's nice values: a third of the weight of a thread that does not give way. */
const NICER_BY = 5;
const NICEST = 19;

/**
 * Lets the calling thread run when those that serve SIP need no processor: where cores are few, a file takes longer, and no
 * message does. On Linux, where priorities are a thread's own; elsewhere they are the process's, and nothing is changed. Total: where
 * a sandbox forbids it, all threads keep equal rights.
 */
export function giveWay(): void {
  if (process.platform !== "linux") return;
  try {
    setPriority(Math.min(NICEST, getPriority() + NICER_BY));
  } catch {
    // nothing depends on it
  }
}
