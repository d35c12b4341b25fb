import { HEADER_BYTES, holdsContainer } from "./container-signatures.ts";
import { EICAR } from "./eicar.ts";

/** The longest pattern less one: what two windows must share so that none is missed between them. */
export const PATTERN_OVERLAP: number = Math.max(EICAR.length, HEADER_BYTES) - 1;

/** What was found in the bytes seen so far. */
export interface FoundPatterns {
  eicar: boolean;
  container: boolean;
}

/** Looks through one window of a file, which begins at `offset` in it, and adds to what was found in the ones before. */
export function findPatterns(window: Buffer, offset: number, found: FoundPatterns): void {
  found.eicar ||= window.includes(EICAR);
  found.container ||= holdsContainer(window, offset);
}
