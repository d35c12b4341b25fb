/** A body that holds a link, and how its reader comes upon it. */
export interface LinkContainer {
  readonly name: string;
  readonly type: string;
  /** Undefined: this link cannot stand here. */
  make(link: string): string | Buffer | undefined;
  /** A part of this type cannot be edited: a rewrite is a refusal. */
  readonly rigid?: boolean;
}

const PLAIN = "text/plain;charset=utf-8";
const HTML = "text/html;charset=utf-8";

function plain(name: string, make: LinkContainer["make"]): LinkContainer {
  return { name, type: PLAIN, make };
}

function html(name: string, make: LinkContainer["make"]): LinkContainer {
  return { name, type: HTML, make };
}

const withoutBlanks = (link: string): boolean => !/\s/.test(link);
const isAscii = (link: string): boolean => /^[\x20-\x7e]*$/.test(link);
/** Begins with a scheme and two slashes of some kind: it needs no room before it. */
const isGlueable = (link: string): boolean => /^(?:https?|ftp|file):\/\//i.test(link);

function entities(link: string, one: (codePoint: number) => string): string {
  return Array.from(link, (character) => one(character.codePointAt(0) ?? 0)).join("");
}

/** The link with something between its characters, at a few places. */
function torn(link: string, what: (piece: string) => string): string {
  const characters = Array.from(link);
  return characters.map((character, at) => (at % 3 === 1 ? what(character) : character)).join("");
}

const NAMED: Readonly<Record<string, string>> = {
  ":": "&colon;",
  "/": "&sol;",
  ".": "&period;",
  "\\": "&bsol;",
};

