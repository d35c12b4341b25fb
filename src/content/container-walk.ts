import { addMember, newGathering, type ArchiveLook } from "./archive-look.ts";
import type { ByteView } from "./byte-view.ts";
import { chunksOf } from "./byte-input.ts";
import type { Container, MemberContent } from "./container.ts";
import { BOMB_GRACE, BOMB_RATIO, type LookBudget } from "./look-budget.ts";
import { Unreadable } from "./unreadable.ts";
import type { Walker } from "./walker.ts";

/** What the readers of other kinds of archives found, with what is in it. */
export function walkContainer(
  file: ByteView,
  container: Container,
  walker: Walker,
  level: number,
): ArchiveLook {
  const { type, members, listed, encrypted, problem } = container;
  const unpacked = members.reduce((sum, { size }) => sum + size, 0);
  const isBomb = unpacked > BOMB_RATIO * file.size + BOMB_GRACE;
  const found = {
    ...newGathering(level),
    names: members.flatMap(({ names }) => names),
    members: members.length,
    listed,
    encrypted,
    ratio: unpacked / Math.max(1, file.size),
    problem: isBomb && problem !== "encrypted" ? "bomb" : problem,
    type,
    // such formats have room for all kinds of things
    isPure: false,
  };
  if (isBomb) return found;
  const unpacking = new Unpacking(walker.budget);
  for (const member of members) {
    if (member.content === undefined || member.size === 0) continue;
    const view = member.content.view;
    const chunks =
      view === undefined ? unpacking.chunks(member.content) : chunksOf(view, 0, view.size);
    addMember(found, walker.member({ chunks, ...(view && { view }) }, level + 1));
    if (walker.budget.isSpent) return { ...found, problem: found.problem ?? "partial" };
  }
  return found;
}

/** What came out at once stays in memory for the members that are packed together: all of it, as long as the archive is walked. */
const MAX_KEPT_BYTES = 96 * 1024 * 1024;

class Unpacking {
  readonly #budget: LookBudget;
  readonly #kept = new Set<ArrayBufferLike>();
  #keptBytes = 0;

  constructor(budget: LookBudget) {
    this.#budget = budget;
  }

  *chunks(content: MemberContent): Generator<Buffer> {
    if (this.#keptBytes > MAX_KEPT_BYTES) throw new Unreadable("partial");
    const bytes = content.whole(this.#budget);
    if (bytes === "partial") throw new Unreadable("partial");
    if (!this.#kept.has(bytes.buffer)) {
      this.#kept.add(bytes.buffer);
      this.#keptBytes += bytes.buffer.byteLength;
    }
    yield bytes;
  }
}
