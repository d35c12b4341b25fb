/** The timers of RFC 3261 §17 (table 4 of appendix A), RFC 6026 and RFC 4320, in milliseconds. */

/** Estimate of the round trip; every other timer is made of it. */
export const T1_MS = 500;
/** Longest pause between retransmissions of a non-INVITE request or a final answer to INVITE. */
export const T2_MS = 4000;
/** How long a message may stay in the network (Timers I and K on unreliable transports). */
export const T4_MS = 5000;
/** 64·T1: Timers B, D, F, H, J, L and M. */
export const TRANSACTION_MS: number = 64 * T1_MS;
/** Timer C: how long an INVITE may ring since its last provisional response. */
export const TIMER_C_MS = 181_000;
/** How long an INVITE may ring in all, however often it is said that it does: nobody waits at a telephone for longer. */
export const LONGEST_RINGING_MS = 600_000;
