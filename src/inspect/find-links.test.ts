import fc from "fast-check";
import { linkifyit } from "linkify-it";
import { describe, expect, it } from "vitest";
import { findHtmlLinks } from "./find-html-links.ts";
import { findLinks } from "./find-links.ts";
import type { FoundLink } from "./found-link.ts";

const LIMIT = 1000;

function linksOf(text: string): readonly FoundLink[] {
  return findLinks(text, LIMIT).links;
}

/** What a rewrite does: one "_" before each link. */
/**
 * The same texts each time, so that a build fails for what has changed in it; SLUICE_TORTURE=full looks for new ones. (One in some 250,000
 * needs the second search that disarm-links.ts makes.)
 */
const SEED = process.env["SLUICE_TORTURE"] === "full" ? {} : { seed: 20_261_127 };

function disarm(source: string, links: readonly FoundLink[]): string {
  let out = source;
  const places = [...new Set(links.map((link) => link.start))];
  for (const start of places.sort((a, b) => b - a))
    out = `${out.slice(0, start)}_${out.slice(start)}`;
  return out;
}

describe("findLinks", () => {
  it("takes thousands of dots in brackets for too many links, and hundreds for none", () => {
    expect(findLinks("a[.]b ".repeat(10_000), 1000).complete).toBe(false);
    expect(findLinks("a[.]b ".repeat(600), 1000)).toMatchObject({ links: [], complete: true });
  });

  it.each([
    ["http://evil.example/a.exe", "http://evil.example/a.exe", "evil.example"],
    ["hTTpS://evil.example", "https://evil.example/", "evil.example"],
    ["http:evil.example", "http://evil.example/", "evil.example"],
    ["HTTP:/evil.example", "http://evil.example/", "evil.example"],
    ["http:////evil.example", "http://evil.example/", "evil.example"],
    ["http:\\\\evil.example\\a", "http://evil.example/a", "evil.example"],
    ["http:/\\evil.example", "http://evil.example/", "evil.example"],
    ["xhttp://evil.example", "http://evil.example/", "evil.example"],
    ["www.evil.example/x", "www.evil.example/x", "www.evil.example"],
    ["WWW2.evil.example", "www2.evil.example/", "www2.evil.example"],
    ["ftp.evil.example", "ftp.evil.example/", "ftp.evil.example"],
    ["ftp://evil.example/x", "ftp://evil.example/x", "evil.example"],
    ["evil.zip", "evil.zip/", "evil.zip"],
    ["evil.co.uk/x?y", "evil.co.uk/x?y", "evil.co.uk"],
    ["//evil.com/x", "http://evil.com/x", "evil.com"],
    ["\\\\server\\share\\x.exe", "file://server/share/x.exe", "server"],
    ["file:\\\\server\\x.exe", "file://server/x.exe", "server"],
    ["1.2.3.4/x.exe", "1.2.3.4/x.exe", "1.2.3.4"],
    ["http://2130706433/", "http://127.0.0.1/", "127.0.0.1"],
    ["http://0x7f.0.0.1/", "http://127.0.0.1/", "127.0.0.1"],
    ["http://0177.1/", "http://127.0.0.1/", "127.0.0.1"],
    ["http://[::1]:8080/x", "http://[::1]:8080/x", "::1"],
    ["http://good.example@evil.example/", "http://good.example@evil.example/", "evil.example"],
    ["good@evil.com/x", "evil.com/x", "evil.com"],
    ["http://evil.example./", "http://evil.example./", "evil.example"],
    ["ht\u200btp://ev\u00adil.example", "http://evil.example/", "evil.example"],
    ["h\u2060t\ufefftp://evil.example", "http://evil.example/", "evil.example"],
    ["http://evil\u3002example/", "http://evil.example/", "evil.example"],
    ["http://evil\uff0eexample/", "http://evil.example/", "evil.example"],
    ["http://evil\uff61example/", "http://evil.example/", "evil.example"],
    [
      "\uff48\uff54\uff54\uff50\uff1a\uff0f\uff0fevil.example",
      "http://evil.example/",
      "evil.example",
    ],
    ["http://ev%69l.example/", "http://evil.example/", "evil.example"],
    ["http://\u0430pple.com/", "http://xn--pple-43d.com/", "xn--pple-43d.com"],
    ["访问evil.com下载", "evil.com/", "evil.com"],
    ["\u202ehttp://evil.example", "http://evil.example/", "evil.example"],
    ["sip:bob@evil.example", "sip:bob@evil.example", "evil.example"],
    ["smb://evil.example/x", "smb://evil.example/x", "evil.example"],
    ["steam://run/1", "steam://run/1", "run"],
    ["mailto:bob@evil.example", "mailto:bob@evil.example", undefined],
    ["tel:+4912345", "tel:+4912345", undefined],
    ["javascript:alert(1)", "javascript:alert(1)", undefined],
    ["data:text/html,x", "data:text/html,x", undefined],
    ["ms-word:ofe|u|x", "ms-word:ofe|u|x", undefined],
    ["http://[bad/x.exe", "http://[bad/x.exe", "[bad"],
  ])("resolves %j as a client would", (text, canonical, host) => {
    const links = linksOf(text);
    expect(links[0]).toMatchObject({ canonical, host });
    // where clients differ, there are more; all in one place
    expect(new Set(links.map((link) => link.start)).size).toBe(1);
  });

  it.each([
    "tool.exe is on your disk",
    "version 1.2.3.4, v1.2.zip and node.js",
    "mail bob@example.com",
    "at 12:30, see note: yes",
    "http: is a protocol, http:// too",
    "C:\\Users\\bob and \\\\d+\\w",
    "// a comment; either/or",
    "metadata:x data:12 gossip:y",
    "_http://evil.example _www.evil.example",
    "__evil.com a__http://evil.example",
    "...",
  ])("finds nothing in %j", (text) => {
    expect(linksOf(text)).toEqual([]);
  });

  it.each([
    ["hxxp://evil.example/x", "http://evil.example/x"],
    ["hxxps:evil.example", "https://evil.example/"],
    ["http://evil[.]example/a.exe", "http://evil.example/a.exe"],
    ["hxxp[:]//evil(.)example", "http://evil.example/"],
    ["http[://]evil.example", "http://evil.example/"],
    ["www[.]evil[.]com", "www.evil.com/"],
    ["evil[.]com", "evil.com/"],
    ["evil {dot} com", "evil.com/"],
    ["type evil dot com", "evil.com/"],
  ])("takes %j for disarmed, and knows where it would lead", (text, canonical) => {
    const { links, disarmed } = findLinks(text, LIMIT);
    expect({ links, disarmed: disarmed.map((link) => link.canonical) }).toEqual({
      links: [],
      disarmed: [canonical],
    });
  });

  it.each(["h**ps://evil.example", "\u202eelpmaxe.live//:ptth"])(
    "finds what %j is read as besides what is live in it",
    (text) => {
      const { links, disarmed } = findLinks(text, LIMIT);
      expect(disarmed.map((link) => link.host)).toEqual(["evil.example"]);
      expect(links).toHaveLength(1);
    },
  );

  it("refuses pages that are turned round, and reads what a person would turn", () => {
    const turned = (count: number): string => `\u202e${"aa.zz bb.qqq3 ".repeat(count / 14)}`;
    expect(findLinks(turned(2800), LIMIT).complete).toBe(true);
    expect(findLinks(turned(28_000), LIMIT).complete).toBe(false);
    expect(findLinks(turned(28_000).slice(1), LIMIT).complete).toBe(true);
  });

  it("takes nothing in brackets for disarming a host that is one by itself", () => {
    expect(linksOf("http://evil.com[.]x/").map((link) => link.host)).toEqual(["evil.com"]);
    expect(linksOf("see evil.com[.]x").map((link) => link.host)).toContain("evil.com");
  });

  it.each([
    ["http://evil.example,x", ["evil.example,x", "evil.example"]],
    ["http://good.example\\@evil.example/", ["good.example", "evil.example"]],
    ["http://evil.example下载", ["evil.xn--example-uw3k7779b", "evil.example"]],
    ["приветevil.com", ["xn--evil-f4dst9cjx.com", "evil.com"]],
    ["http://ev%2569l.example", ["ev%2569l.example", "ev", "evil.example"]],
    ["http://[::ffff:192.0.2.7]/", ["192.0.2.7"]],
    ["\\\\evil.example@SSL@8080\\x\\y", ["evil.example"]],
    ["file:////evil.example/x", ["evil.example"]],
  ])("knows every host that %j may lead to", (text, hosts) => {
    expect(linksOf(text).map((link) => link.host)).toEqual(hosts);
  });

  it("tells facts about the host", () => {
    expect(linksOf("http://u:p@wiki.corp.example:81/a")[0]).toMatchObject({
      hasUserinfo: true,
      port: 81,
      registrableDomain: "corp.example",
      isIp: false,
      punycode: false,
    });
    expect(linksOf("http://\u0430pple.com")[0]).toMatchObject({
      punycode: true,
      mixedScript: true,
    });
    expect(linksOf("http://пример.рф")[0]).toMatchObject({ punycode: true, mixedScript: false });
    expect(linksOf("http://10.0.0.1/")[0]).toMatchObject({
      isIp: true,
      registrableDomain: undefined,
    });
  });

  it.each([
    ["http://x/tool.EXE?x=1", ["exe"]],
    ["http://x/tool.exe#a.txt", ["exe"]],
    ["http://x/tool.exe;a=b", ["exe"]],
    ["http://x/tool.exe.", ["exe"]],
    ["http://x/tool.exe/", ["exe"]],
    ["http://x/tool%2Eexe", ["exe"]],
    ["http://x/tool%252eexe", ["exe"]],
    ["http://x/tool.exe%00.jpg", ["jpg", "exe"]],
    ["http://x/tool.exe%20", ["exe", "exe%20"]],
    ["http://x/tool\uff0eexe", ["exe"]],
    ["http://x/tool.ex\u0435", ["ex\u0435", "ex%d0%b5", "ex", "exe"]],
    ["http://x/tool.exe'", ["exe"]],
    ["http://x/tool.exe%3Fy.txt", ["txt", "exe"]],
    ["www.evil.com", []],
    ["http://evil.com", []],
    ["http://evil.com/a.b/c", []],
    ["mailto:bob@evil.com", []],
  ])("takes the extensions of %j from its last path segment", (text, extensions) => {
    expect([...(linksOf(text)[0]?.pathExtensions ?? [])].sort()).toEqual([...extensions].sort());
  });

  it("leaves out the punctuation around a link, but keeps its own brackets", () => {
    expect(linksOf("(see http://a.example/b_(c)).")[0]?.raw).toBe("http://a.example/b_(c)");
    expect(linksOf('<http://a.example/b>, "http://c.example!"').map((l) => l.raw)).toEqual([
      "http://a.example/b",
      "http://c.example",
    ]);
  });

  it("finds a link inside another and after a comma", () => {
    expect(linksOf("http://wiki/?u=http://evil.example/x.exe").map((l) => l.host)).toEqual([
      "wiki",
      "evil.example",
    ]);
    expect(linksOf("http://a.example,www.evil.example").map((l) => l.host)).toContain(
      "www.evil.example",
    );
    expect(linksOf("_http://wiki/http://evil.example").map((l) => l.host)).toEqual([
      "evil.example",
    ]);
  });

  it("stops at the limit and says so", () => {
    const text = "http://a.example ".repeat(5);
    expect(findLinks(text, 5).complete).toBe(true);
    expect(findLinks(text, 4).complete).toBe(false);
  });

  it("takes time in proportion to the length of hostile texts", () => {
    const units = [
      "http:",
      "a.",
      "http://a.com/",
      "a",
      "www.",
      "//a.com,",
      "_http:/",
      "\\\\a",
      ":",
      "é.com,",
      "a-.",
      "(",
      ")",
      "a@",
      "a.a:",
      "\u200b",
      "http://a@",
      "//\u0301", // hosts that no name can be
    ];
    const slow: string[] = [];
    for (const unit of units) {
      const text = unit.repeat(Math.floor(65_536 / unit.length));
      findLinks(text, LIMIT);
      const begin = process.cpuUsage();
      for (let i = 0; i < 3; i++) findLinks(text, LIMIT);
      const { user } = process.cpuUsage(begin);
      // a quadratic search would need seconds; the bound leaves room for a busy machine
      if (user / 3000 > 150) slow.push(unit);
    }
    expect(slow).toEqual([]);
  });

  const piece = fc.oneof(
    fc.constantFrom(
      "http://",
      "HTTP:",
      "https:\\\\",
      "www.",
      "ftp.",
      "evil.com",
      "a.b",
      "://",
      "//",
      "\\\\",
      "\\share",
      "_",
      "__",
      " ",
      ".",
      ",",
      "@",
      ":",
      "/",
      "x.exe",
      "é",
      "问",
      "\u200b",
      "tel:1",
      "(",
      ")",
      "1.2.3.4/",
      "mailto:a@b.c",
      "javascript:x",
      "data:,",
      "\uff0e",
      "evil.zip",
      "?u=",
      "\t",
      "-",
      "1",
      "e\u0301",
      "[::1]",
    ),
    fc.string({ maxLength: 3 }),
  );
  const anyText = fc.array(piece, { maxLength: 14 }).map((pieces) => pieces.join(""));

  it("finds no live link in a text that it has disarmed", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const disarmed = disarm(text, linksOf(text));
        expect(linksOf(disarmed).map((link) => link.raw)).toEqual([]);
      }),
      { numRuns: 20_000, ...SEED },
    );
  });

  it.each(["evil.zip.HTTP:ftp.0", "evil.com.http:www.a.b", "@ftp.tel:1http://@"])(
    "disarms %j at once",
    (text) => {
      const disarmed = disarm(text, linksOf(text));
      expect(linksOf(disarmed)).toEqual([]);
    },
  );

  it("says where each link stands", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        let last = -1;
        for (const link of linksOf(text)) {
          expect(text.slice(link.start, link.end)).toBe(link.raw);
          // one place has several links when clients differ on where it leads
          expect(link.start).toBeGreaterThanOrEqual(last);
          expect(link.end).toBeGreaterThan(link.start);
          last = link.start;
        }
      }),
      { numRuns: 5000 },
    );
  });

  it("finds everything that linkify-it finds", () => {
    const linkify = linkifyit({ fuzzyLink: true, fuzzyEmail: false, fuzzyIP: false });
    const word = fc.constantFrom(
      "http://a.example/x",
      "https://b.com:80/y?z#w",
      "ftp://c.org",
      "//d.net/x",
      "e.com",
      "www.f.de/g_(h)",
      "mailto:a@b.com",
      "hello",
      "the",
      "(",
      ")",
      ".",
      ",",
      "«",
      "»",
      "i.co.uk",
      "j.info,k.biz",
      "http://l.com/m;n=o",
      "http://user:pw@p.com/",
      "q.com:8080/r",
      "http://1.2.3.4/s",
      "http://localhost:3000/t",
      "!",
      "'u.com'",
      "[v.org]",
      '"w.net"',
      "x.com/y|z.com",
      "…",
      "é",
    );
    const glue = fc.constantFrom(" ", " ", "\n", ", ", " - ", ": ");
    fc.assert(
      fc.property(fc.array(fc.tuple(word, glue), { maxLength: 8 }), (words) => {
        const text = words.flat().join("");
        const ours = linksOf(text);
        for (const match of linkify.match(text) ?? []) {
          const covered = ours.some((link) => link.start <= match.index && link.end > match.index);
          expect({ text, link: match.raw, covered }).toMatchObject({ covered: true });
        }
      }),
      { numRuns: 5000 },
    );
  });
});

