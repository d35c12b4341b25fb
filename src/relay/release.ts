import type { HeldFile } from "../spool/spool.ts";
import type { SecureKeys } from "../wire/msnftp/secure-keys.ts";
import type { FileDecision } from "./relay.ts";
import { replacementOf } from "./replacement.ts";
import type { ContentProof } from "../wire/msnftp/file-receiver.ts";

/** A file as it was reported to the one who decides, and as its sender proved it. */
export interface ProvenContent {
  readonly size: number;
  readonly sha256: string;
  /** With the sender's own MAC, where there are keys; the same content with the same keys has the same. */
  readonly proof: ContentProof;
}

/** What a release is read from. */
export type ReleasedFile = Pick<HeldFile, "size" | "sha256" | "read" | "releasing">;

/**
 * The proof without which no byte of content leaves (DESIGN invariant 1): a verdict "deliver", the sender's
 * proof (a right MAC, where there are keys), and the very file that was scanned. The one other way to make one is a verdict "replace": the
 * text of the operator, in which no byte of the sender's file is, with a MAC of our own.
 */
export class Release {
  readonly file: ReleasedFile;
  /** What the receiver is told at the end; undefined: the plain variant, which has no such line. */
  readonly mac: string | undefined;
  // Makes the type nominal: an object that merely looks like this one is none.
  readonly #isGranted = true;

  private constructor(file: ReleasedFile, mac: string | undefined) {
    this.file = file;
    this.mac = mac;
  }

  /** Undefined when the file is not the one that the verdict was about. */
  static grant(
    decision: "deliver",
    file: HeldFile,
    { size, sha256, proof }: ProvenContent,
  ): Release | undefined {
    if (decision !== "deliver" || file.size !== size || file.sha256 !== sha256) return undefined;
    return new Release(file, proof.kind === "mac" ? proof.mac : undefined);
  }

  /** Undefined when the text does not fit into the announced size. */
  static async replace(
    { text }: Extract<FileDecision, { readonly kind: "replace" }>,
    size: number,
    keys: SecureKeys | undefined,
  ): Promise<Release | undefined> {
    const replacement = await replacementOf(text, size, keys);
    return replacement && new Release(replacement.file, replacement.mac);
  }

  get isGranted(): boolean {
    return this.#isGranted;
  }
}
