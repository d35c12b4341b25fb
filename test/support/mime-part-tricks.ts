/**
 * Header fields and contents of one body part that MIME readers are known to read differently, each as a change of an honest part.
 * Text is latin1: one character a byte.
 */

/** An honest part, before a trick is played with it. */
export interface HonestPart {
  readonly type: string;
  readonly disposition: string;
  /** The name in `disposition`. */
  readonly fileName: string;
  readonly encoding: "base64" | "7bit";
  /** As it stands in the part, encoded. */
  readonly content: string;
  /** The same, not encoded. */
  readonly plain: string;
}

/** Header lines and content of a part after a trick. */
export interface TrickedPart {
  readonly lines: readonly string[];
  readonly content: string;
}

export interface PartTrick {
  readonly name: string;
  readonly play: (part: HonestPart) => TrickedPart;
}

function honestLines(part: HonestPart): readonly [string, string, string] {
  return [
    `Content-Type: ${part.type}`,
    `Content-Transfer-Encoding: ${part.encoding}`,
    `Content-Disposition: ${part.disposition}`,
  ];
}

/** As an honest client writes it. */
export function honestPart(part: HonestPart): TrickedPart {
  return { lines: honestLines(part), content: part.content };
}

/** Tricks with the header lines; each gets type, encoding and disposition lines. */
const LINE_TRICKS: Readonly<
  Record<string, (type: string, encoding: string, disposition: string) => readonly string[]>
