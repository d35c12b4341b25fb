/**
 * Ways to write the name of a program so that somebody reads another extension (HARDENING B5). Each form is a name as some
 * client would show, store or open it; whoever blocks `exe` has to see it in all of them.
 */
export interface NameForm {
  /** What was done to the name, for the report of a miss. */
  readonly trick: string;
  readonly name: string;
}

/** Every form of `stem.extension`, none twice. `extension`: small ASCII letters. */
export function fileNameForms(stem: string, extension: string): readonly NameForm[] {
  const plain = `${stem}.${extension}`;
  const forms = [
    ...caseForms(stem, extension),
    ...endings(plain),
    ...beginnings(plain),
    ...escapes(stem, extension),
    ...encodedWords(plain, stem, extension),
    ...letterForms(stem, extension),
    ...invisibleForms(stem, extension),
    ...doubleForms(stem, extension),
    ...longForms(extension),
    ...combined(stem, extension),
  ];
  const seen = new Set<string>();
  return forms.filter(({ name }) => !seen.has(name) && seen.add(name));
}

function caseForms(stem: string, extension: string): readonly NameForm[] {
  const mixed = Array.from(extension)
    .map((c, i) => (i % 2 === 0 ? c.toUpperCase() : c))
    .join("");
  return [extension, extension.toUpperCase(), mixed].map((one) => ({
    trick: "case",
    name: `${stem}.${one}`,
  }));
}

/** What file systems, shells and URL readers drop from the end, or take for something else. */
function endings(plain: string): readonly NameForm[] {
  const dropped = [
    ". .. ... .\u0020. \u0020 \u0020\u0020\u0020 \u00a0 \u3000 \u2003 \u0020.\u0020",
    "\u200b \u200e \u202c \ufeff \u00ad \u2060 .\u200b \u200b. / \\ /. \\. // /./ /.. \u0000 \u0001 \u007f",
  ].flatMap((line) => line.split(" "));
  const streams = ["::$DATA", "::$data", ":$DATA", ":x.jpg", ":x.jpg:$DATA", ":a", ":", "::"];
  const cuts = [";.jpg", ";1", ";", "?x=.jpg", "#.jpg", "&.jpg", ",.jpg", "|.jpg", "*", '"', "'"];
  const escaped = ["%00", "%00.jpg", "%20", "%2e", "%2E%20", "%0a", "%00%00.txt", "%2f", "%5c."];
  return [
    ...dropped.filter((end) => end !== "").map((end) => form("end dropped", plain + end)),
    ...[" ", ". ", " ."].map((end) => form("end dropped", plain + end)),
    ...streams.map((end) => form("stream", plain + end)),
    ...cuts.map((end) => form("cut", plain + end)),
    ...escaped.map((end) => form("escaped end", plain + end)),
    form("NUL", `${plain}\0.jpg`),
    form("NUL", plain.replace(/.$/, "\0$&")),
    form("stream inside", `notes.txt:${plain}`),
    form("stream inside", `notes.txt:${plain}:$DATA`),
  ];
}

/** Folders, drives, devices, and other beginnings. */
function beginnings(plain: string): readonly NameForm[] {
  const folders = [
    "a/",
    "a\\",
    "../../",
    "..\\..\\",
    "/",
    "\\",
    "C:\\tmp\\",
    "C:",
    "\\\\host\\c$\\",
  ];
  const hidden = [
    "%2e%2e%2f",
    "%5c",
    "a%252f",
    "\u2215",
    "\uff0f",
    "\uff3c",
    "photo.jpg/../",
    "photo.jpg\\",
  ];
  const others = [" ", "  ", ".", "..", "\u00a0", "\u200b", "\ufeff", "\u202e", "-", "~", "$", '"'];
  const devices = ["CON", "NUL", "aux", "COM1", "con ", "LPT1.txt"];
  const extension = plain.slice(plain.lastIndexOf("."));
  return [
    ...[...folders, ...hidden].map((begin) => form("folder", begin + plain)),
    ...others.map((begin) => form("beginning", begin + plain)),
    ...devices.map((device) => form("device", device + extension)),
    form("nothing before the dot", extension),
  ];
}

/** Percent escapes of the dot, of each letter, and of all; once and twice. */
function escapes(stem: string, extension: string): readonly NameForm[] {
  const names = [
    `${stem}%2e${extension}`,
    `${stem}%2E${extension}`,
    `${stem}.${percent(extension)}`,
    `${stem}${percent(`.${extension}`)}`,
    percent(`${stem}.${extension}`),
    ...Array.from(extension).map((c, i) => `${stem}.${replaceAt(extension, i, percent(c))}`),
    ...Array.from(extension).map(
      (c, i) => `${stem}.${replaceAt(extension, i, percent(c.toUpperCase()))}`,
    ),
    `${stem}.${extension}%`,
    `${stem}%EF%BC%8E${extension}`,
    `${stem}.%E2%80%8B${extension}`,
    `%E2%80%AE${stem}.${extension}`,
  ];
  const twice = names.map((name) => name.replaceAll("%", "%25"));
  return [...names, ...twice].map((name) => form("percent", name));
}

