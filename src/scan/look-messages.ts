import type { SourceLook } from "./look-at-source.ts";
import type { AnswerFormat } from "./process-frames.ts";

/**
 * What the gateway and a process that looks into files say to each other, in frames (process-frames.ts). One question, and a frame with
 * the beginning of the file, which is all of most files; then the process asks for further pieces, one at a time, and gets a frame with each; then
 * comes the answer.
 */
export interface LookQuestion {
  /** Bytes. */
  readonly size: number;
  readonly sha256: string;
}

export type LookAnswer =
  /** The next frame is to hold so many bytes, or as many as there are: fewer only at the end, or where one piece has no more. */
  | { readonly kind: "read"; readonly start: number; readonly length: number }
  | {
      readonly kind: "looked";
      readonly look: SourceLook;
      /** What the process takes of memory now. */
      readonly residentBytes: number;
    };

/** So many bytes of the file come with the question. */
export const FIRST_BYTES: number = 256 * 1024;

/** The most that one piece has. */
export const MAX_PIECE_BYTES: number = 1024 * 1024;

/** Names of 1 MiB, each in several readings, and as JSON. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

/** How the answers are read. */
export const LOOK_ANSWERS: AnswerFormat<LookAnswer> = {
  maxBytes: MAX_ANSWER_BYTES,
  isAnswer(value): value is LookAnswer {
    const answer = value as Partial<LookAnswer & { kind: unknown }> | null;
    if (answer?.kind === "read") {
      return Number.isSafeInteger(answer.start) && Number.isSafeInteger(answer.length);
    }
    if (answer?.kind !== "looked" || !Number.isSafeInteger(answer.residentBytes)) return false;
    const { content, problem } = answer.look ?? {};
    const isProblem = problem === undefined || typeof problem === "string";
    return isProblem && Array.isArray(content?.types) && typeof content.sha256 === "string";
  },
};