> = {
  "type twice, harmless first": (t, e, d) => ["Content-Type: text/plain", t, e, d],
  "type twice, harmless last": (t, e, d) => [t, e, d, "Content-Type: text/plain"],
  "type twice, in another case": (t, e, d) => [t, e, d, "CONTENT-TYPE: text/plain"],
  "encoding twice, 7bit first": (t, e, d) => [t, "Content-Transfer-Encoding: 7bit", e, d],
  "encoding twice, 7bit last": (t, e, d) => [t, e, "Content-Transfer-Encoding: 7bit", d],
  "encoding twice, quoted-printable last": (t, e, d) => [
    t,
    e,
    d,
    "content-transfer-encoding: quoted-printable",
  ],
  "disposition twice, inline first": (t, e, d) => ["Content-Disposition: inline", t, e, d],
  "disposition twice, inline last": (t, e, d) => [t, e, d, "Content-Disposition: inline"],
  "blank before the colon": (t, e, d) => [t, e.replace(":", " :"), d.replace(":", " :")],
  "tab before the colon": (t, e, d) => [t.replace(":", "\t:"), e.replace(":", "\t:"), d],
  "no blank after the colon": (t, e, d) => [t, e, d].map((line) => line.replace(": ", ":")),
  "upper case": (t, e, d) => [t.toUpperCase(), e.toUpperCase(), d],
  "a line without a colon": (t, e, d) => [t, "junk", e, d],
  "a line without a name": (t, e, d) => [t, ": junk", e, d],
  "a line that is only a blank": (t, e, d) => [t, " ", e, d],
  "a line that is only a tab": (t, e, d) => [t, "\t", e, d],
  "a blank line first": (t, e, d) => ["", t, e, d],
  "a blank line between": (t, e, d) => [t, "", e, d],
  "lines that begin with a blank": (t, e, d) => [` ${t}`, ` ${e}`, ` ${d}`],
  "folded after each colon": (t, e, d) => [t, e, d].map((line) => line.replace(": ", ":\r\n ")),
  "folded inside the value": (t, e, d) => [t, e, d.replace("; ", ";\r\n\t")],
  "folded inside the name": (t, e, d) => [
    t,
    e,
    d.replace("Content-Disposition", "Content-\r\n Disposition"),
  ],
  "folded with a blank line": (t, e, d) => [t, e, d.replace("; ", ";\r\n \r\n ")],
  "line feeds alone": (t, e, d) => [[t, e, d].join("\n")],
  "carriage returns alone": (t, e, d) => [[t, e, d].join("\r")],
  "two carriage returns": (t, e, d) => [[t, e, d].join("\r\r\n")],
  "line feed, carriage return": (t, e, d) => [[t, e, d].join("\n\r")],
  "a carriage return in a value": (t, e, d) => [t, `X-Note: a\r${e}`, d],
  "a line feed in a value": (t, e, d) => [t, `X-Note: a\n${e}\n${d}`],
  "a NUL before a name": (t, e, d) => [t, `\0${e}`, `\0${d}`],
  "a NUL in a value": (t, e, d) => [t, `${e}\0`, d],
  "a vertical tab before a name": (t, e, d) => [t, `\v${e}`, `\f${d}`],
  "a NEL for a line end": (t, e, d) => [t, `X-Note: a\x85${e}`, d],
  "a byte order mark first": (t, e, d) => [`\xef\xbb\xbf${t}`, e, d],
  "a byte above 127 in a name": (t, e, d) => [t, e.replace("Content", "C\xf6ntent"), d],
  "a soft hyphen in a name": (t, e, d) => [t, e.replace("Content-", "Content-\xad"), d],
  "underscores for hyphens": (t, e, d) => [t, e.replaceAll("-", "_"), d.replace("-", "_")],
  "MIME-Version 2.0": (t, e, d) => ["MIME-Version: 2.0", t, e, d],
  "a From line of mbox": (t, e, d) => ["From alice Mon Jan 1 00:00:00 2024", t, e, d],
  "a Content-Length too short": (t, e, d) => [t, e, d, "Content-Length: 4"],
  "a Content-Length too long": (t, e, d) => [t, e, d, "Content-Length: 999999"],
  "a Content-Encoding": (t, e, d) => [t, e, d, "Content-Encoding: gzip"],
  "no type": (_t, e, d) => [e, d],
  "an empty type": (_t, e, d) => ["Content-Type:", e, d],
  "a type without subtype": (_t, e, d) => ["Content-Type: text", e, d],
  "a type with a slash too many": (_t, e, d) => ["Content-Type: text//plain", e, d],
  "a type with blanks": (_t, e, d) => ["Content-Type: application / octet-stream", e, d],
  "a type with a comment": (_t, e, d) => [
    "Content-Type: application/(text/plain) octet-stream",
    e,
    d,
  ],
  "a type with a comment behind": (t, e, d) => [`${t} (text/plain)`, e, d],
  "a quoted type": (_t, e, d) => ['Content-Type: "application/octet-stream"', e, d],
  "two types in one value": (_t, e, d) => [
    "Content-Type: text/plain, application/octet-stream",
    e,
    d,
  ],
  "a type of a message": (_t, e, d) => ["Content-Type: message/rfc822", e, d],
  "a partial message": (_t, e, d) => [
    "Content-Type: message/partial; id=a; number=1; total=1",
    e,
    d,
  ],
  "an external body": (_t, e) => [
    'Content-Type: message/external-body; access-type=URL; URL="http://evil.example/setup.exe"',
    e,
  ],
  "an encoding with a comment": (t, e, d) => [t, `${e} (7bit)`, d],
  "a comment before the encoding": (t, e, d) => [t, e.replace(": ", ": (7bit) "), d],
  "an encoding with a semicolon": (t, e, d) => [t, `${e};`, d],
  "an encoding with a parameter": (t, e, d) => [t, `${e}; x=7bit`, d],
  "a quoted encoding": (t, e, d) => [t, e.replace(/: (.*)/, ': "$1"'), d],
  "two encodings": (t, e, d) => [t, e.replace(/: (.*)/, ": $1 7bit"), d],
  "two encodings with a comma": (t, e, d) => [t, e.replace(/: (.*)/, ": 7bit, $1"), d],
  "an encoding of nobody": (t, _e, d) => [t, "Content-Transfer-Encoding: base-64", d],
  "an empty encoding": (t, _e, d) => [t, "Content-Transfer-Encoding: ", d],
  "a misspelt encoding field": (t, e, d) => [
    t,
    e.replace("Transfer-Encoding", "Transfer_Encoding"),
    d,
  ],
  "uuencode declared": (t, _e, d) => [t, "Content-Transfer-Encoding: x-uuencode", d],
  "BinHex declared": (t, _e, d) => ["Content-Type: application/mac-binhex40", t, d],
  "an encoded word in the encoding": (t, _e, d) => [
    t,
    "Content-Transfer-Encoding: =?us-ascii?Q?base64?=",
    d,
  ],
  "the name in Content-Location": (t, e) => [t, e, "Content-Location: evil.exe"],
  "the name in Content-Description": (t, e) => [t, e, "Content-Description: evil.exe"],
};

