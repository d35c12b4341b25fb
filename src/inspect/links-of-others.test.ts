import { linkifyit } from "linkify-it";
import { describe, expect, it } from "vitest";
import { seededRandom } from "../../test/support/seeded-random.ts";
import { findHtmlLinks } from "./find-html-links.ts";
import { findLinks } from "./find-links.ts";
import type { FoundLink } from "./found-link.ts";

/** Nothing is missed that others make clickable: linkify-it with everything switched on, and browsers in attributes. */

const SUFFIXES = (
  "com net org de co.uk info zip mov io app shop рф 中国 xn--p1ai museum dev py sh so md ai is it " +
  "ru cn fr nl top xyz"
).split(" ");
const linkify = linkifyit({ fuzzyLink: true, fuzzyEmail: true, fuzzyIP: true });
linkify.tlds(
  SUFFIXES.map((suffix) => suffix.slice(suffix.lastIndexOf(".") + 1)),
  true,
);

function allLinks(text: string): readonly FoundLink[] {
  const { links, disarmed } = findLinks(text, 1000);
  return [...links, ...disarmed];
}

/** The host to which a browser goes; undefined where it goes nowhere, or to what is no name in DNS. */
function hostOf(url: string): string | undefined {
  const host = URL.parse(url)?.hostname.replaceAll(/^\[|\]$|\.+$/g, "");
  return host !== undefined && NAME.test(host) ? host : undefined;
}

const NAME = /^(?!.*\.\.)(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9:-]*[a-z0-9])?$/;

interface Missed {
  readonly text: string;
  readonly link: string;
  readonly ours: readonly (string | undefined)[];
}

/** What linkify-it finds in a text and we do not: nothing of it, or another host. */
function missedIn(text: string): readonly Missed[] {
  const ours = allLinks(text);
  return (linkify.match(text) ?? []).flatMap((match) => {
    // an address of mail is no link to a host; four small numbers are a version (`isAddress`)
    if (match.schema === "mailto:" || /^[0-9.]+$/.test(match.raw)) return [];
    const host = hostOf(match.url);
    if (host === undefined) return [];
    const there = ours.filter((link) => link.start < match.lastIndex && link.end > match.index);
    if (there.some((link) => link.host === host)) return [];
    return [{ text, link: match.raw, ours: there.map((link) => link.host) }];
  });
}

function texts(seed: number, count: number, make: (pick: Pick) => string): readonly string[] {
  const random = seededRandom(seed);
  const pick: Pick = (some) => some[Math.floor(random() * some.length)] ?? "";
  return Array.from({ length: count }, () => make(pick));
}

type Pick = (some: readonly string[]) => string;

const LABELS = "evil a example my-shop mail bücher почта 例え x1 ab.cd WWW www www2 i❤ 👉x".split(
  " ",
);
const SCHEMES = ["", "", "", "http://", "HTTPS://", "ftp://", "//", "http://"];
const USERS = ["", "", "", "", "bob@", "bob:pw@"];
const PORTS = ["", "", "", ":80", ":8443"];
const REST = [
  "",
  "",
  "/",
  "/a/b.html",
  "/a_(b)",
  "?q=1&r=2",
  "#top",
  "/a,b;c",
  "/ä/日本",
  "/a'b",
  "/?u=x",
];
const BEFORE = [
  "",
  " ",
  " ",
  "(",
  "[",
  '"',
  "«",
  "“",
  "„",
  "「",
  "，",
  "：",
  ": ",
  "see ",
  "看",
  "\n",
  "-> ",
  "→",
  "=",
  "+",
  "|",
  "*",
  "'",
  "👉 ",
];
const AFTER = [
  "",
  " ",
  ".",
  ",",
  "!",
  "?",
  ")",
  "]",
  '"',
  "»",
  "”",
  "」",
  "。",
  "，",
  "…",
  "...",
  " -",
  ";",
  ":",
  "'s",
  "|",
  "*",
  "\n",
  "。谢谢",
  "、",
  "–",
];

function sentence(pick: Pick): string {
  let text = "";
  for (let links = 0; links < 3; links++) {
    const host = `${pick(LABELS)}.${pick(SUFFIXES)}`;
    text +=
      pick(BEFORE) + pick(SCHEMES) + pick(USERS) + host + pick(PORTS) + pick(REST) + pick(AFTER);
    text += pick([" ", " and ", "\n", ", "]);
  }
  return text;
}

