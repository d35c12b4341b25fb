import { deflateRawSync, deflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { viewOf } from "./byte-view.ts";
import { lookIntoFile, type FileLook } from "./look-into-file.ts";

const RUN = "<</S/JavaScript/JS(app.alert(1))>>";
const CATALOG = "1 0 obj\n<</Type/Catalog/OpenAction 7 0 R>>\nendobj";

/** A PDF of these objects; without a table of them, which readers build anew. */
function pdfOf(...objects: readonly string[]): Buffer {
  const all = [CATALOG, ...objects, "trailer\n<</Root 1 0 R>>\n%%EOF\n"].join("\n");
  return Buffer.from(`%PDF-1.7\n${all}`, "latin1");
}

function look(bytes: Buffer): FileLook {
  return lookIntoFile(viewOf(bytes));
}

interface Packed {
  /** All keys of its dictionary but /Length. */
  readonly keys: string;
  readonly length?: string;
  readonly body: Buffer;
}

/** An object stream (ISO 32000-1 7.5.7). */
function objectStream({ keys, length, body }: Packed): string {
  const end = `${body.toString("latin1")}\nendstream\nendobj`;
  return `9 0 obj\n<<${keys}/Length ${length ?? body.length}>>stream\n${end}`;
}

describe("readPdf, of scripts behind which a reader comes and a search does not", () => {
  it.each([
    ["the name is an object", "7 0 obj\n<</S 8 0 R/JS(x)>>\nendobj\n8 0 obj/JavaScript endobj"],
    ["a form of XFA stands behind a reference", "4 0 obj\n<</Fields 5 0 R/XFA 6 0 R>>\nendobj"],
    ["and behind a truth", "4 0 obj\n<</NeedAppearances true/XFA[(a)6 0 R]>>\nendobj"],
    ["and behind a name", "4 0 obj\n<</Type/Any/XFA 6 0 R>>\nendobj"],
    ["a rendition has it", "7 0 obj\n<</S/Rendition/OP 0/JS(x)>>\nendobj"],
  ])("%s", (_, objects) => {
    expect(look(pdfOf(objects)).hasMacros).toBe(true);
  });

  it("takes no address for one", () => {
    const texts = ["(http://a.example/2024/JavaScript)", "(a.example/XFA)", "(a/b/Launch)"];
    expect(look(pdfOf(`7 0 obj\n[${texts.join(" ")}]\nendobj`)).hasMacros).toBe(false);
  });

  const plain = { keys: "/Type/ObjStm/N 1/First 4/Filter/FlateDecode", table: "7 0\n", run: RUN };
  it.each([
    [
      "whose dictionary has a name with obj in it",
      { keys: "/Filter/FlateDecode/Robj 1/Type/ObjStm/N 1/First 4" },
    ],
    [
      "whose dictionary has a comment with obj in it",
      { keys: `/Filter/FlateDecode%1 0 obj\n/Type/ObjStm/N 1/First 4` },
    ],
    [
      "that says elsewhere what it is",
      { keys: "/Type 20 0 R/N 1/First 21 0 R/Filter/FlateDecode" },
    ],
    [
      "with rubbish before an object",
      {
        keys: plain.keys.replace("/First 4", "/First 9"),
        table: "7 0 8 20\n",
        run: "<</S 8 0 R/JS(x)>>zz/JavaScript",
      },
    ],
  ])("sees it, or says why not, in an object stream %s", (_, change) => {
    const { keys, table, run } = { ...plain, ...change };
    const { hasMacros, problem } = look(
      pdfOf(objectStream({ keys, body: deflateSync(table + run) })),
    );
    expect(hasMacros === true || problem !== undefined).toBe(true);
  });

  it("says so where the end of an object stream cannot be told from its content", () => {
    // what is said to end it is stored, the script behind that packed
    const stored = Buffer.from("7 22\n(endstream endobj    )");
    const head = Buffer.from([0x78, 0x01, 0, stored.length, 0, ~stored.length & 0xff, 0xff]);
    const body = Buffer.concat([head, stored, deflateRawSync(RUN)]);
    const keys = "/Type/ObjStm/N 1/First 5/Filter/FlateDecode";
    expect(look(pdfOf(objectStream({ keys, length: "30 0 R", body }))).problem).toBe("corrupt");
  });
});

/** Milliseconds of CPU that may go to a megabyte; on slow machines too. */
const MOST = 4000;

describe("readPdf, of files that are made to keep it busy", () => {
  it.each([
    ["strings without an end", "/F("],
    ["strings of lines that go on", "/F(\\\n"],
    ["comments without an end", "/F%"],
    ["hexadecimal strings without an end", "/F<a"],
    ["places of files and comments", "/EF%"],
    ["objects with strings without an end", "9 0 obj("],
    ["objects with comments without an end", "9 0 obj%"],
  ])("has an end: %s", (_, piece) => {
    const bytes = pdfOf("<</F 9 0 R/EF<<>>>>", piece.repeat(1_000_000 / piece.length));
    const begin = process.cpuUsage();
    expect(look(bytes).problem).toBeDefined();
    const { user, system } = process.cpuUsage(begin);
    expect((user + system) / 1000).toBeLessThan(MOST);
  });
});