/** RFC 2047, whole or in part. */
function encodedWords(plain: string, stem: string, extension: string): readonly NameForm[] {
  const b64 = (text: string): string => Buffer.from(text, "utf8").toString("base64");
  const quoted = (text: string): string =>
    [...Buffer.from(text, "utf8")]
      .map((b) => `=${b.toString(16).padStart(2, "0").toUpperCase()}`)
      .join("");
  const halves = [plain.slice(0, -2), plain.slice(-2)] as const;
  const utf16 = Buffer.from(plain, "utf16le").swap16().toString("base64");
  const names = [
    `=?UTF-8?B?${b64(plain)}?=`,
    `=?utf-8?b?${b64(plain).replaceAll("=", "")}?=`,
    `=?iso-8859-1?Q?${quoted(plain)}?=`,
    `=?US-ASCII?Q?${plain.replaceAll(" ", "_")}?=`,
    `=?utf-8*en?Q?${quoted(plain)}?=`,
    `=?utf-8?B?${b64(halves[0])}?= =?utf-8?B?${b64(halves[1])}?=`,
    `=?utf-8?Q?${quoted(halves[0])}?= =?utf-8?B?${b64(halves[1])}?=`,
    `=?utf-8?B?${b64(halves[0])}?==?utf-8?B?${b64(halves[1])}?=`,
    `${stem}=?utf-8?Q?=2E${extension}?=`,
    `${stem}.=?utf-8?Q?${extension}?=`,
    `${stem}.=?utf-8?B?${b64(extension)}?=`,
    `=?utf-8?B?${b64(stem)}?=.${extension}`,
    `photo.jpg =?utf-8?Q?=2E${extension}?=`,
    `=?utf-16be?B?${utf16}?=`,
    `=?x-unknown?Q?${quoted(plain)}?=`,
    `=?utf-8?Q?${quoted(percent(plain))}?=`,
    `=?windows-1252?B?${b64(plain)}?=`,
  ];
  return names.map((name) => form("encoded word", name));
}

const DOTS = ["\uff0e", "\u3002", "\uff61", "\u2024", "\ufe52"];

/** Cyrillic, Greek and other letters that are drawn like Latin ones. */
const DRAWN_ALIKE: Readonly<Record<string, string>> = {
  a: "\u0430\u03b1\u0251\u00e1\u00e5",
  b: "\u044c\u0432",
  c: "\u0441\u0188\u00e7\u1d04",
  d: "\u0501",
  e: "\u0435\u0451\u03b5\u00e9\u00eb\u0117\u212f",
  j: "\u0458",
  l: "\u04cf\u0142",
  n: "\u03b7\u00f1",
  r: "\u0433",
  s: "\u0455\ua731\u0161",
  t: "\u0442\u03c4",
  x: "\u0445\u03c7\u2179",
};

/** Letters and dots that are others, but look alike or are folded to these. */
function letterForms(stem: string, extension: string): readonly NameForm[] {
  const wide = (text: string): string =>
    Array.from(text)
      .map((c) => String.fromCodePoint(c.charCodeAt(0) - 0x21 + 0xff01))
      .join("");
  const styled = [0x1d41a, 0x1d44e, 0x1d4d0 + 26, 0x1d5ba, 0x1d68a, 0x24d0].map((first) =>
    Array.from(extension)
      .map((c) => String.fromCodePoint(first + c.charCodeAt(0) - 0x61))
      .join(""),
  );
  const alike = Array.from(extension).flatMap((c, i) =>
    Array.from(DRAWN_ALIKE[c] ?? "").map((other) => replaceAt(extension, i, other)),
  );
  const allAlike = Array.from(extension)
    .map((c) => Array.from(DRAWN_ALIKE[c] ?? c)[0])
    .join("");
  const accented = Array.from(extension).map((c, i) => replaceAt(extension, i, `${c}\u0301`));
  return [
    ...DOTS.map((dot) => form("dot", `${stem}${dot}${extension}`)),
    ...DOTS.map((dot) => form("dot", `${stem}.jpg${dot}${extension}`)),
    form("full width", `${stem}.${wide(extension)}`),
    form("full width", `${stem}.${wide(extension.toUpperCase())}`),
    form("full width", wide(`${stem}.${extension}`.replaceAll(" ", "_"))),
    ...Array.from(extension).map((c, i) =>
      form("full width", `${stem}.${replaceAt(extension, i, wide(c))}`),
    ),
    ...styled.map((one) => form("styled", `${stem}.${one}`)),
    ...[...alike, ...alike.map((one) => one.toUpperCase()), allAlike].map((one) =>
      form("drawn alike", `${stem}.${one}`),
    ),
    ...accented.map((one) => form("accent", `${stem}.${one}`)),
  ];
}

