/** Messages to judge: ordinary ones of some 500 bytes, and bodies of 64 kB that are made to cost much. */
import { wantedWords } from "./rule-sets.ts";

/** A body and what it is sent as. */
export interface Body {
  readonly name: string;
  readonly type: string;
  readonly text: string;
  /** Another header field, or the display name or host of who sends it. */
  readonly field?: string;
  readonly sender?: { readonly name?: string; readonly host?: string };
}

const PLAIN =
  "Could you look at the third quarter's report before the call? The final one, please, not the draft of Monday. " +
  "The numbers for the northern region have changed since, and Martha wants the chart on page four redone. I am in " +
  "the train until eleven, after that you can reach me at my desk. If Peter asks: the room is booked from two to " +
  "four, and lunch is on us. Please bring the signed copies along; without them we cannot send anything out today. " +
  "See you at three, and thank you for doing this on such a short notice!";

/** Ordinary messages of some 500 bytes. */
export const ORDINARY: readonly Body[] = [
  { name: "plain", type: "text/plain", text: PLAIN },
  {
    name: "one link",
    type: "text/plain",
    text: `${PLAIN.slice(0, 440)} https://wiki.corp.example/q3/report.html?page=4`,
  },
  {
    name: "three links",
    type: "text/plain",
    text: `${PLAIN.slice(0, 360)} https://wiki.corp.example/q3 and http://www.news.test/a/b.html or www.example.org/list?x=1&y=2`,
  },
  {
    name: "html",
    type: "text/html",
    text: `<html><body><p style="color:#333"><b>Hello</b>, ${PLAIN.slice(0, 330)}</p><p><a href="https://wiki.corp.example/q3">the report</a></p></body></html>`,
  },
  {
    name: "digits",
    type: "text/plain",
    text: `${PLAIN.slice(0, 330)} Invoice 2026-1127-0042, card 4111 1111 1111 1111, call +49 30 1234567, IBAN DE89 3704 0044 0532 0130 00, order 88123-441-7.`,
  },
  {
    name: "Cyrillic",
    type: "text/plain",
    text: "Посмотри, пожалуйста, отчёт за третий квартал до созвона: нужна последняя версия, а не черновик понедельника. Цифры по северу изменились, и Марта просит переделать график на четвёртой странице. Спасибо!",
  },
  {
    name: "Chinese",
    type: "text/plain",
    text: "请在会议之前看一下第三季度的报告，要最终版，不要星期一的草稿。北方地区的数字已经变了，玛莎希望重做第四页的图表。我十一点之前在火车上，之后可以打我办公室的电话。请把签好的文件带来，谢谢！下午三点见。",
  },
];

const SIZE = 65_536;

function filled(unit: string | ((n: number) => string), size: number = SIZE): string {
  let text = "";
  for (let n = 0; ; n += 1) {
    const next = typeof unit === "string" ? unit : unit(n);
    if (text.length + Buffer.byteLength(next) > size) return text;
    text += next;
  }
}

/** Of UTF-16 units that take more than one byte in UTF-8. */
function filledBytes(unit: string): string {
  return unit.repeat(Math.floor(SIZE / Buffer.byteLength(unit)));
}

const words = wantedWords(1000);
const word = (n: number): string => words[n % words.length] ?? "";

const TEXTS: Readonly<Record<string, string>> = {
  letters: filled("a"),
  dots: filled("."),
  "a.a.a": filled("a."),
  colons: filled(":"),
  "a:a:a": filled("a:"),
  slashes: filled("/"),
  "//a//a": filled("//a"),
  backslashes: filled("\\"),
  digits: filled("0"),
  "digits, grouped": filled("4111 1111 1111 1111 "),
  "digits, single": filled("4 "),
  "IBAN heads": filled("DE89 3704 0044 0532 0130 01 "),
  "at signs": filled("a@"),
  brackets: filled("(["),
  percents: filled("%2e"),
  "http:": filled("http:"),
  "http:// without blanks": filled("http://"),
  "nested links": filled("http://a.test/"),
  "999 links": filled((n) => (n < 999 ? `http://h${n}.test/${"p".repeat(46)} ` : " ")),
  "999 wanted hosts": filled((n) => (n < 999 ? `http://www.${word(n)}.invalid/a.zip:80 ` : " ")),
  "999 bank hosts": filled((n) => (n < 999 ? `http://${word(n)}-bankk${n}.test:8${n} ` : " ")),
  "999 bare hosts": filled((n) => (n < 999 ? `dl${n}.${word(n)}.test.com ` : " ")),
  "wanted words": filled((n) => `${word(n)} `),
  "near phrases": filled((n) => `project ${word(n).replace("-", " ")}x `),
  "all phrases": filled((n) => `internal ${word(n)} `),
  "glued phrases": filled((n) => `xproject ${word(n).replace("-", " ")}x`),
  "near expressions": filled((n) => `${word(n)} 123 contract no. ${n} ABC-${n}-12345 `),
  "one word": filled((n) => word(n)),
  "white space": filled(" \t\r\n"),
  lines: filled("\n"),
};

const WIDE: Readonly<Record<string, string>> = {
  "combining marks": filledBytes("\u0301"),
  "a with marks": `a${"\u0323\u0301".repeat(16_000)}`,
  "zero width": filledBytes("\u200b"),
  "full width": filledBytes("\uff48\uff54\uff50\uff1a\uff0f\uff0f"),
  "ideographic stops": filledBytes("a\u3002"),
  ligatures: filledBytes("\ufdfa"),
  astral: filledBytes("\u{1f600}"),
  "Cyrillic hosts": filledBytes("аpple.com "),
  Hangul: filledBytes("\u1100\u1161\u11a8"),
};

