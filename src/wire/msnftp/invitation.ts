/**
 * The invitations of the Live Communications Server dialect: `text/x-msmsgsinvite` and the header `ms-text-format` that may
 * carry one. Strict where clients differ: the known client splits at CRLF only, takes the first of two equal fields and stops
 * reading at the first line of two characters or fewer, others do otherwise; so all of that is a problem here.
 * It does not decide what an invitation is for, and it does not edit one.
 */
import { decodeText } from "../../content/charset.ts";
import { failed, ok, type Result } from "../../base/result.ts";

/** One invitation message. */
export interface Invitation {
  readonly command: "INVITE" | "ACCEPT" | "CANCEL";
  /** Invitation-Cookie, decimal as sent. */
  readonly cookie: string | undefined;
  /** Application-GUID in lower case, with its braces as sent. */
  readonly guid: string | undefined;
  /** Application-File as sent. */
  readonly fileName: string | undefined;
  /** Application-FileSize, bytes. */
  readonly fileSize: number | undefined;
  /** Every field: name in lower case, value without the blank after the colon. */
  readonly fields: ReadonlyMap<string, string>;
}

export interface InvitationProblem {
  readonly code: "broken-invitation";
  readonly detail: string;
}

const LINE = /^([A-Za-z0-9-]+):(?: ?([^\s](?:[^]*[^\s])?))?$/;
const COMMANDS: ReadonlySet<string> = new Set(["INVITE", "ACCEPT", "CANCEL"]);

/** Far more than a file name and the other fields of any client take. */
const MAX_INVITATION_BYTES = 8192;

/** Reads the body of an invitation. */
export function readInvitation(bytes: Buffer): Result<Invitation, InvitationProblem> {
  if (bytes.length > MAX_INVITATION_BYTES)
    return problem(`more than ${MAX_INVITATION_BYTES} bytes`);
  const decoded = decodeText(bytes, "utf-8");
  if (!decoded.ok) return problem("not valid UTF-8");
  const text = decoded.value.text;
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\0-\x09\x0b\x0c\x0e-\x1f\x7f\uFEFF\x85\u2028\u2029]/.test(text))
    return problem("a control character");
  if (/\r(?!\n)|(?<!\r)\n/.test(text)) return problem("a bare CR or LF");
  const lines = text.split("\r\n");
  while (lines.length > 0 && lines.at(-1) === "") lines.pop();
  const fields = new Map<string, string>();
  for (const line of lines) {
    if (line.length <= 2) return problem("a line of two characters or fewer before the end");
    const match = LINE.exec(line);
    if (match === null) return problem(`a line that is no field: ${line.slice(0, 60)}`);
    const name = (match[1] ?? "").toLowerCase();
    if (fields.has(name)) return problem(`${name} twice`);
    fields.set(name, match[2] ?? "");
  }
  return invitationOf(fields);
}

function invitationOf(fields: ReadonlyMap<string, string>): Result<Invitation, InvitationProblem> {
  const command = fields.get("invitation-command");
  if (command === undefined || !isCommand(command))
    return problem(`command ${command?.slice(0, 40) ?? "missing"}`);
  const cookie = fields.get("invitation-cookie");
  if (cookie !== undefined && !/^[0-9]{1,10}$/.test(cookie)) return problem("the cookie");
  const size = fields.get("application-filesize");
  if (size !== undefined && !/^(?:0|[1-9][0-9]{0,15})$/.test(size)) return problem("the file size");
  const fileSize = size === undefined ? undefined : Number(size);
  if (fileSize !== undefined && !Number.isSafeInteger(fileSize)) return problem("the file size");
  const guid = fields.get("application-guid")?.toLowerCase();
  return ok({ command, cookie, guid, fileName: fields.get("application-file"), fileSize, fields });
}

function isCommand(text: string): text is Invitation["command"] {
  return COMMANDS.has(text);
}

function problem(detail: string): Result<never, InvitationProblem> {
  return failed({ code: "broken-invitation", detail });
}
