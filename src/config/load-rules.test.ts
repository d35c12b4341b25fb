import { mkdirSync, symlinkSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { lookUpIn } from "../policy/list-feed.ts";
import { loadRules } from "./load-rules.ts";
import { readProblem } from "./read-file.ts";
import { writeTemporaryFiles, type TemporaryFiles } from "./temporary-files.test-data.ts";

const EMPTY = "version: 1\n";

function read(files: TemporaryFiles, ...paths: string[]) {
  const loaded = loadRules(paths.map((path) => files.path(path)));
  return {
    order: loaded.sources.map(({ file, pack }) => {
      const name = file.replace(`${files.dir}/`, "");
      return pack === undefined ? name : `${name} [${pack}]`;
    }),
    problems: files.shown(loaded.problems),
    lists: loaded.sources.map((source) => (source.data as { lists?: unknown } | null)?.lists),
    loaded,
  };
}

describe("loadRules", () => {
  it("reads files and folders in the order given, a folder's files by name, then the packs", () => {
    using files = writeTemporaryFiles({
      "r/90-local.yaml": "# nothing yet\n",
      "r/10-default.yaml": EMPTY,
      "r/sub/not-read.yaml": "[",
      "r/notes.txt": "not a rule file",
      "r/.hidden.yaml": "[",
      "r/packs/b/2.yaml": EMPTY,
      "r/packs/b/1.yaml": EMPTY,
      "r/packs/a/x.yaml": EMPTY,
      "first.yaml": EMPTY,
    });
    const { order, problems } = read(files, "first.yaml", "r");
    expect(order).toEqual([
      "first.yaml",
      "r/10-default.yaml",
      "r/90-local.yaml",
      "r/packs/a/x.yaml [a]",
      "r/packs/b/1.yaml [b]",
      "r/packs/b/2.yaml [b]",
    ]);
    expect(problems).toEqual([]);
  });

  it("finds the packs beside a file that is named by itself", () => {
    using files = writeTemporaryFiles({ "r/my.yaml": EMPTY, "r/packs/a/x.yaml": EMPTY });
    expect(read(files, "r/my.yaml").order).toEqual(["r/my.yaml", "r/packs/a/x.yaml [a]"]);
  });

  it("names what is missing", () => {
    using files = writeTemporaryFiles({ "a.yaml": EMPTY });
    expect(read(files, "rulez", "a.yaml/b", "a.yaml").problems).toEqual([
      "rulez:1:1: rulez does not exist (check the spelling of the path)",
      "a.yaml/b:1:1: a.yaml/b does not exist: a part of its path is not a folder",
    ]);
  });

  it("refuses what is no file: folders, links in circles, links that lead nowhere", () => {
    using files = writeTemporaryFiles({ "r/ok.yaml": EMPTY });
    mkdirSync(files.path("r/folder.yaml"));
    symlinkSync("b.yaml", files.path("r/a.yaml"));
    symlinkSync("a.yaml", files.path("r/b.yaml"));
    symlinkSync("nowhere", files.path("r/dangling.yaml"));
    const { order, problems } = read(files, "r");
    expect(order).toEqual(["r/ok.yaml"]);
    expect(problems).toEqual([
      "r/a.yaml:1:1: r/a.yaml cannot be read: its symbolic links lead in a circle",
      "r/b.yaml:1:1: r/b.yaml cannot be read: its symbolic links lead in a circle",
      "r/dangling.yaml:1:1: r/dangling.yaml does not exist (check the spelling of the path)",
      "r/folder.yaml:1:1: r/folder.yaml is a folder, not a file",
    ]);
  });

  it("refuses a circle of links that is named itself, or stands where packs would", () => {
    using files = writeTemporaryFiles({ "r/ok.yaml": EMPTY });
    symlinkSync("b.yaml", files.path("a.yaml"));
    symlinkSync("a.yaml", files.path("b.yaml"));
    symlinkSync("packs", files.path("r/packs"));
    const { order, problems } = read(files, "a.yaml", "r");
    expect(order).toEqual(["r/ok.yaml"]);
    expect(problems).toEqual([
      "a.yaml:1:1: a.yaml cannot be read: its symbolic links lead in a circle",
    ]);
  });

  it("refuses devices and does not wait for them", () => {
    using files = writeTemporaryFiles({ "r/ok.yaml": EMPTY });
    symlinkSync("/dev/zero", files.path("r/zero.yaml"));
    expect(read(files, "r").problems).toEqual([
      "r/zero.yaml:1:1: r/zero.yaml is not a regular file",
    ]);
  });

  it("names a file that may not be read", () => {
    const denied = Object.assign(new Error("EACCES: permission denied"), { code: "EACCES" });
    expect(readProblem(denied)).toEqual({
      message: "cannot be read: permission denied",
      hint: "give the user of the gateway the right to read it",
    });
  });

  it("refuses half-written files and files that are not UTF-8, and reads the others", () => {
    using files = writeTemporaryFiles({
      "r/a.yaml": "version: 1\nrules:\n  - id: x\n    then: {blo",
      "r/b.yaml": Buffer.from([0x61, 0x3a, 0x20, 0xe4, 0x0a]),
      "r/c.yaml": Buffer.concat([Buffer.from("version: 1\n"), Buffer.alloc(4096)]),
      "r/d.yaml": EMPTY,
    });
    const { order, problems } = read(files, "r");
    expect(order).toEqual(["r/d.yaml"]);
    expect(problems.map((line) => line.replace(/ \(.*/, ""))).toEqual([
      "r/a.yaml:4:15: flow map in block collection must be sufficiently indented and end with a }",
      "r/b.yaml:1:4: not UTF-8 text",
      "r/c.yaml:2:1: a NUL character",
    ]);
  });

  it("refuses a file that is named twice and a pack that is defined twice", () => {
    using files = writeTemporaryFiles({
      "r/a.yaml": EMPTY,
      "r/packs/p/x.yaml": EMPTY,
      "s/b.yaml": EMPTY,
      "s/packs/p/x.yaml": EMPTY,
    });
    expect(read(files, "r", "r/a.yaml", "s").problems).toEqual([
      'r/a.yaml:1:1: this file is read twice (name it once under "rules")',
      's/packs/p:1:1: the pack "p" is defined in r/packs/p already (rename one of the folders)',
    ]);
  });

  it("warns of files that look like rule files and are not read", () => {
    using files = writeTemporaryFiles({ "r/a.yml": EMPTY });
    expect(read(files, "r").problems).toEqual([
      'r/a.yml:1:1: warning: r/a.yml is not read (rule files end in ".yaml")',
    ]);
  });

  it("reads list files beside the rule file, in every format", () => {
    using files = writeTemporaryFiles({
      "r/a.yaml": `version: 1
lists:
  plain: { type: domain, items: [own.example], file: lists/plain.txt }
  hosts: { type: domain, file: lists/hosts, format: hosts }
  cells: { type: string, file: lists/cells.csv, format: "csv:2" }
  words: { type: phrase, file: lists/words.txt }
  none: { type: string, file: lists/none, on_missing: empty }
groups:
  finance: { members_file: lists/finance.txt }
`,
      "r/lists/plain.txt": "# comment\r\n\r\nbad.example\r\n  worse.example  \r\n",
      "r/lists/hosts": "127.0.0.1 localhost\n0.0.0.0 ads.example track.example # ads\n",
      "r/lists/cells.csv": '1,one,x\n2,"two, and ""more""",y\n3\n',
      "r/lists/words.txt": "project nightjar\nmerger model\n",
      "r/lists/finance.txt": "sip:Carol@corp.example\n",
    });
    const { problems, loaded } = read(files, "r");
    expect(problems).toEqual([]);
    expect(loaded.lists.map(({ file, version }) => [file.name, version.count])).toEqual([
      ["plain", 2],
      ["hosts", 2],
      ["cells", 2],
      ["words", 2],
      ["none", 0],
      ["finance", 1],
    ]);
    const feeds = loaded.sources[0]?.feeds;
    const has = (key: string, value: string) => lookUpIn(feeds?.get(key), false)(value);
    expect(has("lists/plain", "bad.example")).toBe(true);
    expect(has("lists/plain", "worse.example")).toBe(true);
    expect(has("lists/plain", "# comment")).toBe(false);
    expect(has("lists/hosts", "track.example")).toBe(true);
    expect(has("lists/hosts", "localhost")).toBe(false);
    expect(has("lists/cells", 'two, and "more"')).toBe(true);
    expect(has("lists/words", "merger model")).toBe(true);
    expect(has("groups/finance", "carol@corp.example")).toBe(true);
  });

  it("never puts the entries of a file into the document", () => {
    using files = writeTemporaryFiles({
      "r/a.yaml": "version: 1\nlists:\n  l: { type: domain, items: [a.example], file: l.txt }\n",
      "r/l.txt": "b.example\n",
    });
    const { lists } = read(files, "r");
    expect(lists).toEqual([{ l: { type: "domain", items: ["a.example"], file: "l.txt" } }]);
  });

  it("names the list whose file is missing, unreadable or no text", () => {
    using files = writeTemporaryFiles({
      "r/a.yaml": `version: 1
lists:
  gone: { type: string, file: gone.txt }
  lost: { type: string, file: lost.txt, on_missing: last-good }
  folder: { type: string, file: ../r }
  binary: { type: string, file: binary, on_missing: empty }
groups:
  g: { members_file: nobody.txt }
`,
      "r/binary": Buffer.from([0x61, 0x0a, 0xff, 0xfe]),
    });
    expect(read(files, "r").problems).toEqual([
      "r/a.yaml:3:25: r/gone.txt does not exist (check the spelling of the path)",
      "r/a.yaml:4:25: r/lost.txt does not exist (check the spelling of the path)",
      "r/a.yaml:5:27: r is a folder, not a file",
      "r/binary:2:1: not UTF-8 text (save the file as UTF-8)",
      "r/a.yaml:8:8: r/nobody.txt does not exist (check the spelling of the path)",
    ]);
  });

  it("shows an entry that cannot be meant where it stands", () => {
    using files = writeTemporaryFiles({
      "r/a.yaml": "version: 1\nlists:\n  l: { type: domain, items: [a.example], file: l.txt }\n",
      "r/l.txt": "# two\n\nb.example\nCO.uk\nhttp://c.example/\n",
    });
    expect(read(files, "r").problems).toEqual([
      'r/l.txt:4:1: "co.uk" is a public suffix: it would match everybody under it (name the domain)',
      'r/l.txt:5:1: "http://c.example/" is no domain name (write the name alone; names under it count too)',
    ]);
  });
});
