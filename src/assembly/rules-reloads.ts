import type { Clock } from "../base/clock.ts";
import { formatProblem } from "../config/format-problem.ts";
import { createFolderWatch, type OpenFolder } from "../config/watch-folders.ts";
import { createEventId } from "../journal/event-id.ts";
import type { Journal } from "../journal/journal.ts";
import type { ListChange } from "./list-book.ts";
import type { PolicyStore, RefreshOf, ReloadResult } from "./policy-store.ts";

/** What came of a reload. */
export interface ReloadOutcome {
  readonly ok: boolean;
  /** Of the rules that are in force now. */
  readonly generation: number;
  /** Errors for which the old rules stay, or warnings of the new ones; each with file:line:column. */
  readonly problems: readonly string[];
}

/** Every way to new rules and lists: on request, and by themselves when files change. Each is recorded. */
export interface RulesReloads extends Disposable {
  /** Reads the rules anew; the old ones stay unless all is well. */
  reload(): Promise<ReloadOutcome>;
  /** Reads lists anew. */
  refresh(which: RefreshOf): Promise<readonly ListChange[]>;
}

export interface RulesReloadsDeps {
  readonly clock: Clock;
  readonly policies: PolicyStore;
  readonly journal: Pick<Journal, "operation">;
  readonly log: {
    info(message: string, details?: Readonly<Record<string, unknown>>): void;
    warn(message: string, details?: Readonly<Record<string, unknown>>): void;
    error(message: string, details?: Readonly<Record<string, unknown>>): void;
  };
  /** For tests; default: the system's. */
  readonly openFolder?: OpenFolder;
}

/** @param options `watchRules`: rule files are read when they change; lists say for themselves (`refresh: watch`) */
export function createRulesReloads(
  deps: RulesReloadsDeps,
  options: { readonly watchRules: boolean },
): RulesReloads {
  const { clock, policies, log } = deps;
  const records = createRecords(deps);

  async function refresh(which: RefreshOf): Promise<readonly ListChange[]> {
    const changes = await policies.refresh(which);
    for (const change of changes) if (change.isNews) records.list(change);
    return changes;
  }

  /** Lists first: a list that is new is no reason to compile rules. */
  async function look(): Promise<void> {
    await refresh({ watched: true });
    const result = options.watchRules ? await policies.look() : undefined;
    watch.set(placesToWatch());
    if (result === undefined) return;
    const { ok, generation, problems } = records.reload(result);
    if (ok) log.info("rules reloaded, their files have changed", { generation, problems });
    else {
      log.error("changed rules not loaded, the old ones stay in force", { generation, problems });
    }
  }

  function placesToWatch(): PolicyStore["places"] {
    const isNeeded = options.watchRules || policies.lists.some((list) => list.watched);
    return isNeeded ? policies.places : [];
  }

  const watch = createFolderWatch({
    clock,
    ...(deps.openFolder === undefined ? undefined : { open: deps.openFolder }),
    onChange: () => {
      look().catch((error: unknown) => log.error("changed rules not read", { err: error }));
    },
    onTrouble: (folder, error) =>
      log.warn("a folder of rules or lists is not watched for changes", {
        folder,
        error: error.message,
      }),
  });
  watch.set(placesToWatch());

  return {
    async reload() {
      const outcome = records.reload(await policies.reload());
      watch.set(placesToWatch());
      return outcome;
    },
    refresh,
    [Symbol.dispose]: () => watch[Symbol.dispose](),
  };
}

interface Records {
  /** One line of the event log. */
  reload(result: ReloadResult): ReloadOutcome;
  /** One line of the event log, and one of the program's own. */
  list(change: ListChange): void;
}

function createRecords({ clock, policies, journal, log }: RulesReloadsDeps): Records {
  function record(reason: string, details: Readonly<Record<string, unknown>>): void {
    const at = clock.now();
    journal.operation({ eventId: createEventId(at), at, type: "reload", reason, details });
  }
  return {
    reload(result) {
      const problems = (result.ok ? result.value.warnings : result.problem).map(formatProblem);
      const { generation } = policies.current;
      const reason = result.ok
        ? "new rules are in force"
        : "the rules were not loaded, the old ones stay";
      record(reason, { generation, problems: problems.slice(0, 5) });
      return { ok: result.ok, generation, problems };
    },
    list({ name, outcome, entries, problem }) {
      const reason = `list ${name} ${LIST_NEWS[outcome]}`;
      const details = { list: name, entries, ...(problem === undefined ? undefined : { problem }) };
      record(reason, details);
      if (problem === undefined) log.info(reason, details);
      else log.error(reason, details);
    },
  };
}

const LIST_NEWS: Readonly<Record<ListChange["outcome"], string>> = {
  new: "is new",
  same: "is as it was again",
  kept: "was not taken, the old one stays",
  failed: "could not be read, the old one stays",
};
