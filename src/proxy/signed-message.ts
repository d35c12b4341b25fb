import { HeaderId } from "../wire/sip/header-names.ts";
import type { SipMessage } from "../wire/sip/message.ts";

/**
 * COMPAT(Live Communications Server, Office Communicator): with these schemes every message after the log-in is signed,
 * over CSeq, Call-ID, From and To among others; a client drops what comes without a signature.
 */
const SIGNING_SCHEME = /(?:^|,)\s*(?:NTLM|Kerberos|TLS-DSK)\s/i;

const SIGNATURE_FIELDS: readonly HeaderId[] = [
  HeaderId.ProxyAuthorization,
  HeaderId.Authorization,
  HeaderId.ProxyAuthenticationInfo,
  HeaderId.AuthenticationInfo,
];

/** Does this message bear credentials or authentication info of a scheme that signs? */
export function isSigned(message: SipMessage): boolean {
  for (const id of SIGNATURE_FIELDS) {
    for (let i = message.find(id); i >= 0; i = message.find(id, i + 1)) {
      if (SIGNING_SCHEME.test(message.valueAt(i))) return true;
    }
  }
  return false;
}
