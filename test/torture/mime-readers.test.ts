import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { EICAR } from "../support/eicar.ts";
import {
  asMail,
  insideCpim,
  readByPostalMime,
  readByPython,
  type FoundPart,
} from "../support/mime-readers.ts";
import {
  BLOCKED_LINK,
  BLOCKED_NAME,
  mimeStructures,
  type MimeStructure,
} from "../support/mime-structures.ts";
import { parsedBytes } from "../support/parsed-request.ts";
import { shippedVerdict } from "../support/shipped-verdict.ts";

const STRUCTURES = mimeStructures();
const ERRORS = readFileSync(new URL("../../docs/errors.md", import.meta.url), "utf8");

/** What a reader has found that the shipped rules forbid. */
function forbiddenIn(parts: readonly FoundPart[]): string | undefined {
  for (const { name, content } of parts) {
    if (content.includes(EICAR)) return "EICAR";
    if (name.toLowerCase().includes(BLOCKED_NAME)) return name;
    if (content.toString("latin1").includes(BLOCKED_LINK)) return BLOCKED_LINK;
  }
  return undefined;
}

/** What some reader finds in each mail; readers: postal-mime, Python's email, and a search of the bytes as they stand. */
async function foundIn(mails: readonly Buffer[]): Promise<readonly (string | undefined)[]> {
  const python = readByPython(mails);
  if (python === undefined && process.env["REQUIRE_LIVE"] === "1") throw new Error("no python3");
  const found: (string | undefined)[] = [];
  for (const [i, mail] of mails.entries()) {
    const raw = { name: "", text: true, content: mail };
    const parts = [...(await readByPostalMime(mail)), ...(python?.[i] ?? []), raw];
    found.push(forbiddenIn(parts));
  }
  return found;
}

describe("structures that MIME readers disagree on", () => {
  it("are many, and most hold a forbidden thing that some reader finds", async () => {
    const mails = STRUCTURES.map(({ mail }) => {
      return mail.toString("latin1", 0, 30).includes("message/cpim") ? insideCpim(mail) : mail;
    });
    const found = await foundIn(mails);
    expect(STRUCTURES.length).toBeGreaterThan(400);
    expect(found.filter(Boolean).length).toBeGreaterThan(STRUCTURES.length / 2);
  });

  it("are never delivered with a forbidden thing that another reader finds", async () => {
    const delivered: { readonly structure: MimeStructure; readonly out: Buffer }[] = [];
    const unnamed: string[] = [];
    for (const structure of STRUCTURES) {
      if (structure.request === undefined) continue;
      const { out, reason, verdict } = shippedVerdict(structure.request);
      if (out !== undefined) delivered.push({ structure, out });
      else if (reason === "") unnamed.push(structure.name);
      else if (verdict.problem !== undefined && !ERRORS.includes(`\`${reason}\``))
        unnamed.push(reason);
    }
    const found = await foundIn(delivered.map(({ out }) => asMail(parsedBytes(out))));
    const leaks = delivered.flatMap(({ structure }, i) =>
      found[i] === undefined ? [] : [`${structure.name}: ${found[i]}`],
    );
    console.log(`structures: ${STRUCTURES.length}, delivered without harm: ${delivered.length}`);
    const again = delivered.filter(({ out }) => !shippedVerdict(parsedBytes(out)).untouched);
    expect(leaks).toEqual([]);
    expect(unnamed).toEqual([]);
    expect(again.map(({ structure }) => structure.name)).toEqual([]);
  });
});
