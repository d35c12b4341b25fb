import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import PostalMime from "postal-mime";
import type { SipRequest } from "../../src/wire/sip/message.ts";

/** A part of a mail as a reader that we did not write finds it. */
export interface FoundPart {
  /** "" when there is none. */
  readonly name: string;
  /** Shown as text rather than offered as a file. */
  readonly text: boolean;
  readonly content: Buffer;
}

/** Reads a mail with postal-mime, which mends what it can. */
export async function readByPostalMime(mail: Buffer): Promise<readonly FoundPart[]> {
  try {
    const { text = "", html = "", attachments } = await PostalMime.parse(mail);
    return [
      ...[text, html].map((shown) => ({ name: "", text: true, content: Buffer.from(shown) })),
      ...attachments.map(({ filename, content }) => ({
        name: filename ?? "",
        text: false,
        content:
          typeof content === "string" ? Buffer.from(content) : Buffer.from(content as ArrayBuffer),
      })),
    ];
  } catch {
    return []; // nested too deep for it
  }
}

const SCRIPT = fileURLToPath(new URL("read-mails.py", import.meta.url));

/** Reads mails with Python's email package; undefined where there is no python3. */
export function readByPython(
  mails: readonly Buffer[],
): readonly (readonly FoundPart[])[] | undefined {
  const input = JSON.stringify(mails.map((mail) => mail.toString("base64")));
  const run = spawnSync("python3", [SCRIPT], { input, maxBuffer: 1 << 28, timeout: 120_000 });
  if (run.error !== undefined) return undefined;
  if (run.status !== 0) throw new Error(run.stderr.toString());
  const read = JSON.parse(run.stdout.toString()) as readonly (readonly PythonPart[])[];
  return read.map((parts) =>
    parts.map(({ name, type, content }) => ({
      name,
      text: type.startsWith("text/") && name === "",
      content: Buffer.from(content, "base64"),
    })),
  );
}

interface PythonPart {
  readonly name: string;
  readonly type: string;
  readonly content: string;
}

/** A message as a reader of mail gets it: no such reader knows CPIM, so it is given what stands in it. */
export function asMail(message: SipRequest): Buffer {
  const field = message.findName("content-type");
  const type = field < 0 ? "text/plain" : message.valueAt(field);
  const head = Buffer.from(`Content-Type: ${type}\r\n\r\n`, "latin1");
  const mail = Buffer.concat([head, message.body]);
  return /^message\/cpim/i.test(type) ? insideCpim(mail) : mail;
}

/** What stands in the message/cpim that a mail is. */
export function insideCpim(mail: Buffer): Buffer {
  const outer = mail.indexOf("\r\n\r\n");
  return mail.subarray(mail.indexOf("\r\n\r\n", outer + 4) + 4);
}
