import { randomInt } from "node:crypto";
import type { FileKeys } from "./msnftp-cipher.ts";
import type { Address } from "./sip-socket.ts";
import type { SipText } from "./sip-text.ts";

/**
 * Invitations of the LCS dialect (lcs.md B2) as a second reader sees them: written by hand, read by splitting lines, and
 * sharing nothing with src/wire/msnftp.
 */
export const INVITATION_TYPE = "text/x-msmsgsinvite; charset=UTF-8";
const FILE_TRANSFER = "{5D3E02AB-6190-11d3-BBBB-00C04F795683}";

type Field = readonly [string, string];

/** One invitation as it arrived. */
export class InvitationText {
  readonly text: string;
  readonly fields: readonly Field[];

  constructor(text: string) {
    this.text = text;
    this.fields = text
      .split("\r\n")
      .filter((line) => line !== "")
      .map((line) => {
        const colon = line.indexOf(":");
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      });
  }

  /** First value of that name, any case. */
  field(name: string): string | undefined {
    return this.fields.find(([one]) => one === name.toLowerCase())?.[1];
  }

  get command(): string {
    return this.field("Invitation-Command") ?? "";
  }

  get cookie(): string {
    return this.field("Invitation-Cookie") ?? "";
  }

  get file(): { readonly name: string; readonly size: number } {
    const size = Number(this.field("Application-FileSize"));
    return { name: this.field("Application-File") ?? "", size };
  }

  /** Of a CANCEL. */
  get cancelCode(): string | undefined {
    return this.field("Cancel-Code");
  }

  /** What the receiver of the file has chosen; undefined: no encryption. */
  get keys(): FileKeys | undefined {
    const encryptionKey = this.field("Encryption-Key");
    const hashKey = this.field("Hash-Key");
    return encryptionKey === undefined || hashKey === undefined
      ? undefined
      : { encryptionKey, hashKey };
  }

  /** Where to connect to; undefined: there is no address in it. */
  get address(): (Address & { readonly portX: number; readonly authCookie: string }) | undefined {
    const address = this.field("IP-Address");
    if (address === undefined) return undefined;
    return {
      address,
      port: Number(this.field("Port")),
      portX: Number(this.field("PortX")),
      authCookie: this.field("AuthCookie") ?? "",
    };
  }
}

/** The invitation in a MESSAGE, or in the header of an INVITE; undefined: there is none. */
export function invitationIn(request: SipText): InvitationText | undefined {
  if (/^text\/x-msmsgsinvite\b/i.test(request.header("content-type") ?? "")) {
    return new InvitationText(request.text);
  }
  const header = request.header("ms-text-format") ?? "";
  const body = /^text\/x-msmsgsinvite\b.*;\s*ms-body=(.*)$/i.exec(header)?.[1];
  return body === undefined
    ? undefined
    : new InvitationText(Buffer.from(body, "base64").toString("utf8"));
}

export interface OfferedFile {
  readonly name: string;
  readonly bytes: Buffer;
}

/** lcs.md E3; with `behindNat` as in B3. */
export function fileInvitation(
  cookie: string,
  file: { readonly name: string; readonly size: number },
  options: { readonly behindNat?: boolean; readonly encryption?: string | undefined } = {},
): string {
  const encryption = "encryption" in options ? options.encryption : "R";
  return lines([
    ["Application-Name", "File Transfer"],
    ["Application-GUID", FILE_TRANSFER],
    ["Invitation-Command", "INVITE"],
    ["Invitation-Cookie", cookie],
    ["Application-File", file.name],
    ["Application-FileSize", String(file.size)],
    ...(options.behindNat === true ? ([["Connectivity", "N"]] as const) : []),
    ...(encryption === undefined ? [] : ([["Encryption", encryption]] as const)),
  ]);
}

/** What a side that listens says of itself. */
export interface ListeningAt extends Address {
  readonly authCookie: string;
  /** Also names it as IP-Address-Internal and PortX-Internal, as some clients do. */
  readonly internal?: boolean;
}

/** lcs.md E4, E5a, E8. */
export function acceptance(
  cookie: string,
  parts: {
    readonly keys?: FileKeys | undefined;
    readonly at?: ListeningAt;
    readonly senderConnects?: boolean;
  },
): string {
  const { keys, at } = parts;
  return lines([
    ["Invitation-Command", "ACCEPT"],
    ["Request-Data", "IP-Address:"],
    ["Invitation-Cookie", cookie],
    ...(keys === undefined
      ? []
      : ([
          ["Encryption-Key", keys.encryptionKey],
          ["Hash-Key", keys.hashKey],
        ] as const)),
    ...(at === undefined ? [] : addressFields(at)),
    ...(parts.senderConnects === true ? ([["Sender-Connect", "TRUE"]] as const) : []),
  ]);
}

function addressFields(at: ListeningAt): readonly Field[] {
  const portX = String(disguised(at.port));
  return [
    ["IP-Address", at.address],
    ...(at.internal === true ? ([["IP-Address-Internal", at.address]] as const) : []),
    ["Port", String(at.port)],
    ["PortX", portX],
    ...(at.internal === true ? ([["PortX-Internal", portX]] as const) : []),
    ["AuthCookie", at.authCookie],
  ];
}

/** lcs.md E7. */
export function cancellation(cookie: string, code: string): string {
  return lines([
    ["Invitation-Command", "CANCEL"],
    ["Invitation-Cookie", cookie],
    ["Cancel-Code", code],
  ]);
}

/** PortX for a port, and back. */
export function disguised(port: number): number {
  return port ^ 0x3141;
}

/** Nine digits, as long as they can be. */
export function freshCookie(): string {
  return String(randomInt(100_000_000, 1_000_000_000));
}

function lines(fields: readonly Field[]): string {
  return fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
}
