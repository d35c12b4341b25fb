import type { ByteView } from "./byte-view.ts";
import type { Chunks } from "./byte-input.ts";
import type { MemberLook } from "./archive-look.ts";
import type { LookBudget } from "./look-budget.ts";

/** Looks into what archives hold, for those who open archives. */
export interface Walker {
  readonly budget: LookBudget;
  /**
   * Looks at a member, on the level that archives within it have. Reads no more of it than is wanted. Never throws for what stands in
   * it; what cannot be unpacked is told.
   */
  member(content: MemberContent, level: number): MemberLook;
  /** A member that nobody can look at. */
  missed(): void;
}

/** The bytes of a member. */
export interface MemberContent {
  /** From the beginning to the end; throws `Unreadable` where they cannot be unpacked. */
  readonly chunks: Chunks;
  /** The same wherever one likes; absent: they are packed. */
  readonly view?: ByteView;
}