const INVISIBLE = [
  "\u00ad",
  "\u034f",
  "\u061c",
  "\u115f",
  "\u180e",
  "\u200b",
  "\u200c",
  "\u200d",
  "\u200e",
  "\u200f",
  "\u202a",
  "\u202b",
  "\u202c",
  "\u202d",
  "\u202e",
  "\u2060",
  "\u2061",
  "\u2066",
  "\u2067",
  "\u2069",
  "\u3164",
  "\ufe0f",
  "\ufeff",
  "\uffa0",
  "\u{e0020}",
  "\u{e0065}",
  "\u{e01ef}",
  "\u0001",
  "\u001f",
  "\u0085",
];

/** Something that is not seen, at each place that matters. */
function invisibleForms(stem: string, extension: string): readonly NameForm[] {
  const reversed = Array.from("txt").reverse().join("");
  return [
    ...INVISIBLE.flatMap((hidden) => [
      form("invisible", `${stem}${hidden}.${extension}`),
      form("invisible", `${stem}.${hidden}${extension}`),
      form("invisible", `${stem}.${extension.slice(0, 1)}${hidden}${extension.slice(1)}`),
      form("invisible", `${stem}.${Array.from(extension).join(hidden)}`),
    ]),
    form("right to left", `${stem}\u202e${reversed}.${extension}`),
    form("right to left", `${stem}\u2067${reversed}\u2069.${extension}`),
    form("right to left", `${stem}.\u202e${extension}`),
  ];
}

/** The last extension is another one, or is pushed out of sight. */
function doubleForms(stem: string, extension: string): readonly NameForm[] {
  const shown = ["jpg", "txt", "pdf", "docx", "mp3", "zip", "unknown"];
  return [
    ...shown.map((one) => form("behind another", `${stem}.${one}.${extension}`)),
    ...shown.map((one) => form("before another", `${stem}.${extension}.${one}`)),
    ...[5, 40, 120].map((n) => form("blanks", `${stem}.pdf${" ".repeat(n)}.${extension}`)),
    form("blanks", `${stem}.pdf${"\u3000".repeat(30)}.${extension}`),
    form("blanks", `${stem}. ${extension}`),
    form("blanks", `${stem} .${extension}`),
    form("dots", `${stem}..${extension}`),
    form("dots", `${stem}.jpg...${extension}`),
    form("underscores", `${stem}.pdf${"_".repeat(100)}.${extension}`),
  ];
}

/** As long as a file system takes, or longer: some keep the beginning, some the end. */
function longForms(extension: string): readonly NameForm[] {
  const lengths = [64, 127, 128, 254, 255, 256, 259, 260, 1023, 1024, 4095, 4096, 4097, 6000];
  return [
    ...lengths.map((n) => form("long", `${"x".repeat(n - extension.length - 1)}.${extension}`)),
    ...lengths.map((n) =>
      form("long, cut", `${"x".repeat(n - extension.length - 1)}.${extension}.jpg`),
    ),
    ...[255, 260].map((n) =>
      form("long, cut", `${"x".repeat(n - extension.length - 1)}.${extension}me.jpg`),
    ),
    form(
      "long, cut in bytes",
      `${"\u00e4".repeat(120)}${"y".repeat(14 - extension.length)}.${extension}me.jpg`,
    ),
  ];
}

/** One trick on another. */
function combined(stem: string, extension: string): readonly NameForm[] {
  const letters = [
    extension.toUpperCase(),
    percent(extension),
    `=?utf-8?Q?${extension}?=`,
    replaceAt(extension, 0, String.fromCodePoint(extension.charCodeAt(0) - 0x21 + 0xff01)),
    replaceAt(extension, 1, percent(extension.charAt(1))),
    Array.from(extension).join("\u200b"),
    `\u202e${extension}`,
    replaceAt(extension, 1, `${extension.charAt(1)}\u0301`),
  ];
  const begins = ["", "..\\", "C:", "photo.jpg/../", "\ufeff", "%2f", "invoice.pdf."];
  const ends = ["", ".", " ", "::$DATA", ":x.jpg", "%00.jpg", ";.jpg", "\u200b.", "%20", "/."];
  return begins.flatMap((begin) =>
    letters.flatMap((one) => ends.map((end) => form("combined", `${begin}${stem}.${one}${end}`))),
  );
}

function percent(text: string): string {
  return [...Buffer.from(text, "utf8")].map((b) => `%${b.toString(16).padStart(2, "0")}`).join("");
}

function replaceAt(text: string, index: number, by: string): string {
  return text.slice(0, index) + by + text.slice(index + 1);
}

function form(trick: string, name: string): NameForm {
  return { trick, name };
}
