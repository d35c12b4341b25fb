import { describe, expect, it } from "vitest";
import { tlsReason } from "./tls-reason.ts";

function reasonOf(message: string, code?: string): string {
  return tlsReason(Object.assign(new Error(message), code === undefined ? {} : { code }));
}

const WHERE = "../deps/openssl/openssl/ssl/record/methods/tlsany_meth.c:77:\n";

describe("tlsReason", () => {
  it.each([
    ["x", "ERR_SSL_HTTP_REQUEST", "it does not speak TLS"],
    ["certificate has expired", "CERT_HAS_EXPIRED", "its certificate has expired"],
    [
      "x",
      "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED",
      "it asks for a certificate of ours (tls.cert)",
    ],
    [
      `write EPROTO 40CD:error:0A00010B:SSL routines:tls_validate_record_header:wrong version number:${WHERE}`,
      "EPROTO",
      "it does not speak TLS",
    ],
  ])("says of %s (%s): %s", (message, code, reason) => {
    expect(reasonOf(message, code)).toBe(reason);
  });

  it("gives the words of OpenSSL or of the system where it has none of its own", () => {
    const message = `40FD:error:0C80009E:Provider routines:parse_pubkey:invalid key:${WHERE}`;
    expect(reasonOf(message, "ERR_OSSL_INVALID_KEY")).toBe("invalid key");
    expect(reasonOf("read ECONNRESET", "ECONNRESET")).toBe("read ECONNRESET");
    expect(reasonOf("its certificate names b, not a")).toBe("its certificate names b, not a");
  });
});
