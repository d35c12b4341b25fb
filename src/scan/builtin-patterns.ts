import { EICAR } from "./eicar.ts";

/** A zip may begin anywhere: its readers look for the directory at the end. */
const ZIP_SIGNATURES = ["PK\x03\x04", "PK\x05\x06"].map((text) => Buffer.from(text, "latin1"));

/** The longest pattern less one: what two windows must share so that none is missed between them. */
export const PATTERN_OVERLAP: number = EICAR.length - 1;

/** What was found in the bytes seen so far. */
export interface FoundPatterns {
  eicar: boolean;
  zip: boolean;
}

/** Looks through one window of a file and adds to what was found in the ones before. */
export function findPatterns(window: Buffer, found: FoundPatterns): void {
  found.eicar ||= window.includes(EICAR);
  found.zip ||= ZIP_SIGNATURES.some((signature) => window.includes(signature));
}
