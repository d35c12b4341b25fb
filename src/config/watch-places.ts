import { lstatSync, readlinkSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
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
    if (!isFolder(path)) {
      this.addFile(path);
      return;
    }
    this.#rules.add(path);
    this.#followLinks(path);
  }

  /** Where the file stands, where its bytes are when it is a link, and every link on the way. */
  addFile(path: string): void {
    this.#addName(path);
    const real = this.#followLinks(path);
    if (real !== undefined && real !== path) this.#addName(real);
  }

  /**
   * Adds the links on the way to a path: "current/bad.txt" changes when `current` leads elsewhere, which nobody hears who
   * watches the folder that it led to.
   *
   * @returns the path without links; undefined: it is not there at the moment, and its folder tells when it comes
   */
  #followLinks(path: string): string | undefined {
    let rest = path;
    for (let links = 0; links < MAX_LINKS; links += 1) {
      const link = firstLinkOf(rest);
      if (link === undefined || link === "none") return link === undefined ? undefined : rest;
      this.#addName(link.path);
      rest = join(link.target, relative(link.path, rest));
    }
    return undefined;
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

/** As many as Linux follows. */
const MAX_LINKS = 40;

/** The first link on the way to an absolute path; undefined: a part of it does not exist. */
function firstLinkOf(
  path: string,
): { readonly path: string; readonly target: string } | "none" | undefined {
  let at: string = sep;
  for (const part of path.split(sep).filter((one) => one !== "")) {
    at = join(at, part);
    try {
      if (!lstatSync(at).isSymbolicLink()) continue;
      return { path: at, target: resolve(dirname(at), readlinkSync(at)) };
    } catch {
      return undefined;
    }
  }
  return "none";
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
