import type { ByteView } from "./byte-view.ts";
import { readIsoRecord, type IsoRecord } from "./iso-record.ts";
import type { LookBudget } from "./look-budget.ts";

/** The root folder of a volume. */
export interface IsoRoot {
  readonly blockBytes: number;
  readonly block: number;
  /** Bytes. */
  readonly size: number;
  /** Its names are in UTF-16. */
  readonly isWide: boolean;
}

export interface IsoFile {
  readonly names: string[];
  readonly start: number;
  readonly size: number;
}

interface Folder {
  readonly block: number;
  readonly size: number;
}

const SECTOR = 2048;
/** Of all folders of an image. */
const MAX_FOLDER_BYTES = 4 * 1024 * 1024;

/** Collects the files of one volume after the other; the same bytes under several names are one file. */
export class IsoTree {
  problem: "corrupt" | "partial" | undefined;
  /** A file is packed (zisofs). */
  holdsPacked = false;
  readonly #files = new Map<string, IsoFile>();
  readonly #view: ByteView;
  readonly #budget: LookBudget;
  #folderBytes = MAX_FOLDER_BYTES;

  constructor(view: ByteView, budget: LookBudget) {
    this.#view = view;
    this.#budget = budget;
  }

  get files(): readonly IsoFile[] {
    return [...this.#files.values()];
  }

  /** Each folder once, so that a circle of them has an end. */
  walk(root: IsoRoot): void {
    if (![512, 1024, 2048].includes(root.blockBytes)) {
      this.problem ??= "corrupt";
      return;
    }
    const folders: Folder[] = [root];
    const seen = new Set([root.block]);
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      for (const record of this.#records(folder, root)) {
        if (!this.#take(record, root)) {
          this.problem = "partial";
          return;
        }
        if (!record.isFolder || seen.has(record.block)) continue;
        seen.add(record.block);
        folders.push(record);
      }
    }
  }

  /** The entries of a folder, but for itself and its parent. */
  *#records(folder: Folder, root: IsoRoot): Generator<IsoRecord> {
    this.#folderBytes -= folder.size;
    const start = folder.block * root.blockBytes;
    if (this.#folderBytes < 0) {
      this.problem ??= "partial";
      return;
    }
    const bytes = this.#view.read(start, folder.size);
    // the first entry is the folder itself
    const isFolder = bytes.length > 34 && bytes[33] === 0 && bytes.readUInt32LE(2) === folder.block;
    if (bytes.length < folder.size || !isFolder) {
      this.problem ??= "corrupt";
      return;
    }
    for (let at = 0; at < bytes.length;) {
      const length = bytes[at] ?? 0;
      if (length === 0) {
        // entries do not cross the end of a sector
        at = (Math.floor(at / SECTOR) + 1) * SECTOR;
        continue;
      }
      const record = readIsoRecord(this.#view, bytes.subarray(at, at + length), root);
      if (record === undefined) {
        this.problem ??= "corrupt";
        return;
      }
      if (!record.isDot) yield record;
      at += length;
    }
  }

  /** False: the budget has no more. */
  #take(record: IsoRecord, root: IsoRoot): boolean {
    const start = record.block * root.blockBytes;
    const letters = record.names.join("").length;
    if (record.isFolder) return this.#budget.takeMember(letters);
    if (start + record.size > this.#view.size) this.problem ??= "corrupt";
    this.holdsPacked ||= record.isPacked;
    // of what is empty the place says nothing
    const key = record.size === 0 ? (record.names[0] ?? "") : `${start}:${record.size}`;
    const known = this.#files.get(key);
    if (known === undefined) {
      this.#files.set(key, { names: [...record.names], start, size: record.size });
      return this.#budget.takeMember(letters);
    }
    const further = record.names.filter((name) => !known.names.includes(name));
    known.names.push(...further);
    return further.every((name) => this.#budget.takeName(name.length));
  }
}
