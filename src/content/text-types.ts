import { scriptLanguage } from "./script-marks.ts";
import type { TrueType } from "./true-type.ts";

/** Of a text so much is read from its beginning, and of its end, where a long comment stands before the program. */
const TEXT_BYTES = 64 * 1024;
const SAMPLE_BYTES = 4096;

interface Mark extends TrueType {
  /** At the beginning of the text, in small letters, blanks before it taken off. */
  readonly begins: RegExp;
}

/** Texts that say by their beginning what they are. */
const MARKS: readonly Mark[] = [
  mark(/^#!.{0,200}\bpython/, "text/x-python", "script"),
  mark(/^#!.{0,200}\bperl/, "text/x-perl", "script"),
  mark(/^#!.{0,200}\b(?:node|deno|bun)\b/, "text/javascript", "script"),
  mark(/^#!.{0,200}\bruby/, "text/x-ruby", "script"),
  mark(/^#!.{0,200}\bphp/, "text/x-php", "script"),
  mark(/^#!.{0,200}sh\b/, "text/x-shellscript", "script"),
  mark(/^#!/, "text/x-script", "script"),
  mark(/^<\?(?:php|=)/, "text/x-php", "script"),
  mark(/^<%@?\s*(?:page|language|webhandler)|^<%/, "text/x-server-page", "script"),
  mark(/^#@~\^/, "text/x-encoded-script", "script"),
  mark(/^windows registry editor version |^regedit4\b/, "text/x-ms-regedit", "script"),
  mark(
    /^\[version\][^\S\n]*\n\s*(?=\S)[^[]{0,400}signature\s*=/,
    "application/x-setupscript",
    "script",
  ),
  mark(/^\[internetshortcut\]/, "application/x-url-shortcut", "shortcut"),
  mark(/^\[desktop entry\]/, "application/x-desktop", "shortcut"),
  mark(/^\[shell\][^\S\n]*\n\s*command\s*=/, "application/x-shell-command-file", "shortcut"),
  mark(/^(?:screen mode id|full address):[is]:/, "application/x-rdp", "shortcut"),
  mark(/^web\r?\n1\r?\n/, "application/x-internet-query", "office"),
  mark(/^id;p/, "application/x-sylk", "office"),
  mark(/^\{\\rt/, "application/rtf", "office"),
  mark(/^%pdf-/, "application/pdf", "document"),
  mark(/^%!ps/, "application/postscript", "document"),
  mark(/^bplist00/, "application/x-bplist", "document"),
  mark(/^(?:begin|begin-base64) [0-7]{3,4} \S/, "text/x-uuencode", "archive"),
  mark(/^\(this file must be converted with binhex/, "application/mac-binhex40", "archive"),
  mark(/^=ybegin line=/, "application/x-yenc", "archive"),
  mark(/^begin:vcard/, "text/vcard", "document"),
  mark(/^begin:vcalendar/, "text/calendar", "document"),
];

/** Documents of XML and HTML by an element or a doctype near their beginning. */
const ELEMENTS: readonly Mark[] = [
  mark(/<!doctype plist|<plist[\s>]/, "application/x-plist", "document"),
  mark(/<hta:application/, "application/hta", "script"),
  mark(/^[^]{0,400}<(?:job|package)[\s>][^]{0,2000}<script[\s>]/, "text/x-wsf", "script"),
  mark(
    /^[^]{0,400}<(?:scriptlet[\s>]|component[\s>][^]{0,2000}<(?:script|registration|public)[\s>])/,
    "text/x-scriptlet",
    "script",
  ),
  mark(/<(?:xsl:stylesheet|xsl:transform|stylesheet)[\s>]/, "application/xslt+xml", "script"),
  mark(/<mmc_consolefile[\s>]/, "application/x-mmc-console", "script"),
  mark(
    /<(?:librarydescription|persistedquery|searchconnectordescription)[\s>]/,
    "application/x-ms-library",
    "shortcut",
  ),
  mark(/<pcsettings[\s>]/, "application/x-ms-settingcontent", "shortcut"),
  mark(
    /<(?:asmv1:|asmv2:)?assembly[\s>]|<deployment[\s>]/,
    "application/x-ms-application",
    "installer",
  ),
  mark(/<jnlp[\s>]/, "application/x-java-jnlp-file", "installer"),
  mark(/<svg[\s>]|<!doctype svg/, "image/svg+xml", "script"),
];

/**
 * What a file is if it is text, or begins like one: markup, a script, a shortcut, a plain text. None: it is binary.
 *
 * @param head The beginning of the file.
 * @param tail Its end; empty when the head is all of it.
 */
export function textTypes(head: Buffer, tail: Buffer): readonly TrueType[] {
  const text = decoded(head);
  if (text === undefined) return [];
  const lower = `${text}\n${decoded(tail) ?? ""}`.replace(/^[\uFEFF\s\0]+/, "").toLowerCase();
  const marked = MARKS.find(({ begins }) => begins.test(lower));
  if (marked !== undefined) return [typeOf(marked)];
  if (lower.includes("<?php")) return [{ type: "text/x-php", group: "script" }];
  const markup = markupType(lower);
  if (markup !== undefined) return [markup];
  if (isMail(lower)) return [{ type: "message/rfc822", group: "document" }];
  if (ENCODED_FILE.test(lower)) return [{ type: "text/x-uuencode", group: "archive" }];
  const script = scriptLanguage(lower);
  if (script !== undefined) return [{ type: script, group: "script" }];
  return lower === "" ? [] : [{ type: "text/plain", group: "text" }];
}

/** The group of a type that is known by its text. */
export function groupOfTextType(type: string): TrueType["group"] | undefined {
  return [...MARKS, ...ELEMENTS].find((one) => one.type === type)?.group;
}

function markupType(lower: string): TrueType | undefined {
  if (!/^<[!?a-z]/.test(lower)) {
    // Readers look for HTML behind some text too.
    return /<script[\s>]|<html[\s>]/.test(lower.slice(0, 4096)) ? htmlType(lower) : undefined;
  }
  const beginning = lower.slice(0, 8192);
  const element = ELEMENTS.find(({ begins }) => begins.test(beginning));
  if (element !== undefined && !isDrawingInPage(element, beginning)) return typeOf(element);
  if (
    /<!doctype html|<html[\s>]|<(?:head|body|script|iframe|meta|title|div|table|a|p|img|form|object|embed|style|center|font)[\s>]/.test(
      beginning,
    )
  )
    return htmlType(lower);
  return { type: "text/xml", group: lower.includes("<script") ? "script" : "text" };
}

/** A file that some readers unpack from the text around it. */
const ENCODED_FILE = /^(?:begin|begin-base64) [0-7]{3,4} \S[^\n]{0,250}\r?\n\S/m;

/** Fields of a mail (RFC 5322), one of them its sender or MIME's, before the first empty line. */
function isMail(lower: string): boolean {
  if (!/^(?:from |>from |[!-9;-~]{1,76}:[ \t])/.test(lower)) return false;
  const fields = lower.slice(0, 16_384).split(/\r?\n\r?\n/, 1)[0] ?? "";
  return /^(?:mime-version|content-type|content-transfer-encoding|received|return-path)[ \t]*:/m.test(
    fields,
  );
}

/** Markup with a drawing in it is no drawing. */
function isDrawingInPage({ type, begins }: Mark, beginning: string): boolean {
  if (type !== "image/svg+xml") return false;
  const page = beginning.search(/<!doctype html|<html[\s>]|<body[\s>]/);
  return page >= 0 && page < beginning.search(begins);
}

/** With a script in it, it is a program for who opens it from a disk. */
function htmlType(lower: string): TrueType {
  const active =
    /<script[\s>/]|<hta:application|javascript:|vbscript:|data:application\/|<(?:object|embed|applet)\s/.test(
      lower,
    );
  return { type: "text/html", group: active ? "script" : "document" };
}

/** As UTF-8, UTF-16 or, where it is neither, latin1; undefined: it holds what no text holds. */
function decoded(bytes: Buffer): string | undefined {
  const piece = bytes.subarray(0, TEXT_BYTES);
  if (piece.length === 0) return undefined;
  const order = wideOrder(piece);
  if (order !== undefined) {
    const even = piece.subarray(0, piece.length & ~1);
    return (order === "le" ? even : Buffer.from(even).swap16()).toString("utf16le");
  }
  return isText(piece.subarray(0, SAMPLE_BYTES)) ? piece.toString("utf8") : undefined;
}

/** UTF-16 by its mark, or because every other byte of the first letters is zero. */
function wideOrder(bytes: Buffer): "le" | "be" | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "be";
  if (bytes.length < 16) return undefined;
  const zeros = [0, 0];
  for (let i = 0; i < 16; i++) if (bytes[i] === 0) zeros[i & 1] = (zeros[i & 1] ?? 0) + 1;
  if (zeros[1] === 8 && zeros[0] === 0) return "le";
  return zeros[0] === 8 && zeros[1] === 0 ? "be" : undefined;
}

/** Without control characters, but for those of lines, pages and terminals. */
function isText(bytes: Buffer): boolean {
  return bytes.every((byte) => byte >= 0x20 || (byte >= 0x07 && byte <= 0x0d) || byte === 0x1b);
}

function typeOf({ type, group }: Mark): TrueType {
  return { type, group };
}

function mark(begins: RegExp, type: string, group: TrueType["group"]): Mark {
  return { begins, type, group };
}
