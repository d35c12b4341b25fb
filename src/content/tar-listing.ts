import { beginsArchive } from "./archive-look.ts";
import type { LookBudget } from "./look-budget.ts";
import { metaNames, readTarHeader, type TarHeader } from "./tar-members.ts";

const BLOCK = 512;
const MAX_META = 64 * 1024;

/**
 * The list of a tar that comes in pieces and is never here as a whole, as it comes out of a large gzip file. The same list as
 * `readTarMembers` gives; archives among the members are told, not opened.
 */
export class TarListing {
  readonly names: string[] = [];
  members = 0;
  /** A member is an archive, and nobody has looked into it. */
  holdsArchive = false;
  problem: "corrupt" | "partial" | undefined;
  readonly #budget: LookBudget;
  /** What is collected: the next header, or the beginning of what follows one. */
  #header: TarHeader | undefined;
  #collected = Buffer.alloc(0);
  #wanted = BLOCK;
  #toSkip = 0;
  #nextNames: string[] = [];
  #isOver = false;

  constructor(budget: LookBudget) {
    this.#budget = budget;
  }

  /** The next bytes of the tar. */
  write(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0 && !this.#isOver) {
      if (this.#toSkip > 0) {
        const skipped = Math.min(this.#toSkip, rest.length);
        this.#toSkip -= skipped;
        rest = rest.subarray(skipped);
        continue;
      }
      const taken = rest.subarray(0, this.#wanted - this.#collected.length);
      this.#collected = Buffer.concat([this.#collected, taken]);
      rest = rest.subarray(taken.length);
      if (this.#collected.length === this.#wanted) this.#take(this.#collected);
    }
  }

  /** No more bytes: a tar that stops within a member is cut off. */
  end(): void {
    if (!this.#isOver && (this.#toSkip > 0 || this.#collected.length > 0))
      this.problem ??= "corrupt";
  }

  #take(bytes: Buffer): void {
    this.#collected = Buffer.alloc(0);
    const header = this.#header;
    if (header === undefined) this.#takeHeader(bytes);
    else {
      if (header.kind === "meta") this.#nextNames.push(...metaNames(header.type, bytes));
      else if (header.kind === "file") this.holdsArchive ||= beginsArchive(bytes);
      this.#toSkip = Math.ceil(header.size / BLOCK) * BLOCK - bytes.length;
      this.#header = undefined;
      this.#wanted = BLOCK;
    }
  }

  #takeHeader(bytes: Buffer): void {
    if (bytes.every((byte) => byte === 0)) {
      this.#isOver = true;
      return;
    }
    const header = readTarHeader(bytes);
    if (header === undefined) return this.#stop("corrupt");
    if (!this.#budget.takeMember(header.name.length)) return this.#stop("partial");
    if (header.kind !== "meta") {
      if (header.kind === "file") {
        this.members += 1;
        this.names.push(header.name, ...this.#nextNames);
      }
      this.#nextNames = [];
    }
    if (header.size === 0) return;
    this.#header = header;
    this.#wanted = Math.min(header.size, header.kind === "meta" ? MAX_META : BLOCK);
  }

  #stop(problem: "corrupt" | "partial"): void {
    this.problem = problem;
    this.#isOver = true;
  }
}