/** Ways to write the name of a file; `name` is the honest one. */
const NAME_TRICKS: Readonly<
  Record<string, (name: string) => readonly [type: string, disposition: string]>
> = {
  token: (n) => ["", `; filename=${n}`],
  "single quotes": (n) => ["", `; filename='${n}'`],
  "in the type alone": (n) => [`; name="${n}"`, ""],
  "in the type, another in the disposition": (n) => [`; name="${n}"`, '; filename="a.txt"'],
  "in the disposition, another in the type": (n) => ['; name="a.txt"', `; filename="${n}"`],
  "twice, harmless first": (n) => ["", `; filename="a.txt"; filename="${n}"`],
  "twice, harmless last": (n) => ["", `; filename="${n}"; filename="a.txt"`],
  "twice, in another case": (n) => ["", `; filename="a.txt"; FileName="${n}"`],
  "blanks around =": (n) => ["", `; filename = "${n}"`],
  "a tab before =": (n) => ["", `; filename\t="${n}"`],
  "a backslash inside": (n) => ["", `; filename="${n.slice(0, 3)}\\${n.slice(3)}"`],
  "a quote that never ends": (n) => ["", `; filename="${n}`],
  "a quote that only ends": (n) => ["", `; filename=${n}"`],
  "text behind the quote": (n) => ["", `; filename="${n}".txt`],
  "two quoted strings": (n) => ["", `; filename="${n.slice(0, 3)}" "${n.slice(3)}"`],
  "two semicolons": (n) => ["", `;; filename="${n}"`],
  "no semicolon": (n) => ["", ` filename="${n}"`],
  "a comma for a semicolon": (n) => ["", `, filename="${n}"`],
  "a comment before": (n) => ["", `; (x) filename="${n}"`],
  "a comment behind": (n) => ["", `; filename="${n}" (a.txt)`],
  "a comment inside": (n) => ["", `; filename=${n.slice(0, 3)}(x)${n.slice(3)}`],
  "a folded quoted string": (n) => ["", `; filename="${n.slice(0, 3)}\r\n ${n.slice(3)}"`],
  "RFC 2231": (n) => ["", `; filename*=utf-8''${n.replace(".", "%2E")}`],
  "RFC 2231 without charset": (n) => ["", `; filename*=''${n}`],
  "RFC 2231 without quotes": (n) => ["", `; filename*=${n}`],
  "RFC 2231 in quotes": (n) => ["", `; filename*="utf-8''${n}"`],
  "RFC 2231 beside a plain one": (n) => ["", `; filename="a.txt"; filename*=utf-8''${n}`],
  "plain beside RFC 2231": (n) => ["", `; filename="${n}"; filename*=utf-8''a.txt`],
  "RFC 2231 pieces": (n) => ["", `; filename*0="${n.slice(0, 3)}"; filename*1="${n.slice(3)}"`],
  "RFC 2231 pieces out of order": (n) => [
    "",
    `; filename*1="${n.slice(3)}"; filename*0="${n.slice(0, 3)}"`,
  ],
  "RFC 2231 pieces, one missing": (n) => [
    "",
    `; filename*0="${n.slice(0, 3)}"; filename*2="${n.slice(3)}"`,
  ],
  "RFC 2231 pieces beside a plain one": (n) => [
    "",
    `; filename="a.txt"; filename*0="${n.slice(0, 3)}"; filename*1="${n.slice(3)}"`,
  ],
  "RFC 2231 pieces, encoded": (n) => [
    "",
    `; filename*0*=utf-8''${n.slice(0, 3)}; filename*1*=${n.slice(3).replace(".", "%2E")}`,
  ],
  "RFC 2231 pieces with leading zeros": (n) => [
    "",
    `; filename*00="${n.slice(0, 3)}"; filename*01="${n.slice(3)}"`,
  ],
  "RFC 2231 in UTF-16": (n) => [
    "",
    `; filename*=utf-16be''${n.replaceAll(/./g, (c) => `%00%${c.charCodeAt(0).toString(16)}`)}`,
  ],
  "RFC 2231 in UTF-7": (n) => ["", `; filename*=utf-7''${n.replace(".", "+AC4-")}`],
  "RFC 2231 in a charset of nobody": (n) => ["", `; filename*=x-nobody''${n}`],
  "RFC 2231 in the type": (n) => [`; name*=utf-8''${n}`, ""],
  "RFC 2047": (n) => ["", `; filename="=?utf-8?B?${Buffer.from(n).toString("base64")}?="`],
  "RFC 2047 in two words": (n) => [
    "",
    `; filename="=?utf-8?Q?${n.slice(0, 3)}?= =?utf-8?Q?${n.slice(3)}?="`,
  ],
  "RFC 2047 without quotes": (n) => ["", `; filename==?utf-8?Q?${n.replace(".", "=2E")}?=`],
  percent: (n) => ["", `; filename="${n.replace(".", "%2e")}"`],
  "a path before": (n) => ["", `; filename="..\\\\${n}"`],
  "a NUL behind": (n) => ["", `; filename="${n}\0.txt"`],
  "a NUL, escaped": (n) => ["", `; filename="${n}\\\0.txt"`],
  "a dot behind": (n) => ["", `; filename="${n}."`],
  "a blank behind": (n) => ["", `; filename="${n} "`],
  "another parameter's name": (n) => ["", `; file="${n}"`],
  "a parameter of another case": (n) => ["", `; FILENAME="${n}"`],
  "a hundred parameters before": (n) => [
    "",
    `${Array.from({ length: 100 }, (_, i) => `; p${i}=x`).join("")}; filename="${n}"`,
  ],
};

