import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { normalizeFileName } from "../../content/file-name.ts";
import { compilePolicy } from "../compile.ts";
import type { Facts, FileContent, Party } from "../facts.ts";

const PARTY: Party = {
  aor: "sip:a@x.example",
  user: "a",
  domain: "x.example",
  displayName: "",
  ip: undefined,
  authenticated: true,
};
const NOTHING: FileContent = {
  types: [],
  sha256: undefined,
  hasMacros: false,
  archive: undefined,
};

interface Given extends Partial<FileContent> {
  readonly name?: string;
  readonly hashes?: readonly string[];
  readonly declared?: string;
  readonly unread?: boolean;
}

function factsOf({ name = "a.jpg", hashes = [], declared, unread, ...content }: Given): Facts {
  return {
    phase: "file",
    from: PARTY,
    to: PARTY,
    direction: "internal",
    channel: "msnftp",
    transport: "tcp",
    encrypted: false,
    now: 0,
    texts: [],
    links: [],
    media: [],
    file: {
      name: normalizeFileName(name),
      size: 1,
      declaredType: declared,
      declaredHashes: hashes,
      content: unread === true ? undefined : { ...NOTHING, ...content },
    },
    scan: { verdict: "clean", engine: "e", name: "", reason: "" },
  };
}

/** Whether a rule with this condition below `file` blocks, and what its trace says of it. */
function asked(condition: string, given: Given): { blocked: boolean; trace: string } {
  const data: unknown = parse(
    `{ version: 1, lists: { bad: { type: extension, items: [exe, scr] } },
       rules: [ { id: r, on: file, when: { file: ${condition} }, then: block } ] }`,
  );
  const source = { file: "r.yaml", pack: undefined, data, lineOf: () => 1 };
  const compiled = compilePolicy([source], { domains: [], generation: 1 });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problem));
  const decision = compiled.value.decide(factsOf(given), { trace: true });
  return { blocked: decision.action === "block", trace: JSON.stringify(decision.trace) };
}

const PE = { type: "application/x-msdownload", group: "executable" } as const;
const JPEG = { type: "image/jpeg", group: "image" } as const;
const TEXT = { type: "text/plain", group: "text" } as const;
const ZIP = {
  depth: 2,
  members: 3,
  encrypted: false,
  memberExtensions: [["txt"], ["exe", "pdf"]],
  memberTypes: [TEXT, PE],
  ratio: 12.5,
};

describe("the fields of file that ask about its bytes", () => {
  it.each<[string, Given, boolean]>([
    ["{ true_type: image/jpeg }", { types: [JPEG] }, true],
    ["{ true_type: [image/png, IMAGE/JPEG] }", { types: [JPEG] }, true],
    ["{ true_type: { prefix: image/ } }", { types: [JPEG] }, true],
    ["{ true_type: { group: image } }", { types: [JPEG] }, true],
    ["{ true_type: { group: [executable, script] } }", { types: [JPEG] }, false],
    ["{ true_type: { group: [executable, script] } }", { types: [JPEG, PE] }, true],
    ["{ true_type: { group: { not: [image] } } }", { types: [PE] }, true],
    ["{ true_type: { group: image, prefix: image/p } }", { types: [JPEG] }, false],
    ["{ true_type: { exists: false } }", {}, true],
    ["{ true_type: { exists: false } }", { types: [JPEG] }, false],
    ["{ true_type: { not: image/jpeg } }", { types: [PE, JPEG] }, false],
    ["{ type_mismatch: true }", { types: [PE] }, true],
    ["{ type_mismatch: true }", { types: [JPEG] }, false],
    ["{ type_mismatch: false }", { types: [JPEG] }, true],
    ["{ type_mismatch: true }", { types: [JPEG, PE] }, true],
    ["{ type_mismatch: true }", {}, false],
    ["{ type_mismatch: true }", { name: "setup", declared: "image/png", types: [PE] }, true],
    ["{ sha256: ABCD }", { sha256: "abcd" }, true],
    ["{ sha256: { prefix: ef } }", { sha256: "abcd" }, false],
    ["{ has_macros: true }", { hasMacros: true }, true],
    ["{ has_macros: true }", { hasMacros: undefined }, false],
    ["{ has_macros: false }", { hasMacros: false }, true],
    ["{ declared_hash: 'sha-1:7224' }", { hashes: ["sha-256:aa", "sha-1:7224"] }, true],
    ["{ declared_hash: { exists: false } }", {}, true],
    ["{ archive: { member_extension: { in_list: bad } } }", { archive: ZIP }, true],
    ["{ archive: { member_extension: exe } }", { archive: ZIP }, true],
    ["{ archive: { member_extension: pdf } }", { archive: ZIP }, true],
    ["{ archive: { member_extension: doc } }", { archive: ZIP }, false],
    ["{ archive: { member_extension: { not: txt } } }", { archive: ZIP }, true],
    ["{ archive: { member_extension: { not: [txt, exe] } } }", { archive: ZIP }, false],
    ["{ archive: { member_type: application/x-msdownload } }", { archive: ZIP }, true],
    ["{ archive: { member_type: { group: [executable] } } }", { archive: ZIP }, true],
    ["{ archive: { member_type: { group: [image, script] } } }", { archive: ZIP }, false],
    ["{ archive: { member_type: { group: executable } } }", { types: [PE] }, false],
    ["{ archive: { depth: { gt: 1 } } }", { archive: ZIP }, true],
    ["{ archive: { members: { gte: 4 } } }", { archive: ZIP }, false],
    ["{ archive: { ratio: { gt: 12 }, encrypted: false } }", { archive: ZIP }, true],
    ["{ archive: { encrypted: true } }", { archive: { ...ZIP, encrypted: true } }, true],
    ["{ archive: { encrypted: false } }", {}, false],
    ["{ archive: { depth: { exists: false } } }", {}, true],
    ["{ archive: { member_extension: exe } }", {}, false],
  ])("%s of %j", (condition, given, blocked) => {
    expect(asked(condition, given).blocked).toBe(blocked);
  });

  it.each([
    "{ true_type: { group: executable } }",
    "{ type_mismatch: false }",
    "{ sha256: a }",
    "{ has_macros: false }",
    "{ archive: { encrypted: false } }",
  ])("%s holds of no file whose bytes could not be read", (condition) => {
    expect(asked(condition, { unread: true }).blocked).toBe(false);
  });

  it("are shown in the trace", () => {
    const condition =
      "{ true_type: { exists: true }, type_mismatch: true, archive: { depth: 2, member_extension: exe } }";
    const { trace } = asked(condition, { types: [PE], archive: ZIP });
    expect(trace).toContain("application/x-msdownload (executable)");
    expect(trace).toContain("file.type_mismatch");
    expect(trace).toContain("txt exe,pdf");
  });
});
