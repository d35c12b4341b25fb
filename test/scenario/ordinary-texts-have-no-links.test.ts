import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { linkifyit } from "linkify-it";
import { parse } from "tldts";
import { describe, expect, it } from "vitest";
import { findLinks } from "../../src/inspect/find-links.ts";
import type { FoundLink } from "../../src/inspect/found-link.ts";
import { BENIGN_LINES } from "../support/benign-lines.ts";

/**
 * How often a link is found where nobody else sees one: in lines written for it, and in what the machine has of descriptions,
 * licences and documents. A link counts as right when linkify-it finds one there (every suffix, hosts without a scheme,
 * addresses), or when a person would say so: a scheme with "://" and a name behind it, a share, a SIP address, a host
 * that is spelled ("example dot org").
 */

interface Source {
  readonly name: string;
  readonly lines: readonly string[];
}

const MOST_LINES = 120_000;

function linesOf(text: string): readonly string[] {
  return text.split("\n").filter((line) => line.trim() !== "" && isText(line));
}

/** Not a piece of something compressed. */
function isText(line: string): boolean {
  // eslint-disable-next-line no-control-regex -- what no text has
  return !/[\0-\x08\x0e-\x1f\ufffd]/.test(line);
}

function outputOf(command: string, args: readonly string[]): string {
  try {
    const options = { encoding: "utf8", maxBuffer: 256 * 1024 * 1024, stdio: "pipe" } as const;
    return execFileSync(command, args, options);
  } catch {
    return ""; // not a Debian
  }
}

function filesUnder(dir: string, wanted: RegExp, depth = 3): readonly string[] {
  if (depth === 0 || !existsSync(dir)) return [];
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return filesUnder(path, wanted, depth - 1);
    const fits = entry.isFile() && wanted.test(entry.name);
    return fits && statSync(path).size < 200_000 ? [path] : [];
  });
}

function sources(): readonly Source[] {
  const texts = (paths: readonly string[]): readonly string[] =>
    paths.flatMap((path) => linesOf(readFileSync(path, "utf8")));
  const available = outputOf("apt-cache", ["dumpavail"]).matchAll(/^Description: (.*)$/gm);
  return [
    { name: "written for it", lines: BENIGN_LINES },
    {
      name: "packages installed",
      // eslint-disable-next-line no-template-curly-in-string -- dpkg's own
      lines: linesOf(outputOf("dpkg-query", ["-W", "-f", "${Description}\n"])),
    },
    { name: "packages there are", lines: Array.from(available, ([, text = ""]) => text) },
    { name: "licences", lines: texts(filesUnder("/usr/share/common-licenses", /./)) },
    {
      name: "documents",
      lines: texts(
        filesUnder("/usr/share/doc", /^(?:copyright|README|NEWS)(?:\.(?:txt|Debian))?$/),
      ),
    },
    { name: "fortunes", lines: texts(filesUnder("/usr/share/games/fortunes", /^[a-z-]+$/)) },
    {
      name: "packages of npm",
      lines: texts(filesUnder("node_modules", /^(?:licen[cs]e|readme)/i)),
    },
  ].map(({ name, lines }) => ({ name, lines: lines.slice(0, MOST_LINES) }));
}

/** linkify-it with every public suffix that occurs. */
function createReference(all: readonly Source[]): ReturnType<typeof linkifyit> {
  const options = { allowPrivateDomains: false, extractHostname: false, validateHostname: false };
  const seen = new Map<string, boolean>();
  for (const { lines } of all)
    for (const line of lines)
      for (const [, word = ""] of line.matchAll(/\.([\p{L}\p{N}-]{2,24})/gu)) {
        const suffix = word.toLowerCase();
        if (!seen.has(suffix)) seen.set(suffix, parse(`x.${suffix}`, options).isIcann === true);
      }
  const linkify = linkifyit({ fuzzyLink: true, fuzzyEmail: true, fuzzyIP: true });
  const suffixes = [...seen].filter(([, isSuffix]) => isSuffix).map(([suffix]) => suffix);
  return linkify.tlds(suffixes, true);
}

const A_PERSON_SAYS_SO =
  /^_*(?:[a-z][a-z0-9+.-]*:\/\/[\p{L}\p{N}]|\\\\[\w.]+\\\w|sips?:[^@\s]+@|www\.[\w-]+\.)|\bdot\b|[[({]\.[\])}]/iu;

function falseIn(line: string, linkify: ReturnType<typeof linkifyit>): readonly FoundLink[] {
  const { links, disarmed } = findLinks(line, 1000);
  const found = [...links, ...disarmed];
  if (found.length === 0) return found;
  const right = linkify.match(line) ?? [];
  return found.filter(
    (link) =>
      !A_PERSON_SAYS_SO.test(link.raw) &&
      !right.some((match) => match.index < link.end && match.lastIndex > link.start),
  );
}

describe("ordinary texts", () => {
  const all = sources();
  const linkify = createReference(all);

  it("hold a link that nobody sees in at most one line of a thousand", () => {
    const report: string[] = [];
    const seen: string[] = [];
    let lines = 0;
    let wrong = 0;
    for (const source of all) {
      const bad = source.lines.flatMap((line) => {
        const [first] = falseIn(line, linkify);
        return first === undefined ? [] : [`${first.raw} in ${line.trim().slice(0, 100)}`];
      });
      report.push(`${source.name} ${bad.length}/${source.lines.length}`);
      lines += source.lines.length;
      wrong += bad.length;
      seen.push(...bad.slice(0, 5));
    }
    const share = ((100 * wrong) / lines).toFixed(4);
    console.info(`false links: ${wrong} of ${lines} lines (${share} %): ${report.join(", ")}`);
    expect({ tooMany: wrong / lines > 0.001, seen }).toMatchObject({ tooMany: false });
    expect(lines).toBeGreaterThan(existsSync("/usr/share/doc/dpkg") ? 50_000 : 5000);
  });

  it("hold none at all in lines that were written for it", () => {
    expect(BENIGN_LINES.length).toBeGreaterThan(300);
    const wrong = BENIGN_LINES.filter((line) => falseIn(line, linkify).length > 0);
    expect(wrong).toEqual([]);
  });
});