const DISPOSITIONS: Readonly<Record<string, (name: string) => string>> = {
  "a disposition of nobody": (n) => `x-file; filename="${n}"`,
  "a quoted disposition": (n) => `"attachment"; filename="${n}"`,
  "no disposition but a name": (n) => `; filename="${n}"`,
  "a name alone": (n) => `filename="${n}"`,
  "a comment for a disposition": (n) => `(attachment) inline; filename="${n}"`,
};

/** Ways to write base64; each gets the honest one, on one line. */
const BASE64_TRICKS: Readonly<Record<string, (text: string) => string>> = {
  "junk between": (t) => t.replaceAll(/.{8}/g, "$&!"),
  "a dash between": (t) => t.replaceAll(/.{8}/g, "$&-"),
  "a dot line between": (t) => t.replaceAll(/.{16}/g, "$&\r\n.\r\n"),
  "bytes above 127 between": (t) => t.replaceAll(/.{8}/g, "$&\xe9"),
  "NULs between": (t) => t.replaceAll(/.{8}/g, "$&\0"),
  "blanks between": (t) => t.replaceAll(/.{8}/g, "$& "),
  "tabs at the ends of lines": (t) => t.replaceAll(/.{16}/g, "$&\t\r\n"),
  "line feeds alone": (t) => t.replaceAll(/.{16}/g, "$&\n"),
  "carriage returns alone": (t) => t.replaceAll(/.{16}/g, "$&\r"),
  "one character a line": (t) => t.replaceAll(/./g, "$&\r\n"),
  "odd lines": (t) => t.replaceAll(/.{7}/g, "$&\r\n"),
  "one long line": (t) => t,
  "blank lines between": (t) => t.replaceAll(/.{16}/g, "$&\r\n\r\n"),
  "blank lines before": (t) => `\r\n\r\n${t}`,
  "padding first": (t) => `====${t}`,
  "padding between": (t) => `${t.slice(0, 8)}=${t.slice(8)}`,
  "a padded group between": (t) => `QQ==${t}`,
  "padding behind": (t) => `${t.replaceAll("=", "")}======`,
  "no padding": (t) => t.replaceAll("=", ""),
  "one character too many": (t) => `${t.replaceAll("=", "")}A`,
  "text behind the padding": (t) => `${t.replaceAll("=", "")}==QUJD`,
  "a second body behind the padding": (t) => `QUI=\r\n${t}`,
  "the alphabet of URLs": (t) => t.replaceAll("+", "-").replaceAll("/", "_"),
  "a comment before": (t) => `(see below)\r\n${t}`,
  "a header before": (t) => `X-Note: a\r\n\r\n${t}`,
  "bits that stand for nothing": (t) => (t.endsWith("=") ? t.replace(/.(=+)$/, "/$1") : `${t}QR==`),
  "a full stop behind": (t) => `${t}\r\n.\r\n`,
};

