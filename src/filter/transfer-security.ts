import type { TransferRefusal } from "./transfer-refusal.ts";
import type { Agreement, SipLeg } from "./transfer.ts";

/**
 * How well a file must be protected on its way (`relay.msnftp.security`, decision 052). `any`: in clear too, everywhere.
 * `as_sip`: in clear only between peers whose SIP runs in clear. `encrypted`: never in clear. `high`: nor with keys that
 * came in clear, so that SIP has to come by TLS.
 */
export type TransferSecurity = "any" | "as_sip" | "encrypted" | "high";

/** Why something is not well enough protected. */
export interface Weakness {
  readonly code: Extract<TransferRefusal, "not-by-tls" | "unencrypted">;
  /** For the record. */
  readonly detail: string;
}

/**
 * What a leg forbids; undefined: nothing.
 *
 * @param agreed undefined: it is not known yet whether there will be keys
 * @example weaknessOf({ overTls: true, security: "as_sip" }, { keys: undefined }) // unencrypted
 */
export function weaknessOf(leg: SipLeg, agreed: Agreement | undefined): Weakness | undefined {
  const { overTls, security } = leg;
  if (security === "high" && !overTls)
    return { code: "not-by-tls", detail: "high security, and SIP did not come by TLS" };
  if (agreed === undefined || agreed.keys !== undefined || security === "any") return undefined;
  if (security !== "as_sip")
    return { code: "unencrypted", detail: `in clear, where ${security} transfers are asked for` };
  return overTls
    ? { code: "unencrypted", detail: "in clear, for a peer whose SIP came by TLS" }
    : undefined;
}
