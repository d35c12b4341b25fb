/** Raised when a rule cannot be evaluated on these facts; RULES §4.7 says how it then counts. */
export class RuleFailure extends Error {}