/** Ways to write quoted-printable; each gets the content as it is. */
const QUOTED_TRICKS: Readonly<Record<string, (text: string) => string>> = {
  "all escaped": (t) => escaped(t, (hex) => hex),
  "in lower case": (t) => escaped(t, (hex) => hex.toLowerCase()),
  "soft breaks between": (t) => t.replaceAll("=", "=3D").replaceAll(/.{5}/g, "$&=\r\n"),
  "soft breaks with a blank": (t) => t.replaceAll("=", "=3D").replaceAll(/.{5}/g, "$&= \r\n"),
  "soft breaks of a line feed": (t) => t.replaceAll("=", "=3D").replaceAll(/.{5}/g, "$&=\n"),
  "an escape of one digit": (t) => `${t}=4`,
  "an escape of nothing": (t) => `=ZZ${t}`,
  "a soft break at the end": (t) => `${t}=`,
  "bytes above 127": (t) => `\xe9${t}`,
};

function escaped(text: string, form: (hex: string) => string): string {
  return text
    .replaceAll(
      /[^]/g,
      (c) => `=${form(c.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0"))}`,
    )
    .replaceAll(/.{72}/g, "$&=\r\n");
}

/** Every trick with one part. Those with names are for a part whose name is the evil thing, and so on: all are played with all. */
export function partTricks(): readonly PartTrick[] {
  const tricks: PartTrick[] = [];
  for (const [name, change] of Object.entries(LINE_TRICKS)) {
    const play = (part: HonestPart): TrickedPart => ({
      lines: change(...honestLines(part)),
      content: part.content,
    });
    tricks.push({ name, play });
  }
  for (const [name, write] of Object.entries(NAME_TRICKS)) {
    tricks.push({
      name: `file name: ${name}`,
      play(part) {
        const [type, disposition] = write(part.fileName);
        const [, encoding] = honestLines(part);
        const lines = [`Content-Type: ${part.type}${type}`, encoding];
        return {
          lines: [...lines, `Content-Disposition: attachment${disposition}`],
          content: part.content,
        };
      },
    });
  }
  for (const [name, write] of Object.entries(DISPOSITIONS)) {
    tricks.push({
      name,
      play(part) {
        const [type, encoding] = honestLines(part);
        const disposition = `Content-Disposition: ${write(part.fileName)}`;
        return { lines: [type, encoding, disposition], content: part.content };
      },
    });
  }
  return [...tricks, ...encodingTricks("base64"), ...encodingTricks("quoted-printable")];
}

function encodingTricks(encoding: "base64" | "quoted-printable"): readonly PartTrick[] {
  const ways = encoding === "base64" ? BASE64_TRICKS : QUOTED_TRICKS;
  return Object.entries(ways).map(([name, write]) => ({
    name: `${encoding}: ${name}`,
    play(part) {
      const lines = [
        `Content-Type: ${part.type}`,
        `Content-Transfer-Encoding: ${encoding}`,
        `Content-Disposition: ${part.disposition}`,
      ];
      const base64 = Buffer.from(part.plain, "latin1").toString("base64");
      return { lines, content: write(encoding === "base64" ? base64 : part.plain) };
    },
  }));
}