describe("findHtmlLinks", () => {
  const linksIn = (source: string): readonly FoundLink[] => findHtmlLinks(source, LIMIT).links;

  it.each([
    ['<a href="http://evil.example/x.exe">the intranet</a>', "http://evil.example/x.exe"],
    ["<a href=http://evil.example>x</a>", "http://evil.example/"],
    ["<A HREF='&#104;ttp://evil.example'>x</A>", "http://evil.example/"],
    ['<a href="&#x68ttp&colon;//evil.example">x</a>', "http://evil.example/"],
    ['<a href=" http://evil.example/my file.exe ">x</a>', "http://evil.example/my%20file.exe"],
    ['<a href="ht\ntp://evil.example">x</a>', "http://evil.example/"],
    ['<a href="java\tscript:alert(1)">x</a>', "javascript:alert(1)"],
    ['<a href="//server/x.exe">x</a>', "http://server/x.exe"],
    ['<a href="odd-scheme:x">x</a>', "odd-scheme:x"],
    ['<img src="http://evil.example/x.gif">', "http://evil.example/x.gif"],
    ['<img srcset="x.gif 1x, http://evil.example/x.gif 2x">', "http://evil.example/x.gif"],
    ['<form action="http://evil.example/">', "http://evil.example/"],
    ['<svg><use xlink:href="http://evil.example/"/></svg>', "http://evil.example/"],
    ['<p style="background:url(http://evil.example/x)">', "http://evil.example/x"],
    ['<meta http-equiv="refresh" content="0;url=http://evil.example/">', "http://evil.example/"],
    ["<a onclick=\"location='http://evil.example/'\">", "http://evil.example/"],
    ["h<b>tt</b>p<i>://</i>evil.example<br>x", "http://evil.example/"],
    ["<p>www.evil.example</p><p>x</p>", "www.evil.example/"],
    ["http&#58;//evil.example", "http://evil.example/"],
    ["<!-- http://evil.example/ -->", "http://evil.example/"],
    ["<script>location='http://evil.example/'</script>", "http://evil.example/"],
    ["<style>a{background:url(http://evil.example/)}</style>", "http://evil.example/"],
    ['<a x="y" href="http://evil.example/', "http://evil.example/"],
    ['<noembed><!-- </noembed><a href="http://evil.example/ ">', "http://evil.example/"],
  ])("finds the link of %j", (source, canonical) => {
    expect(linksIn(source).map((link) => link.canonical)).toContain(canonical);
  });

  it("takes both of two attributes with one name", () => {
    const found = linksIn('<a href="http://good.example/" href="http://evil.example/">x</a>');
    expect(found.map((link) => link.host)).toEqual(["good.example", "evil.example"]);
  });

  it("does not take names of namespaces and pictures of the same message for links", () => {
    expect(linksIn('<html xmlns="http://www.w3.org/1999/xhtml"><img src="cid:1"></html>')).toEqual(
      [],
    );
    expect(linksIn('<a href="#top">x</a>')).toEqual([]);
  });

  it("says what is shown: references decoded, tags taken away, blocks on their own lines", () => {
    const { shown } = findHtmlLinks(
      "<p>a&amp;<b>b</b>&lt;</p>c<script>x</script><!-- y -->",
      LIMIT,
    );
    expect(shown.replaceAll(/\n+/g, "|")).toBe("|a&b<|c|");
  });

  it("finds no live link in a source that it has disarmed", () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '<a href="',
        "'",
        '"',
        ">",
        "</a>",
        "<b>",
        "</b>",
        "<br>",
        "http://evil.com",
        "&#104;ttp://evil.com",
        "http&colon;//",
        "//evil",
        "www.evil.com",
        "evil.com",
        "&amp;",
        "&copy",
        "<!--",
        "-->",
        "<script>",
        "</script>",
        "<style>",
        "<img src=",
        " href=",
        "javascript:",
        "_",
        "_http:",
        " ",
        "\n",
        "\r\n",
        "<",
        "=",
        "x:y",
        '<p style="',
        "url(",
        "&#x200b;",
        "&Tab;",
        "odd:",
        "&",
        ";",
        "\t",
      ),
      fc.string({ maxLength: 3 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
        const source = pieces.join("");
        const disarmed = disarm(source, linksIn(source));
        expect(linksIn(disarmed).map((link) => link.raw)).toEqual([]);
      }),
      { numRuns: 20_000, ...SEED },
    );
  });

  it("takes time in proportion to the length of hostile sources", () => {
    const slow: string[] = [];
    for (const unit of [
      "&a",
      "<a ",
      "<a href=http:",
      "<",
      "<b>",
      "<!--",
      "<a b=",
      "&#1;",
      "<script>",
    ]) {
      const source = unit.repeat(Math.floor(65_536 / unit.length));
      findHtmlLinks(source, LIMIT);
      const begin = process.cpuUsage();
      findHtmlLinks(source, LIMIT);
      if (process.cpuUsage(begin).user / 1000 > 400) slow.push(unit);
    }
    expect(slow).toEqual([]);
  });
});
