import { statSync, watch, type FSWatcher } from "node:fs";
import type { Clock, ScheduledCall } from "../base/clock.ts";
import { isOfPlace, type WatchPlace } from "./watch-places.ts";

/** Tells of changes in folders, once they have come to rest. */
export interface FolderWatch extends Disposable {
  /** Watches these folders from now on, and no others. */
  set(places: readonly WatchPlace[]): void;
}

export interface FolderWatchDeps {
  readonly clock: Clock;
  /** Something has changed; it is not said what. */
  readonly onChange: () => void;
  /** A folder cannot be watched; it is tried again. */
  readonly onTrouble: (folder: string, error: Error) => void;
  /** Calls back at every change in a folder with the name it happened to. Default: the system's. */
  readonly open?: OpenFolder;
}

export type OpenFolder = (
  folder: string,
  onEvent: (name: string | null) => void,
  onError: (error: Error) => void,
) => Disposable;

/** A file that is being written has changed last when this long nothing happened. */
const QUIET_MS = 200;

/** Under changes that never end, a look is taken all the same. */
const PATIENCE_MS = 2000;

const RETRY_MS = 10_000;

/** Folders, not files: a watched file is lost when another takes its place by renaming. */
export function createFolderWatch(deps: FolderWatchDeps): FolderWatch {
  return new Folders(deps);
}

interface Watched {
  place: WatchPlace;
  /** Undefined: it cannot be watched at the moment. */
  watcher: Disposable | undefined;
  /** Which folder is watched: another one may take its name. */
  inode: string;
  /** It was told that it cannot be watched. */
  isTold: boolean;
}

class Folders implements FolderWatch {
  readonly #deps: FolderWatchDeps;
  readonly #open: OpenFolder;
  readonly #watched = new Map<string, Watched>();
  #quiet: ScheduledCall | undefined;
  #firstAt: number | undefined;
  #retry: ScheduledCall | undefined;
  #isClosed = false;

  constructor(deps: FolderWatchDeps) {
    this.#deps = deps;
    this.#open = deps.open ?? openFolder;
  }

  set(places: readonly WatchPlace[]): void {
    if (this.#isClosed) return;
    const wanted = new Set(places.map((place) => place.folder));
    for (const [folder, { watcher }] of this.#watched) {
      if (wanted.has(folder)) continue;
      watcher?.[Symbol.dispose]();
      this.#watched.delete(folder);
    }
    for (const place of places) {
      const known = this.#watched.get(place.folder);
      if (known === undefined) {
        this.#watched.set(place.folder, { place, watcher: undefined, inode: "", isTold: false });
      } else known.place = place;
    }
    this.#openAll();
  }

  /** @returns whether a folder came, or another took its place: what changed before was not seen */
  #openAll(): boolean {
    let hasNews = false;
    let isWhole = true;
    for (const watched of this.#watched.values()) {
      const inode = inodeOf(watched.place.folder);
      if (watched.watcher !== undefined && watched.inode === inode) continue;
      watched.watcher?.[Symbol.dispose]();
      watched.watcher = inode === "" ? undefined : this.#openOne(watched);
      watched.inode = inode;
      if (watched.watcher === undefined) isWhole = false;
      else hasNews = true;
    }
    if (isWhole) this.#retry?.cancel();
    else this.#retryLater();
    return hasNews;
  }

  #openOne(watched: Watched): Disposable | undefined {
    const { folder } = watched.place;
    const lost = (error: Error): void => {
      watched.watcher?.[Symbol.dispose]();
      watched.watcher = undefined;
      if (this.#isClosed) return;
      this.#tell(watched, error);
      this.#retryLater();
    };
    try {
      const watcher = this.#open(
        folder,
        (name) => {
          if (isOfPlace(watched.place, name)) this.#changed();
        },
        lost,
      );
      watched.isTold = false;
      return watcher;
    } catch (error) {
      this.#tell(watched, error instanceof Error ? error : new Error(String(error)));
      return undefined;
    }
  }

  /** Once, however often it is tried in vain. */
  #tell(watched: Watched, error: Error): void {
    if (!watched.isTold) this.#deps.onTrouble(watched.place.folder, error);
    watched.isTold = true;
  }

  #retryLater(): void {
    this.#retry?.cancel();
    this.#retry = this.#deps.clock.schedule(RETRY_MS, () => {
      if (this.#openAll()) this.#changed();
    });
  }

  #changed(): void {
    if (this.#isClosed) return;
    const now = this.#deps.clock.monotonicMs();
    this.#firstAt ??= now;
    const left = Math.max(0, this.#firstAt + PATIENCE_MS - now);
    this.#quiet?.cancel();
    this.#quiet = this.#deps.clock.schedule(Math.min(QUIET_MS, left), () => {
      this.#firstAt = undefined;
      this.#deps.onChange();
    });
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#quiet?.cancel();
    this.#retry?.cancel();
    for (const { watcher } of this.#watched.values()) watcher?.[Symbol.dispose]();
    this.#watched.clear();
  }
}

/** "" when there is none that could be watched. */
function inodeOf(folder: string): string {
  try {
    const { dev, ino, birthtimeNs } = statSync(folder, { bigint: true });
    // A number that became free is given again.
    return `${dev} ${ino} ${birthtimeNs}`;
  } catch {
    return "";
  }
}

const openFolder: OpenFolder = (folder, onEvent, onError) => {
  const watcher: FSWatcher = watch(folder, { persistent: false }, (_, name) => onEvent(name));
  watcher.on("error", onError);
  return { [Symbol.dispose]: () => watcher.close() };
};
