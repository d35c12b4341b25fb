/**
 * What an engine said of a file. Four different results (DESIGN invariant 4): "clean" is said only by an engine that saw
 * every byte; what could not be looked at is "unscannable", and an engine that failed is "error", never "clean".
 */
export type ScanResult =
  | { readonly kind: "clean"; readonly engine: string; readonly ms: number }
  | {
      readonly kind: "infected" | "suspicious";
      readonly engine: string;
      readonly threat: string;
      readonly ms: number;
    }
  | {
      readonly kind: "unscannable";
      readonly engine: string;
      readonly reason: UnscannableReason;
      readonly ms: number;
    }
  | {
      readonly kind: "error";
      readonly engine: string;
      readonly reason: ScanErrorReason;
      readonly ms: number;
    };

export type UnscannableReason =
  | "encrypted"
  | "too-large"
  | "too-deep"
  | "bomb"
  | "corrupt"
  | "unknown-format"
  | "partial";

export type ScanErrorReason = "down" | "timeout" | "bad-reply" | "overloaded";

/** In records and in `scan.engine`: our own look, which finds nothing but what nobody could see. */
export const LOOK_ENGINE = "look";

/** Something bad was found, for certain or by a heuristic. */
export function isFinding(result: ScanResult): boolean {
  return result.kind === "infected" || result.kind === "suspicious";
}

/** What the reply of a scanning server or process means; the engine adds its name and the time. */
export type ServerAnswer =
  | { readonly kind: "clean" }
  | { readonly kind: "infected" | "suspicious"; readonly threat: string }
  | { readonly kind: "unscannable"; readonly reason: UnscannableReason }
  | { readonly kind: "error"; readonly reason: ScanErrorReason };
