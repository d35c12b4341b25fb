import { parse } from "yaml";
import { compilePolicy, type PolicyOptions } from "./compile.ts";
import type { Policy } from "./decision.ts";
import type { Facts, Party } from "./facts.ts";

const SUNDAY_NOON = Date.parse("2026-11-22T12:00:00Z");

function compiled(yaml: string, options: Partial<PolicyOptions>) {
  const data: unknown = parse(yaml);
  const domains = ["corp.example"];
  return compilePolicy([{ file: "0.yaml", pack: undefined, data }], {
    domains,
    generation: 1,
    ...options,
  });
}

/** A policy of the entries of `rules:`, and whatever other keys of a file stand after them. */
export function rules(yaml: string, options: Partial<PolicyOptions> = {}): Policy {
  const made = compiled(`version: 1\nrules:\n${yaml}`, options);
  if (!made.ok) throw new Error(JSON.stringify(made.problem));
  return made.value;
}

/** What is wrong with a rule that consists of these keys. */
export function ruleProblems(keys: string): readonly string[] {
  const made = compiled(`version: 1\nrules: [ { id: r, on: message, ${keys} } ]`, {});
  const problems = made.ok ? made.value.warnings : made.problem;
  return problems.map(
    ({ path, message, hint }) =>
      `${path.slice(2).join(".")}: ${message}${hint === undefined ? "" : ` (${hint})`}`,
  );
}

function party(aor: string, ip?: string): Party {
  const [user = "", domain = ""] = aor.split("@");
  return { aor: `sip:${aor}`, user, domain, displayName: "", ip, authenticated: true };
}

/** A message from alice to bob on a Sunday noon. */
export function factsOf(given: Partial<Facts> = {}): Facts {
  return {
    phase: "message",
    from: party("alice@corp.example", "10.1.2.3"),
    to: party("bob@corp.example"),
    direction: "internal",
    channel: "sip-message",
    transport: "tcp",
    encrypted: false,
    now: SUNDAY_NOON,
    texts: ["hello"],
    links: [],
    media: [],
    file: undefined,
    scan: undefined,
    ...given,
  };
}
