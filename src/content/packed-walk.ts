import {
  addMember,
  newGathering,
  type ArchiveGathering,
  type ArchiveLook,
} from "./archive-look.ts";
import { ByteInput } from "./byte-input.ts";
import { viewOf } from "./byte-view.ts";
import { bunzip2 } from "./bzip2-stream.ts";
import { gunzip } from "./gzip-stream.ts";
import { metered } from "./metered.ts";
import { isTar } from "./tar-header.ts";
import { tarEntries } from "./tar-stream.ts";
import { Unreadable } from "./unreadable.ts";
import type { Walker } from "./walker.ts";
import { beginsXz, unpackXz } from "./xz-stream.ts";
import { beginsZstd, unpackZstd } from "./zstd-stream.ts";

/** Of what is needed to tell a tar. */
const TAR_HEAD = 512;

/** Unpacks one file that is packed by itself. */
type Unpacker = (input: ByteInput, names: string[]) => Generator<Buffer, void>;

/** How what begins like this is unpacked; undefined: it is not packed, or not by a method that is known here. */
export function unpackerOf(head: Buffer): Unpacker | undefined {
  if (head[0] === 0x1f && head[1] === 0x8b) return gunzip;
  if (beginsBzip2(head)) return bunzip2;
  if (beginsXz(head)) return unpackXz;
  return beginsZstd(head) ? unpackZstd : undefined;
}

/** Its first block, or the end of none. */
function beginsBzip2(head: Buffer): boolean {
  const text = head.toString("latin1", 0, 10);
  return /^BZh[1-9]/.test(text) && ["1AY&SY", "\x17rE8P\x90"].includes(text.slice(4));
}

/** Whether it can be looked into as it comes, without any of it being kept. */
export function isSequential(head: Buffer): boolean {
  return unpackerOf(head) !== undefined || isTar(viewOf(head));
}

/**
 * Looks into a tar, or what is packed by itself, as it comes. A tar that is packed counts as one archive, as everybody speaks of it. Undefined:
 * it is neither.
 */
export function walkSequential(
  input: ByteInput,
  walker: Walker,
  level: number,
): ArchiveLook | undefined {
  const head = input.peek(TAR_HEAD);
  const unpacker = unpackerOf(head);
  const found = newGathering(level);
  if (unpacker !== undefined) walkPacked(input, found, { walker, level, unpacker });
  else if (isTar(viewOf(head))) walkTar(input, found, { walker, level });
  else return undefined;
  return found;
}

interface Walk {
  readonly walker: Walker;
  readonly level: number;
}

function walkPacked(
  input: ByteInput,
  found: ArchiveGathering,
  { walker, level, unpacker }: Walk & { readonly unpacker: Unpacker },
): void {
  const start = input.given;
  const packedBytes = (): number => input.given - start;
  const pieces = metered(unpacker(input, found.names), walker.budget, packedBytes);
  let length = 0;
  const counted = (function* () {
    for (const piece of pieces) {
      length += piece.length;
      yield piece;
    }
  })();
  const inside = new ByteInput(counted);
  stopAtProblem(found, () => {
    if (isTar(viewOf(inside.peek(TAR_HEAD)))) walkTar(inside, found, { walker, level });
    else {
      found.members = 1;
      addMember(found, walker.member({ chunks: inside.rest() }, level + 1));
    }
    // To the end, where it says whether all is right.
    if (found.problem === undefined) for (const _ of counted);
  });
  found.ratio = Math.max(found.ratio, length / Math.max(1, packedBytes()));
}

function walkTar(input: ByteInput, found: ArchiveGathering, { walker, level }: Walk): void {
  stopAtProblem(found, () => {
    for (const { names, content } of tarEntries(input, walker.budget)) {
      found.names.push(...names);
      found.members += 1;
      addMember(found, walker.member({ chunks: content }, level + 1));
      if (walker.budget.isSpent) throw new Unreadable("partial");
    }
  });
}

function stopAtProblem(found: ArchiveGathering, walk: () => void): void {
  try {
    walk();
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    found.problem ??= error.problem;
  }
}
