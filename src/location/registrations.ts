import { Homes, type Home, type HomeEntry } from "./homes.ts";

/**
 * What the flows of clients have proven: the addresses of record whose REGISTER got a 2xx through us on that very flow
 * (DESIGN §4 "Crossings and identity"). Feeds `from.authenticated`, and the guess whether a user's device can be dialled for a
 * file, nothing else: who may register is the registrar's affair, and where a user is reached is its location service's.
 *
 * Bounded: above the limit the entry that was confirmed longest ago is forgotten, which makes its user unproven until
 * the next REGISTER. Addresses are compared as they are given: canonical ones (`canonicalAor`).
 */
export interface Registrations {
  /** A REGISTER for `aor` was answered 2xx on this flow, good until `expiresAtMs` (wall clock). */
  confirm(flowId: string, aor: string, expiresAtMs: number, home?: Home): void;
  /** The user unregistered on this flow. */
  remove(flowId: string, aor: string): void;
  /** The addresses that the flow has proven and that have not expired, the last confirmed one last. */
  authenticatedAors(flowId: string, nowMs: number): readonly string[];
  /** From where the devices of a user have registered, those that have not expired; as far as it was told. */
  homesOf(aor: string, nowMs: number): readonly Home[];
  /** The flow is gone. */
  forgetFlow(flowId: string): void;
  /** Entries held, expired ones that nobody asked for included. */
  readonly size: number;
}

interface Entry extends HomeEntry {
  readonly flowId: string;
}

/** Entries held at most, unless told otherwise: a few hundred bytes each. */
const DEFAULT_MAX_ENTRIES = 100_000;

/** Makes an empty record of at most `maxEntries` pairs of flow and address. */
export function createRegistrations(maxEntries: number = DEFAULT_MAX_ENTRIES): Registrations {
  /** In the order of confirmation, for the limit. */
  const entries = new Set<Entry>();
  const byFlow = new Map<string, Map<string, Entry>>();
  const homes = new Homes();

  function discard(entry: Entry): void {
    entries.delete(entry);
    const ofFlow = byFlow.get(entry.flowId);
    ofFlow?.delete(entry.aor);
    if (ofFlow?.size === 0) byFlow.delete(entry.flowId);
    homes.remove(entry);
  }

  function remove(flowId: string, aor: string): void {
    const entry = byFlow.get(flowId)?.get(aor);
    if (entry !== undefined) discard(entry);
  }

  function confirm(flowId: string, aor: string, expiresAtMs: number, home?: Home): void {
    remove(flowId, aor);
    if (entries.size >= maxEntries) {
      const [oldest] = entries;
      if (oldest !== undefined) discard(oldest);
    }
    const entry: Entry = { flowId, aor, expiresAtMs, home };
    entries.add(entry);
    homes.add(entry);
    const ofFlow = byFlow.get(flowId);
    if (ofFlow === undefined) byFlow.set(flowId, new Map([[aor, entry]]));
    else ofFlow.set(aor, entry);
  }

  function authenticatedAors(flowId: string, nowMs: number): readonly string[] {
    const ofFlow = byFlow.get(flowId);
    if (ofFlow === undefined) return [];
    const held = [...ofFlow.values()];
    for (const entry of held) if (entry.expiresAtMs <= nowMs) discard(entry);
    return held.filter((entry) => entry.expiresAtMs > nowMs).map((entry) => entry.aor);
  }

  function forgetFlow(flowId: string): void {
    const ofFlow = byFlow.get(flowId);
    byFlow.delete(flowId);
    for (const entry of ofFlow?.values() ?? []) {
      entries.delete(entry);
      homes.remove(entry);
    }
  }

  return {
    confirm,
    remove,
    authenticatedAors,
    homesOf: (aor, nowMs) => homes.of(aor, nowMs),
    forgetFlow,
    get size() {
      return entries.size;
    },
  };
}
