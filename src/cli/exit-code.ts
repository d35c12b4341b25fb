/** Exit codes of every command (DESIGN §6); scripts rely on them. */
export const ExitCode = {
  Success: 0,
  /** The thing asked about is bad: invalid rules, not ready, blocked. */
  Bad: 1,
  Usage: 2,
  TestsFailed: 3,
  Unreachable: 4,
  NotAuthorised: 5,
  NotFound: 6,
  Conflict: 7,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];
