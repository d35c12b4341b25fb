import type { Clock } from "../base/clock.ts";
import { createEventId } from "../journal/event-id.ts";
import type { Journal } from "../journal/journal.ts";
import type { EngineReload } from "../scan/scan-engine.ts";
import type { PolicyStore } from "./policy-store.ts";
import type { EngineRules } from "./relay-messages.ts";
import type { ReloadOutcome, RulesReloads } from "./rules-reloads.ts";

export interface EngineReloadsDeps {
  readonly clock: Clock;
  readonly journal: Pick<Journal, "operation">;
  readonly policies: Pick<PolicyStore, "current">;
  readonly relay: EngineRules;
}

/**
 * A reload on request reads the rule files of scan engines too. Those are tried first, and come into force last: where one of the two kinds of
 * rules is bad, both stay as they were.
 */
export function withEngines(deps: EngineReloadsDeps, reloads: RulesReloads): RulesReloads {
  const { policies, relay } = deps;
  const notLoaded = (engines: EngineReload): ReloadOutcome => {
    record(deps, engines);
    return { ok: false, generation: policies.current.generation, problems: engines.problems };
  };
  return {
    ...reloads,
    async reload() {
      const tried = await relay.reloadEngines(true);
      if (tried === undefined) return reloads.reload();
      if (!tried.ok) return notLoaded(tried);
      const outcome = await reloads.reload();
      if (!outcome.ok) return outcome;
      // They were good a moment ago; should they have changed meanwhile, the next reload finds them.
      const engines = await relay.reloadEngines(false);
      if (engines?.ok === false) return notLoaded(engines);
      record(deps, tried);
      return { ...outcome, problems: [...tried.problems, ...outcome.problems] };
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
