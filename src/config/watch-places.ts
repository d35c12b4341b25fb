import { realpathSync } from "node:fs";
import { basename, dirname } from "node:path";
import { isFolder } from "./read-file.ts";

/** A folder to be watched, since a watched file is lost when another takes its place. Plain data. */
export interface WatchPlace {
  /** Absolute. */
  readonly folder: string;
  /** Whatever may be a rule file or a pack counts. */
  readonly rules: boolean;
  /** Files in it that count by name. */
  readonly names: readonly string[];
}

/** Gathers the folders in which a change would change the rules or their lists. */
export class WatchPlaces {
  readonly #rules = new Set<string>();
  readonly #names = new Map<string, Set<string>>();

  /** A folder of rules, or a rule file that is named by itself. */
  addRules(path: string): void {
    if (isFolder(path)) this.#rules.add(path);
    else this.addFile(path);
  }

  /** Where the file stands, and where its bytes are when it is a link. */
  addFile(path: string): void {
    this.#addName(path);
    try {
      const real = realpathSync(path);
      if (real !== path) this.#addName(real);
    } catch {
      // Not there at the moment; its folder tells when it comes.
    }
  }

  all(): readonly WatchPlace[] {
    const folders = new Set([...this.#rules, ...this.#names.keys()]);
    return [...folders].map((folder) => ({
      folder,
      rules: this.#rules.has(folder),
      names: [...(this.#names.get(folder) ?? [])],
    }));
  }

  #addName(path: string): void {
    const folder = dirname(path);
    const names = this.#names.get(folder) ?? new Set();
    names.add(basename(path));
    this.#names.set(folder, names);
  }
}

/**
 * Whether a change of this name in the folder matters. Kubernetes swaps the link `..data`; a folder that is removed tells its
 * own name; some systems tell none.
 */
export function isOfPlace(place: WatchPlace, name: string | null): boolean {
  if (name === null || name === "..data" || name === basename(place.folder)) return true;
  if (place.names.includes(name)) return true;
  // Without an extension it may be a pack, or the folder of packs.
  return place.rules && (/\.ya?ml$/.test(name) || !name.includes("."));
}
