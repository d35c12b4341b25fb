import type { Delivery } from "../journal/records.ts";
import type { TransactionEnd } from "../proxy/seams.ts";

/** What the end of a transaction means for the message that it carried. */
export function deliveryOf(end: TransactionEnd): Delivery {
  if (end.cause === "cancelled" || end.cause === "shutdown") return "abandoned";
  if (end.cause === "timeout" || end.cause === "unreachable" || end.status === undefined)
    return "failed";
  // RFC 3428 §7: 202 says accepted for delivery, not delivered.
  if (end.status === 202) return "forwarded";
  return end.status < 300 ? "delivered" : "refused";
}

/** The server asked for credentials: the same message will come again, and it is the same action (DESIGN §4). */
export function isChallenge(end: TransactionEnd): boolean {
  return end.cause === "answered" && (end.status === 401 || end.status === 407);
}