const SHREDS = [
  "http://",
  "https://",
  "HTTP://",
  "ftp://",
  "//",
  "mailto:",
  "www.",
  "evil",
  ".",
  "com",
  "net",
  "co.uk",
  "zip",
  "рф",
  "中国",
  "-",
  "_",
  "@",
  ":",
  "80",
  ":80",
  "/",
  "/a",
  "?q=",
  "#f",
  "=",
  "&",
  ";",
  ",",
  "!",
  "'",
  '"',
  "(",
  ")",
  "[",
  "]",
  "{",
  "}",
  "<",
  ">",
  "|",
  "\\",
  "*",
  "~",
  "`",
  "^",
  "%",
  "$",
  "+",
  "©",
  "→",
  "😀",
  "é",
  "問",
  "привет",
  "127.0.0.1",
  "localhost",
  "a",
  "b1",
  "\u00a0",
  " ",
  "\n",
  "…",
  "。",
  "、",
  "「",
  "」",
  "«",
  "»",
  "“",
  "”",
  "’",
  "–",
  "·",
  "\u200b",
  "\u00ad",
  "｜",
  "ａ",
  "..",
  "--",
  "://",
  "x.com",
  "foo.de",
  "evil.io/x",
  "user@foo.com",
];

describe("what others make clickable", () => {
  it("is found where linkify-it finds it, with the same host", () => {
    const all = texts(11, 20_000, sentence);
    const matches = all.reduce((sum, text) => sum + (linkify.match(text)?.length ?? 0), 0);
    expect(matches).toBeGreaterThan(35_000);
    expect(all.flatMap(missedIn)).toEqual([]);
  });

  it("is found in shreds of links too", () => {
    const all = texts(12, 20_000, (pick) => {
      let text = "";
      for (let shreds = 0; shreds < 6; shreds++) text += pick(SHREDS);
      return text;
    });
    const missed = all.flatMap(missedIn);
    console.info(
      `links in shreds: ${missed.length} of 20,000 texts with another host than linkify-it's`,
    );
    // a host behind "#" or "=" in the path of what is a link to us and none to linkify-it
    expect(missed.filter(({ ours }) => ours.length === 0)).toEqual([]);
    expect(missed.length).toBeLessThanOrEqual(40);
  });
});

const ATTRIBUTE_STARTS = [
  "http:",
  "HTTPS:",
  " http:",
  "ht\ntp:",
  "\u0001ftp:",
  "ws:",
  "http\t:",
  "file:",
];
const SLASHES = ["", "/", "//", "///", "\\", "\\\\", "/\\", "\\/\\", "/\t/"];
const ATTRIBUTE_USERS = ["", "", "u@", "u:p@", "a@b@", "%40@", ":@", "u%2f@"];
const ATTRIBUTE_HOSTS = [
  "evil.example",
  "EVIL.example",
  "evil.example.",
  "ev%69l.example",
  "evil%2eexample",
  "evil。example",
  "ｅｖｉｌ.example",
  "ev\u00ADil.example",
  "evil.ex\nample",
  "0x7f.1",
  "2130706433",
  "017700000001",
  "127.1",
  "[::1]",
  "[::ffff:1.2.3.4]",
  "bücher.example",
  "xn--bcher-kva.example",
  "a_b.example",
  "x,y.example",
  "x;y.example",
  "x'y.example",
  "i❤.example",
  "faß.example",
  "１２７.0.0.1",
  "𝐞vil.example",
  "x!y.example",
  "evil",
];
const ATTRIBUTE_RESTS = [
  "",
  "/",
  "\\a",
  "?x",
  "#x",
  ":8080",
  ":80/",
  "/a b",
  "/..//\\x",
  ":",
  "/@good.example/",
];

describe("what a browser resolves", () => {
  it("is found in attributes, with the same host", () => {
    const values = texts(
      13,
      20_000,
      (pick) =>
        pick(ATTRIBUTE_STARTS) +
        pick(SLASHES) +
        pick(ATTRIBUTE_USERS) +
        pick(ATTRIBUTE_HOSTS) +
        pick(ATTRIBUTE_RESTS),
    );
    let resolved = 0;
    const missed = values.filter((value) => {
      const url = URL.parse(value);
      if (url === null || url.hostname === "") return false;
      resolved += 1;
      const host = url.hostname.replaceAll(/^\[|\]$|\.$/g, "").replace("::ffff:102:304", "1.2.3.4");
      const links = findHtmlLinks(`<a href="${value}">x</a>`, 1000).links;
      return !links.some((link) => link.host === host);
    });
    expect(resolved).toBeGreaterThan(10_000);
    expect(missed).toEqual([]);
  });
});