const MARKUP: Readonly<Record<string, readonly [type: string, text: string]>> = {
  "deep html": ["text/html", filled("<div>")],
  "unclosed tags": ["text/html", filled("<a href='")],
  "lesser signs": ["text/html", filled("<")],
  attributes: ["text/html", `<a ${filled((n) => `a${n}=1 `, 65_000)}>`],
  entities: ["text/html", filled("&amp;")],
  "open entities": ["text/html", filled("&#x68")],
  "html links": ["text/html", filled((n) => (n < 999 ? `<a href=//h${n}.test>${n}</a>` : " "))],
  comments: ["text/html", filled("<!--")],
  styles: ["text/html", filled("<style>url(")],
  "rtf groups": ["text/rtf", `{\\rtf1${filled("{", 65_000)}`],
  "rtf escapes": ["text/rtf", `{\\rtf1${filled("\\u104?", 65_000)}`],
  "rtf of marked links": ["text/rtf", `{\\rtf1 ${filled("_http://a.b<", 65_000)}}`],
  "rtf of dots in brackets": ["text/rtf", `{\\rtf1 ${filled("a[.]b ", 65_000)}}`],
  "rtf turned round": ["text/rtf", `{\\rtf1 ${filledBytes("\u202ea.b ").slice(0, -12)}}`],
  "rtf, four readings": [
    "text/rtf",
    `{\\rtf1 {\\v x}\\u104?${filled("a[.]b ", 32_000)}\\par {\\v x}\\u104?}`,
  ],
  "rtf links": [
    "text/rtf",
    `{\\rtf1${filled((n) => (n < 400 ? `{\\field{\\*\\fldinst HYPERLINK "http://h${n}.test"}}` : " "), 60_000)}}`,
  ],
};

/** What a head of 64 kB has room for, beside its other fields. */
const HEAD = 60_000;

const HEADS: readonly Omit<Body, "type" | "text">[] = [
  { name: "Subject of links", field: `Subject: ${filled((n) => `h${n}.test.com `, HEAD)}` },
  { name: "Subject of phrases", field: `Subject: ${filled((n) => `project ${word(n)} `, HEAD)}` },
  { name: "Subject of encoded words", field: `Subject: ${filled("=?utf-8?q?=2e?= ", HEAD)}` },
  { name: "Call-Info of links", field: `Call-Info: ${filled("<http://a.test>,", HEAD)}` },
  { name: "name of lesser signs", sender: { name: filled("<", HEAD) } },
  { name: "name of wanted words", sender: { name: filled((n) => `Support ${word(n)} `, HEAD) } },
  { name: "name of marks", sender: { name: `a${"\u0323\u0301".repeat(14_000)}` } },
  { name: "host of dots", sender: { host: filled("a.", HEAD) } },
];

const BOUNDARY = "multipart/mixed; boundary=b";

/** Bodies of 64 kB that cost much, or would in a careless reader. */
export const HOSTILE: readonly Body[] = [
  ...Object.entries({ ...TEXTS, ...WIDE }).map(([name, text]) => ({
    name,
    type: "text/plain;charset=UTF-8",
    text,
  })),
  ...HEADS.map((head) => ({ ...head, type: "text/plain", text: "see you at three" })),
  ...Object.entries(MARKUP).map(([name, [type, text]]) => ({ name, type, text })),
  {
    name: "150 parts",
    type: BOUNDARY,
    text: `${filled((n) => (n < 150 ? `--b\r\nContent-Type: text/plain\r\n\r\n${word(n)} http://h${n}.test ${"x".repeat(350)}\r\n` : "\r\n"), 65_000)}--b--\r\n`,
  },
  {
    name: "boundaries that nearly are",
    type: BOUNDARY,
    text: `--b\r\n\r\n${filled("\r\n--a", 65_000)}\r\n--b--\r\n`,
  },
  {
    name: "30 files",
    type: BOUNDARY,
    text: `${filled((n) => (n < 30 ? `--b\r\nContent-Type: application/x;name="${word(n)}.${"a.".repeat(200)}doc"\r\n\r\n${"x".repeat(1500)}\r\n` : "\r\n"), 65_000)}--b--\r\n`,
  },
];

/** `length` characters out of `letters`, the same for the same `seed`. */
function drawn(letters: string, length: number, seed: number): string {
  let state = seed * 7919 + 7;
  let text = "";
  for (let n = 0; n < length; n += 1) {
    state = (state * 1_103_515_245 + 12_345) & 0x7fff_ffff;
    text += letters[(state >> 8) % letters.length] ?? "";
  }
  return text;
}

/** Bodies that lead the expressions of `explodingPolicy` into states where they have not been: another one for each `n`. */
export const EXPLODING: readonly { readonly name: string; readonly body: (n: number) => Body }[] =
  Object.entries<(n: number) => string>({
    "states, 500 characters": (n) => drawn("abcdepq01", 500, n),
    "states, 1,000 characters": (n) => drawn("abcdepq01", 1000, n),
    "states, 5,000 characters": (n) => drawn("abcdepq01", 5000, n),
    "states, 64 kB": (n) => drawn("abcdepq01", SIZE, n),
    "states of letters": (n) => drawn("abcdepq\u0436", 5000, n),
    "states of words": (n) => drawn("ab cd ef", 5000, n),
    "states of hosts": (n) =>
      filled((at) => (at < 999 ? `${drawn("abcde", 30, n * 1000 + at)}.test.com ` : " ")),
    "letters beyond Latin": (n) => drawn("\u0430\u0431\u0432\u0433", SIZE / 2, n),
  }).map(([name, text]) => ({
    name,
    body: (n) => ({ name, type: "text/plain;charset=UTF-8", text: text(n) }),
  }));
