import type { Party } from "../../src/policy/facts.ts";
import type { HearingContext } from "../../src/policy/hearing.ts";

function colleague(user: string): Party {
  const aor = `sip:${user}@x.example`;
  return { aor, user, domain: "x.example", displayName: "", ip: undefined, authenticated: true };
}

/** A message between two of one domain, who have signed in: nothing about them decides. */
export const INTERNAL: HearingContext = {
  from: colleague("a"),
  to: colleague("b"),
  direction: "internal",
  channel: "sip-message",
  transport: "tcp",
  encrypted: false,
  now: 1_800_000_000_000,
  trace: false,
};
