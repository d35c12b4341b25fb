import { failed, ok, type Result } from "../../base/result.ts";
import { msnftpProblem, type MsnftpProblem } from "./msnftp-problem.ts";

/** One control line of a connection that carries a file (lcs.md B4). */
export type ControlLine =
  | { readonly kind: "VER"; readonly protocols: readonly string[] }
  | { readonly kind: "USR"; readonly user: string; readonly authCookie: string }
  | { readonly kind: "FIL"; readonly size: number }
  | { readonly kind: "TFR" }
  | { readonly kind: "BYE"; readonly code: number }
  | { readonly kind: "CCL" }
  | { readonly kind: "MAC"; readonly mac: string };

/** What VER agrees on: encrypted with a MAC at the end, or all of it in clear (lcs.md B4). */
export type FileProtocol = "MSN_SECURE_FTP" | "MSNFTP";

/** The protocol of a transfer, by whether the receiver's ACCEPT gave keys. */
export function protocolFor(keys: object | undefined): FileProtocol {
  return keys === undefined ? "MSNFTP" : "MSN_SECURE_FTP";
}

const VERSION = /^VER((?: [!-~]{1,32}){1,6})$/;
const USER = /^USR ([!-~]+) (\d{1,10})$/;
const SIZE = /^FIL (0|[1-9]\d{0,15})$/;
const BYE = /^BYE (\d{1,10})$/;
// eslint-disable-next-line no-control-regex -- the NUL belongs to the line: the known client compares the text before it
const MAC = /^MAC ([A-Za-z0-9+/]{27}=)\0$/;

/**
 * Reads one line, without its CR LF. Strict: one blank between words, no leading zero in a size, the NUL of MAC required.
 *
 * @example readControlLine("FIL 27") // { ok: true, value: { kind: "FIL", size: 27 } }
 */
export function readControlLine(line: string): Result<ControlLine, MsnftpProblem> {
  if (line === "TFR") return ok({ kind: "TFR" });
  if (line === "CCL") return ok({ kind: "CCL" });
  const [, protocols] = VERSION.exec(line) ?? [];
  if (protocols !== undefined) return ok({ kind: "VER", protocols: protocols.slice(1).split(" ") });
  const [, user, authCookie] = USER.exec(line) ?? [];
  if (user !== undefined && authCookie !== undefined) return ok({ kind: "USR", user, authCookie });
  const [, size] = SIZE.exec(line) ?? [];
  if (size !== undefined) return ok({ kind: "FIL", size: Number(size) });
  const [, code] = BYE.exec(line) ?? [];
  if (code !== undefined) return ok({ kind: "BYE", code: Number(code) });
  const [, mac] = MAC.exec(line) ?? [];
  if (mac !== undefined) return ok({ kind: "MAC", mac });
  const isMac = line.startsWith("MAC ");
  return failed(msnftpProblem(isMac ? "bad-mac" : "bad-line", line.slice(0, 40)));
}

/** Writes one line with its CR LF, and MAC with the NUL before it. */
export function serializeControlLine(line: ControlLine): Buffer {
  return Buffer.from(`${textOf(line)}\r\n`, "latin1");
}

function textOf(line: ControlLine): string {
  switch (line.kind) {
    case "VER":
      return `VER ${line.protocols.join(" ")}`;
    case "USR":
      return `USR ${line.user} ${line.authCookie}`;
    case "FIL":
      return `FIL ${line.size}`;
    case "BYE":
      return `BYE ${line.code}`;
    case "MAC":
      return `MAC ${line.mac}\0`;
    case "TFR":
    case "CCL":
      return line.kind;
  }
}
