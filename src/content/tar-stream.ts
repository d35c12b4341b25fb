import type { ByteInput } from "./byte-input.ts";
import type { LookBudget } from "./look-budget.ts";
import { isSparse, metaNames, paxSize, readTarHeader, type TarHeader } from "./tar-header.ts";
import { Unreadable } from "./unreadable.ts";

const BLOCK = 512;
/** Of a long name or of the fields before a member. */
const MAX_META = 64 * 1024;

/** A member; its content is to be read before the next one comes, as far as it is wanted. */
export interface TarEntry {
  /** All that its header and the records before it call it. */
  readonly names: readonly string[];
  readonly content: Generator<Buffer>;
}

/**
 * The members of a tar (POSIX ustar, pax, GNU long names) as it comes. Links are members without content, folders none.
 * Throws `Unreadable` where a header is broken, where readers would differ about where the next one stands, where anything but zeros follows the end, and
 * where the budget has no more members.
 */
export function* tarEntries(input: ByteInput, budget: LookBudget): Generator<TarEntry, void> {
  /** Names that the records before a header give it; a reader takes them, or does not know such records. */
  let names: string[] = [];
  let size: number | undefined;
  for (let header = input.take(BLOCK); header.length > 0; header = input.take(BLOCK)) {
    if (header.length === BLOCK && header.every((byte) => byte === 0)) {
      if (!input.isPadding()) throw new Unreadable("corrupt");
      return;
    }
    const read = header.length < BLOCK ? undefined : readTarHeader(header);
    if (read === undefined) throw new Unreadable("corrupt");
    if (!budget.takeMember(read.name.length)) throw new Unreadable("partial");
    const start = input.given;
    if (read.kind === "unknown") throw new Unreadable("unknown-format");
    if (read.kind === "meta") {
      const records = readRecords(input, read, budget);
      names.push(...records.names);
      size = records.size ?? size;
    } else {
      // a link or a folder has none, and some readers go by that
      const isDoubtful = read.kind !== "file" && read.size > 0;
      if (isDoubtful || (size ?? read.size) !== read.size) throw new Unreadable("corrupt");
      if (read.kind !== "other") {
        yield { names: [read.name, ...names], content: input.rest(read.size) };
      }
      names = [];
      size = undefined;
    }
    const padded = Math.ceil(read.size / BLOCK) * BLOCK;
    const left = padded - (input.given - start);
    // the last block may not be filled up
    if (!input.skip(left) && input.given - start < read.size) throw new Unreadable("corrupt");
  }
}

/** What stands before a header and speaks of it. */
function readRecords(
  input: ByteInput,
  { type, size: length }: TarHeader,
  budget: LookBudget,
): { readonly names: readonly string[]; readonly size: number | undefined } {
  if (length > MAX_META) throw new Unreadable("partial");
  const records = input.take(length);
  const names = metaNames(type, records);
  if (!names.every((name) => budget.takeName(name.length))) throw new Unreadable("partial");
  if (isSparse(type, records)) throw new Unreadable("unknown-format");
  const size = paxSize(type, records);
  // of all members that follow, but for those that have another
  if (size !== undefined && type === "g") throw new Unreadable("corrupt");
  return { names, size };
}
