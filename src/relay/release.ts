import type { HeldFile } from "../spool/spool.ts";

/** A file as it was reported to the one who decides, and as its sender proved it. */
export interface ProvenContent {
  readonly size: number;
  readonly sha256: string;
  /** The sender's own MAC, which was right; the same content with the same keys has the same. */
  readonly mac: string;
}

/**
 * The proof without which no byte of content leaves (DESIGN invariant 1): a verdict "deliver", a right MAC, and the very
 * file that was scanned. There is no other way to make one.
 */
export class Release {
  readonly file: HeldFile;
  readonly mac: string;
  // Makes the type nominal: an object that merely looks like this one is none.
  readonly #isGranted = true;

  private constructor(file: HeldFile, mac: string) {
    this.file = file;
    this.mac = mac;
  }

  /** Undefined when the file is not the one that the verdict was about. */
  static grant(
    decision: "deliver",
    file: HeldFile,
    { size, sha256, mac }: ProvenContent,
  ): Release | undefined {
    if (decision !== "deliver" || file.size !== size || file.sha256 !== sha256) return undefined;
    return new Release(file, mac);
  }

  get isGranted(): boolean {
    return this.#isGranted;
  }
}
