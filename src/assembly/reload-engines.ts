import type { Clock } from "../base/clock.ts";
import { createEventId } from "../journal/event-id.ts";
import type { Journal } from "../journal/journal.ts";
import type { EngineReload } from "../scan/scan-engine.ts";
import type { EngineRules } from "./relay-messages.ts";
import type { RulesReloads } from "./rules-reloads.ts";

export interface EngineReloadsDeps {
  readonly clock: Clock;
  readonly journal: Pick<Journal, "operation">;
  readonly relay: EngineRules;
}

/**
 * A reload on request reads the rule files of scan engines too. Those and the rules of the gateway do not wait for each other: what is
 * wrong in one keeps the old state of that one, and the reload as a whole has failed.
 */
export function withEngines(deps: EngineReloadsDeps, reloads: RulesReloads): RulesReloads {
  return {
    ...reloads,
    async reload() {
      const engines = await deps.relay.reloadEngines();
      if (engines !== undefined) record(deps, engines);
      const outcome = await reloads.reload();
      if (engines === undefined) return outcome;
      const problems = [...engines.problems, ...outcome.problems];
      return { ...outcome, ok: outcome.ok && engines.ok, problems };
    },
  };
}

function record({ clock, journal }: EngineReloadsDeps, { ok, problems }: EngineReload): void {
  const at = clock.now();
  const reason = ok
    ? "new rules of scan engines are in force"
    : "rules of scan engines were not loaded, the old ones stay";
  const details = { problems: problems.slice(0, 5) };
  journal.operation({ eventId: createEventId(at), at, type: "reload", reason, details });
}