/** Places in which a link may stand in a message. */
export const CONTAINERS: readonly LinkContainer[] = [
  plain("alone", (link) => link),
  plain("in a sentence", (link) => `have a look at ${link} today`),
  plain("in parentheses", (link) => `(${link})`),
  plain("in angle brackets", (link) => `mail <${link}> me`),
  plain("in quotes", (link) => `he said "${link}"!`),
  plain("in Markdown", (link) => (withoutBlanks(link) ? `[the intranet](${link})` : undefined)),
  plain("behind a comma", (link) => `one,${link}`),
  plain("behind a colon", (link) => (isGlueable(link) ? `url:${link}` : `url: ${link}`)),
  plain("behind a word", (link) => (isGlueable(link) ? `see${link}` : undefined)),
  plain("behind Chinese", (link) => (isGlueable(link) ? `请看${link}` : `请看 ${link}`)),
  plain("before Chinese", (link) => `${link}。谢谢`),
  plain("between Chinese brackets", (link) => `「${link}」`),
  plain("behind Cyrillic", (link) => (isGlueable(link) ? `смотри${link}` : undefined)),
  plain("on a line of its own", (link) => `one\r\n${link}\r\ntwo`),
  plain("behind an underscored word", (link) => `a_b ${link}`),
  html("shown", (link) => `<p>go to ${link}</p>`),
  html("torn by <b>", (link) => torn(link, (piece) => `<b>${piece}</b>`)),
  html("torn by comments", (link) => torn(link, (piece) => `<!-- x -->${piece}`)),
  html("torn by <wbr>", (link) => torn(link, (piece) => `${piece}<wbr>`)),
  html("shown in decimal references", (link) => entities(link, (code) => `&#${code};`)),
  html("behind other words", (link) => `<a href="${link}">http://good.example/</a>`),
  html("in single quotes", (link) => `<A HREF = '${link}'>x</A>`),
  html("without quotes", (link) => (withoutBlanks(link) ? `<a href=${link}>x</a>` : undefined)),
  html(
    "in decimal references",
    (link) => `<a href="${entities(link, (code) => `&#${code};`)}">x</a>`,
  ),
  html(
    "in hexadecimal references",
    (link) => `<a href="${entities(link, (code) => `&#x${code.toString(16)};`)}">x</a>`,
  ),
  html("in references without semicolon", (link) => {
    return `<a href="${entities(link, (code) => `&#x${code.toString(16).padStart(6, "0")}`)}">x</a>`;
  }),
  html("in named references", (link) => {
    const named = link.replaceAll(/[:/.\\]/g, (character) => NAMED[character] ?? character);
    return `<a href="${named}">x</a>`;
  }),
  html(
    "torn by tabs and line ends",
    (link) => `<a href=" ${torn(link, (piece) => `\t${piece}\r\n`)}">x</a>`,
  ),
  html("in an image", (link) => `<img alt=x src="${link}">`),
  html("in a form", (link) => `<form action="${link}"><input type=submit></form>`),
  html("in a drawing", (link) => `<svg><a xlink:href="${link}"><text>x</text></a></svg>`),
  html("in a map", (link) => `<map name=m><area shape=default href="${link}"></map>`),
  html("on a button", (link) => `<button formaction='${link}'>x</button>`),
  html("in a refresh", (link) => `<meta http-equiv=refresh content="0;url=${link}">`),
  {
    name: "in base64",
    type: "multipart/mixed;boundary=next-part",
    make: (link) => encodedPart("base64", Buffer.from(`go to ${link}`).toString("base64")),
  },
  {
    name: "in quoted-printable",
    type: "multipart/mixed;boundary=next-part",
    make: (link) => encodedPart("quoted-printable", quotedPrintable(link)),
  },
  {
    name: "in UTF-16",
    type: "text/plain;charset=utf-16le",
    make: (link) => Buffer.from(`go to ${link}`, "utf16le"),
  },
  {
    name: "in UTF-16, big-endian, with a mark",
    type: "text/html;charset=utf-16",
    make: (link) => Buffer.from(`\uFEFF<a href="${link}">x</a>`, "utf16le").swap16(),
  },
  {
    name: "in an alternative",
    type: "multipart/alternative;boundary=next-part",
    make: (link) =>
      `--next-part\r\nContent-Type: text/plain\r\n\r\nhi\r\n--next-part\r\nContent-Type: text/html;charset=utf-8\r\n\r\n<a href="${link}">hi</a>\r\n--next-part--\r\n`,
  },
  {
    name: "in CPIM",
    type: "message/cpim",
    make: (link) =>
      `From: <sip:a@x.example>\r\nTo: <sip:b@x.example>\r\n\r\nContent-Type: text/plain;charset=utf-8\r\n\r\ngo to ${link}`,
  },
  {
    name: "in a field of RTF",
    type: "text/rtf",
    rigid: true,
    make: (link) =>
      isAscii(link)
        ? `{\\rtf1\\ansi {\\field{\\*\\fldinst HYPERLINK "${rtf(link)}"}{\\fldrslt click}}}`
        : undefined,
  },
  {
    name: "in escapes of RTF",
    type: "text/rtf",
    rigid: true,
    make: (link) => `{\\rtf1\\ansi go to ${Array.from(link, rtfUnits).join("")}\\par}`,
  },
  {
    name: "in bytes of RTF",
    type: "text/rtf",
    rigid: true,
    make: (link) =>
      isAscii(link)
        ? `{\\rtf1 ${Array.from(link, (one) => `\\'${one.charCodeAt(0).toString(16)}`).join("")}}`
        : undefined,
  },
];

function encodedPart(encoding: string, body: string): string {
  const head = `Content-Type: ${PLAIN}\r\nContent-Transfer-Encoding: ${encoding}`;
  return `--next-part\r\n${head}\r\n\r\n${body}\r\n--next-part--\r\n`;
}

function quotedPrintable(text: string): string {
  return Array.from(Buffer.from(text), (byte) => byte.toString(16).toUpperCase().padStart(2, "0"))
    .map((hex, at) => (at % 20 === 19 ? `=${hex}=\r\n` : `=${hex}`))
    .join("");
}

function rtf(text: string): string {
  return text.replaceAll(/[\\{}]/g, String.raw`\$&`);
}

function rtfUnits(character: string): string {
  let out = "";
  for (let at = 0; at < character.length; at++) {
    const unit = character.charCodeAt(at);
    out += `\\u${unit > 0x7fff ? unit - 0x1_0000 : unit}?`;
  }
  return out;
}
