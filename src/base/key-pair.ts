import { createPrivateKey, X509Certificate, type KeyObject } from "node:crypto";
import { readAltNames } from "./alt-names.ts";
import { failed, ok, type Result } from "./result.ts";

/** A certificate with its key, as they stand in two PEM files. */
export interface KeyPair {
  /** The certificate and the chain that follows it. */
  readonly cert: Buffer;
  readonly key: Buffer;
  /** Host names of the certificate, in lower case; "*.example.com" as written. */
  readonly names: readonly string[];
  /** Wall clock, milliseconds since 1970. */
  readonly validFrom: number;
  readonly validTo: number;
}

/** Which of the two files is wrong, and what to do. */
export interface KeyPairProblem {
  readonly part: "cert" | "key";
  /** Follows on the name of the file. */
  readonly message: string;
  readonly hint: string | undefined;
}

/** Reads a certificate (the first of its file is ours) and its key, and tells whether they belong together. */
export function readKeyPair(cert: Buffer, key: Buffer): Result<KeyPair, KeyPairProblem> {
  const certificate = readCertificate(cert);
  if (certificate === undefined) {
    const hint = "it begins with -----BEGIN CERTIFICATE-----, the chain follows on it";
    return failed({ part: "cert", message: "holds no certificate in PEM", hint });
  }
  const secret = readKey(key);
  if (!secret.ok) return secret;
  if (!certificate.checkPrivateKey(secret.value)) {
    const hint = "its own certificate comes first in a file with a chain";
    return failed({ part: "key", message: "is not the key of the certificate", hint });
  }
  return ok({
    cert,
    key,
    names: readAltNames(certificate.subjectAltName).dns,
    validFrom: certificate.validFromDate.getTime(),
    validTo: certificate.validToDate.getTime(),
  });
}

/** Is there at least one certificate in PEM (a bundle of authorities)? */
export function holdsCertificate(pem: Buffer): boolean {
  return readCertificate(pem) !== undefined;
}

function readCertificate(pem: Buffer): X509Certificate | undefined {
  try {
    return pem.includes("-----BEGIN ") ? new X509Certificate(pem) : undefined;
  } catch {
    return undefined;
  }
}

function readKey(pem: Buffer): Result<KeyObject, KeyPairProblem> {
  if (pem.includes("ENCRYPTED")) {
    const message = "is protected by a passphrase";
    const hint =
      "nobody is there to type it: store the key without, readable for the gateway alone";
    return failed({ part: "key", message, hint });
  }
  try {
    return ok(createPrivateKey(pem));
  } catch {
    const hint = "it begins with -----BEGIN PRIVATE KEY-----";
    return failed({ part: "key", message: "holds no private key in PEM", hint });
  }
}
