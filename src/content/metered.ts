import { BOMB_RATIO, type LookBudget } from "./look-budget.ts";
import { Unreadable } from "./unreadable.ts";

/**
 * Lets through what is unpacked, as long as the budget lasts. Throws `Unreadable` then: "bomb" where it came out of next to nothing.
 *
 * @param packedBytes of how many bytes it was made so far
 */
export function* metered(
  unpacked: Generator<Buffer, void>,
  budget: LookBudget,
  packedBytes: () => number,
): Generator<Buffer, void> {
  let length = 0;
  for (const piece of unpacked) {
    length += piece.length;
    if (!budget.takeUnpacked(piece.length)) {
      const isBomb = budget.isBlownUp || length > BOMB_RATIO * packedBytes();
      throw new Unreadable(isBomb ? "bomb" : "partial");
    }
    yield piece;
  }
}
