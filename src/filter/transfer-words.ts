import { disguisedPort } from "../wire/msnftp/disguised-port.ts";
import type { MeetingPlace } from "./transfer.ts";

/** Content-Type of what we write in a dialog of two peers. */
export const INVITATION_TYPE = "text/x-msmsgsinvite; charset=UTF-8";

/** The transfer has failed (lcs.md E7), or never began (`FAIL`). */
export function cancelText(cookie: string, code: "FTTIMEOUT" | "FAIL" = "FTTIMEOUT"): Buffer {
  return textOf([
    "Invitation-Command: CANCEL",
    `Invitation-Cookie: ${cookie}`,
    `Cancel-Code: ${code}`,
  ]);
}

/** The ACCEPT of a sender that listens (lcs.md E5a), in the name of one that does not: we listen for it. */
export function acceptText(cookie: string, { address, port, authCookie }: MeetingPlace): Buffer {
  return textOf([
    "Invitation-Command: ACCEPT",
    "Request-Data: IP-Address:",
    `Invitation-Cookie: ${cookie}`,
    `IP-Address: ${address}`,
    `Port: ${port}`,
    `PortX: ${disguisedPort(port)}`,
    `AuthCookie: ${authCookie}`,
  ]);
}

function textOf(lines: readonly string[]): Buffer {
  return Buffer.from(`${lines.join("\r\n")}\r\n`, "latin1");
}
