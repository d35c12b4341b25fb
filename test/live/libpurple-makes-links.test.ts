import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { findHtmlLinks } from "../../src/inspect/find-html-links.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { C_COMPILER, isMissing, LIBPURPLE } from "./peers/requirements.ts";

/** What Pidgin, Adium and whoever else is built on libpurple makes clickable in a text, it is found by us, with the same host. */

const PIECES: readonly string[] = [
  "http://",
  "https://",
  "HTTP://",
  "hTTp://",
  "ftp://",
  "sftp://",
  "file://",
  "gopher://",
  "xmpp:",
  "mailto:",
  "www.",
  "WWW.",
  "ftp.",
  "evil",
  "example",
  "com",
  ".",
  ".",
  "/",
  "//",
  "/a",
  "?q=1",
  "#f",
  ":80",
  ":",
  "@",
  "_",
  "-",
  ",",
  ";",
  "!",
  "'",
  "(",
  ")",
  "[",
  "]",
  "{",
  "}",
  "|",
  "*",
  "\\",
  "&amp;",
  "&quot;",
  "&lt;",
  "&gt;",
  "&nbsp;",
  "<b>",
  "</b>",
  "<br>",
  " ",
  " ",
  " ",
  "é",
  "привет",
  "你好",
  "。",
  "»",
  "…",
  "\u200b",
  "😀",
  "x.com",
  "evil.example/x",
  "user@foo.com",
  "192.0.2.7",
];

function shownByLibpurple(texts: readonly string[]): readonly string[] {
  const dir = mkdtempSync(join(tmpdir(), "sluice-linkify-"));
  try {
    const program = join(dir, "linkify");
    const source = fileURLToPath(new URL("peers/linkify.c", import.meta.url));
    const flags = execFileSync("pkg-config", ["--cflags", "--libs", "purple"], {
      encoding: "utf8",
    });
    execFileSync("gcc", ["-o", program, source, ...flags.trim().split(/\s+/)]);
    const input = `${texts.join("\n")}\n`;
    const options = { input, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 } as const;
    return execFileSync(program, options).split("\n").slice(0, -1);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** The host that a click goes to; undefined where it leads nowhere, or to an address of mail. */
function hostOf(href: string): string | undefined {
  const url = URL.parse(href.replaceAll("&amp;", "&"));
  if (url === null || !/^(?:https?|s?ftp|file|gopher):$/.test(url.protocol)) return undefined;
  const host = url.hostname.replace(/\.+$/, "").toLowerCase();
  return REACHABLE.test(host) ? host : undefined;
}

/** An address, a single ASCII name but for "www." with nothing behind it, or a name under one of the suffixes in the texts. */
const REACHABLE =
  /^(?!(?:www|ftp|xn--[^.]*)$)(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?|(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:com|example)|[0-9.]+)$/;

describe.skipIf(isMissing([C_COMPILER, LIBPURPLE]))("libpurple", () => {
  it("makes nothing clickable that is not found, with the same host", () => {
    const random = seededRandom(20_261_127);
    const texts = Array.from({ length: 20_000 }, () => {
      let text = "";
      for (let piece = 0; piece < 8; piece += 1)
        text += PIECES[Math.floor(random() * PIECES.length)] ?? "";
      return text;
    });
    const shown = shownByLibpurple(texts);
    expect(shown).toHaveLength(texts.length);
    let links = 0;
    const missed = texts.flatMap((text, index) => {
      const { links: live, disarmed } = findHtmlLinks(text, 1000);
      const ours = [...live, ...disarmed].map((link) => link.host);
      const hrefs = [...(shown[index] ?? "").matchAll(/<A HREF="([^"]*)">/g)];
      return hrefs.flatMap(([, href = ""]) => {
        const host = hostOf(href);
        if (host === undefined) return [];
        links += 1;
        return ours.includes(host) ? [] : [{ text, href, host, ours }];
      });
    });
    console.info(`libpurple: ${links} links in 20,000 texts, ${missed.length} of them missed`);
    expect(links).toBeGreaterThan(2000);
    expect(missed).toEqual([]);
  });
});
