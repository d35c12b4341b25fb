import type { TrueType } from "./true-type.ts";

const CONTAINER_GROUPS: ReadonlySet<string> = new Set([
  "archive",
  "installer",
  "disk-image",
  "office",
]);

/** Readers take a PDF whose first line stands within so many bytes (ISO 32000-1, Annex H.3.4.1). */
const PDF_WITHIN = 1024;

/** Of what is looked at for the fields of a mail. */
const MAIL_HEAD_BYTES = 8192;

/**
 * Whether a file is a container by its beginning: an archive, an office file, a PDF, a disk image, or a mail, whose parts
 * are encoded files. `head`: its first bytes, a megabyte of them where there are so many.
 */
export function beginsContainer(head: Buffer, type: TrueType | undefined): boolean {
  if (type !== undefined && CONTAINER_GROUPS.has(type.group)) return true;
  return head.subarray(0, PDF_WITHIN).includes("%PDF-") || isMail(head);
}

/** Fields of a mail (RFC 5322), one of them MIME's, before the first empty line; also MHTML, and mail in an mbox. */
function isMail(head: Buffer): boolean {
  const text = head.toString("latin1", 0, MAIL_HEAD_BYTES).replace(/^(?:\xef\xbb\xbf)?\s*/, "");
  if (!/^(?:From |>?From |[!-9;-~]{1,76}:)/.test(text)) return false;
  const fields = text.split(/\r?\n\r?\n/, 1)[0] ?? "";
  return /^(?:MIME-Version|Content-Type|Content-Transfer-Encoding)[ \t]*:/im.test(fields);
}
