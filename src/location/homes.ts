/** Where a device is. */
export interface Home {
  /** Source address of its REGISTER. */
  readonly address: string;
  /** It calls itself by another one. */
  readonly behindNat: boolean;
}

/** A registration, as far as it tells where its user's device is. */
export interface HomeEntry {
  readonly aor: string;
  readonly expiresAtMs: number;
  /** Undefined: nobody has told. */
  readonly home: Home | undefined;
}

/** The registrations of each user, for `Registrations.homesOf`; who adds an entry also takes it out. */
export class Homes {
  readonly #byAor = new Map<string, Set<HomeEntry>>();

  add(entry: HomeEntry): void {
    const ofAor = this.#byAor.get(entry.aor);
    if (ofAor === undefined) this.#byAor.set(entry.aor, new Set([entry]));
    else ofAor.add(entry);
  }

  remove(entry: HomeEntry): void {
    const ofAor = this.#byAor.get(entry.aor);
    ofAor?.delete(entry);
    if (ofAor?.size === 0) this.#byAor.delete(entry.aor);
  }

  of(aor: string, nowMs: number): readonly Home[] {
    const entries = [...(this.#byAor.get(aor) ?? [])];
    return entries.flatMap((entry) => (entry.expiresAtMs > nowMs ? (entry.home ?? []) : []));
  }
}
