import { createHmac, randomBytes } from "node:crypto";
import { uriOf } from "./sip-dialog.ts";
import { SipText } from "./sip-text.ts";

/** The schemes of the LCS family that sign every message once a client has logged in (lcs.md B1.9). */
export type SigningScheme = "NTLM" | "Kerberos" | "TLS-DSK";

const REALM = "SIP Communications Service";
const TARGET = "server.example.test";

interface Names {
  /** Field that bears the signature. */
  readonly field: string;
  readonly rand: string;
  readonly num: string;
  readonly signature: string;
}

const CLIENT: Names = {
  field: "Proxy-Authorization",
  rand: "crand",
  num: "cnum",
  signature: "response",
};
const SERVER: Names = {
  field: "Proxy-Authentication-Info",
  rand: "srand",
  num: "snum",
  signature: "rspauth",
};

/**
 * What a client and its server share after the log-in: either signs its messages over the fields of lcs.md B1.9, the
 * other checks. A keyed HMAC stands in for the signature of NTLM; the fields and their places are those of the dialect.
 */
export class SecurityAssociation {
  readonly #scheme: SigningScheme;
  readonly #key = randomBytes(16);
  #number = 0;

  constructor(scheme: SigningScheme) {
    this.#scheme = scheme;
  }

  signedByClient(bytes: Buffer): Buffer {
    return this.#signed(bytes, CLIENT);
  }

  signedByServer(bytes: Buffer): Buffer {
    return this.#signed(bytes, SERVER);
  }

  isByClient(message: SipText): boolean {
    return this.#isSigned(message, CLIENT);
  }

  isByServer(message: SipText): boolean {
    return this.#isSigned(message, SERVER);
  }

  #signed(bytes: Buffer, names: Names): Buffer {
    this.#number += 1;
    const rand = randomBytes(4).toString("hex");
    const num = String(this.#number);
    const signature = this.#signature(new SipText(bytes), rand, num);
    const value =
      `${this.#scheme} qop="auth", realm="${REALM}", targetname="${TARGET}", opaque="sa", ` +
      `${names.rand}="${rand}", ${names.num}="${num}", ${names.signature}="${signature}"`;
    const end = bytes.indexOf("\r\n\r\n") + 2;
    const line = Buffer.from(`${names.field}: ${value}\r\n`, "latin1");
    return Buffer.concat([bytes.subarray(0, end), line, bytes.subarray(end)]);
  }

  #isSigned(message: SipText, names: Names): boolean {
    const values = message.all(names.field.toLowerCase());
    const [value = ""] = values;
    const param = (name: string): string =>
      new RegExp(`\\b${name}="([^"]*)"`).exec(value)?.[1] ?? "";
    const right = this.#signature(message, param(names.rand), param(names.num));
    return (
      values.length === 1 &&
      value.startsWith(`${this.#scheme} `) &&
      param(names.signature) === right
    );
  }

  /** Neither the body nor what describes it is covered. */
  #signature(message: SipText, rand: string, num: string): string {
    const party = (name: string): readonly [string, string] => {
      const value = message.header(name) ?? "";
      return [uriOf(value), /;\s*tag=([^;\s]+)/i.exec(value)?.[1] ?? ""];
    };
    const [number = "", method = ""] = (message.header("cseq") ?? "").split(/\s+/);
    const asserted = message.all("p-asserted-identity").map(uriOf);
    const parts = [
      this.#scheme,
      rand,
      num,
      REALM,
      TARGET,
      message.callId,
      number,
      method,
      ...party("from"),
      ...party("to"),
      asserted.find((uri) => uri.startsWith("sip:")) ?? "",
      asserted.find((uri) => uri.startsWith("tel:")) ?? "",
      message.header("expires") ?? "",
      ...(message.isRequest ? [] : [String(message.status)]),
    ];
    return createHmac("sha256", this.#key)
      .update(parts.map((part) => `<${part}>`).join(""))
      .digest("hex");
  }
}
