/**
 * Why TLS did not come about, in words: what the peer is or did, and what helps. By OpenSSL's code (Node's `code`); what
 * is not known here keeps its own message.
 */
const REASONS: readonly (readonly [pattern: RegExp, words: string])[] = [
  [/^ERR_SSL_(HTTP_REQUEST|WRONG_VERSION_NUMBER|HTTPS_PROXY_REQUEST)$/, "it does not speak TLS"],
  [
    /UNSUPPORTED_PROTOCOL|UNSUPPORTED_SSL|ALERT_PROTOCOL_VERSION/,
    "it does not speak TLS 1.2 or 1.3",
  ],
  [/NO_SHARED_CIPHER|HANDSHAKE_FAILURE/, "no cipher, or no certificate, that both sides accept"],
  [
    /PEER_DID_NOT_RETURN_A_CERTIFICATE/,
    "it showed no certificate, and tls.client_cert asks for one",
  ],
  [/ALERT_CERTIFICATE_REQUIRED/, "it asks for a certificate of ours (tls.cert)"],
  [
    /ALERT_UNKNOWN_CA/,
    "it does not know the authority of our certificate: is the chain in tls.cert?",
  ],
  [/ALERT_CERTIFICATE_EXPIRED/, "it says that our certificate has expired"],
  [
    /ALERT_(BAD_CERTIFICATE|CERTIFICATE_UNKNOWN|UNSUPPORTED_CERTIFICATE)/,
    "it does not accept our certificate",
  ],
  [/^CERT_HAS_EXPIRED$/, "its certificate has expired"],
  [/^CERT_NOT_YET_VALID$/, "its certificate is not valid yet: are the clocks right?"],
  [
    /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_.*|CERT_UNTRUSTED|CERT_SIGNATURE_FAILURE)$/,
    "its certificate is of an authority that we do not know, or its chain is not whole (tls.ca)",
  ],
  [/^INVALID_PURPOSE$/, "its certificate is not made for this use"],
];

/** OpenSSL's own words in a message of Node's, which may bear the code of the system alone (EPROTO). */
const OPENSSL = /:error:[0-9A-F]+:[^:]*:[^:]*:([^:]+):/;

/** The words for an error of a TLS socket. */
export function tlsReason(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  const said = OPENSSL.exec(error.message)?.[1];
  const names = [code, said && `ERR_SSL_${said.toUpperCase().replaceAll(" ", "_")}`];
  for (const [pattern, words] of REASONS) {
    if (names.some((name) => name !== undefined && pattern.test(name))) return words;
  }
  return said ?? error.message.trim();
}
