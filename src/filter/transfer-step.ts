import type { redirectTransfer } from "../judge/redirect-transfer.ts";
import type { Verdict } from "../policy/hearing.ts";
import type { TransactionEnd } from "../proxy/seams.ts";
import type { Splice } from "../wire/sip/splice.ts";
import { isChallenge } from "./settlement.ts";
import type { TransferMessage } from "./transfer-message.ts";
import { transferRefusal, type TransferRefusal } from "./transfer-refusal.ts";
import type { Transfer } from "./transfer.ts";

/** What becomes of a message that is a step of a transfer. */
export type TransferStep =
  | {
      readonly kind: "forward";
      readonly splices: readonly Splice[];
      readonly onEnd?: (end: TransactionEnd) => void;
    }
  /** To be answered 200 here: the other peer has no use for it. */
  | { readonly kind: "answer" }
  | {
      readonly kind: "refuse";
      readonly verdict: Verdict;
      /** To be called once the refusal is on record, or could not be recorded. */
      readonly after?: () => void;
    };

/** It goes on as it came. */
export const FORWARD: TransferStep = { kind: "forward", splices: [] };
export const ANSWER: TransferStep = { kind: "answer" };

/** What an edit of the invitation needs to know of it. */
export function readOf({ part, verdict }: TransferMessage): Parameters<typeof redirectTransfer>[1] {
  return { part, decoded: verdict.inspection?.decoded };
}

/** A step that cannot be taken, though the rules allow it; its setting is "relay". */
export function refuse(
  { part, verdict }: TransferMessage,
  code: TransferRefusal,
  transfer?: Transfer,
  detail = "",
): Extract<TransferStep, { kind: "refuse" }> {
  const offer = verdict.inspection?.offers[0];
  const offered = offer && { name: offer.name, size: offer.size, declaredType: undefined };
  return {
    kind: "refuse",
    verdict: transferRefusal(code, detail, {
      inspection: verdict.inspection,
      file: transfer?.file ?? offered,
      cookie: part.invitation.cookie,
    }),
  };
}

/** The message was taken, or comes once more with credentials. */
export function isTaken(end: TransactionEnd): boolean {
  return isChallenge(end) || (end.status !== undefined && end.status < 300);
}
