import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import type { ConfigProblem } from "./config-problem.ts";
import { formatProblem, formatProblems } from "./format-problem.ts";

const PROBLEM: ConfigProblem = {
  file: "sluice.yaml",
  line: 3,
  column: 5,
  message: 'unknown key "lisen"',
  hint: 'did you mean "listen"?',
  severity: "error",
  kind: "invalid",
  sourceLine: "    lisen: []",
};

describe("formatProblem", () => {
  it("names file, line and column, quotes the line and puts a caret below", () => {
    expect(formatProblem(PROBLEM)).toBe(
      [
        'sluice.yaml:3:5: error: unknown key "lisen", did you mean "listen"?',
        "   3 |     lisen: []",
        "     |     ^",
      ].join("\n"),
    );
  });

  it("puts other advice after a colon, and does without a line", () => {
    const problem = { ...PROBLEM, hint: "write it so", sourceLine: undefined };
    expect(formatProblem(problem)).toBe('sluice.yaml:3:5: error: unknown key "lisen": write it so');
    expect(formatProblem({ ...problem, hint: undefined })).toMatch(/"lisen"$/);
  });

  it.each(["json", "sarif"] as const)(
    "lets nothing in a document move a cursor, and gives it back when read: %s",
    (format) => {
      const message = `unknown key "a\u009b31m\u202e\u{e0041}\u001b"`;
      const document = formatProblems([{ ...PROBLEM, message, hint: undefined }], format);
      expect(document).not.toMatch(/[^\P{Cc}\n]|\p{Cf}/u);
      expect(JSON.stringify(JSON.parse(document))).toContain(JSON.stringify(message));
    },
  );

  it("lets no file name move the cursor of whoever reads a workflow's log", () => {
    const line = formatProblems([{ ...PROBLEM, file: "a\u001b[31m\u009b.yaml" }], "github");
    expect(line).toMatch(/^::error file=a\uFFFD\[31m\uFFFD.yaml,line=3/);
  });

  it("shows the part of a long line that the column stands in", () => {
    const sourceLine = `${"x".repeat(500)}HERE${"y".repeat(500)}`;
    const [, line = "", caret = ""] = formatProblem({
      ...PROBLEM,
      sourceLine,
      column: 501,
    }).split("\n");
    expect(line.length).toBeLessThan(140);
    expect(line.indexOf("HERE")).toBe(caret.indexOf("^"));
  });

  it("lets nothing in a file move the cursor of a terminal or turn the line round", () => {
    const sourceLine = "a: \u001B[2J\u202Eexe\tx";
    const text = formatProblem({ ...PROBLEM, sourceLine, message: "bad \u001B[31m" });
    for (const sign of ["\u001B", "\u202E", "\t"]) expect(text).not.toContain(sign);
  });
});

describe("formatProblems", () => {
  it("gives nothing for no problems in text, and whole documents in json and sarif", () => {
    expect(formatProblems([], "text")).toBe("");
    expect(formatProblems([], "github")).toBe("");
    expect(JSON.parse(formatProblems([], "json"))).toEqual([]);
    expect(JSON.parse(formatProblems([], "sarif"))).toMatchObject({ version: "2.1.0" });
  });

  it("writes workflow commands that no message can break out of", () => {
    const problem = { ...PROBLEM, file: "a,b:c.yaml", message: "50% of\r\n::set-env" };
    const text = formatProblems([problem], "github");
    expect(text.split("\n")).toHaveLength(2);
    expect(text).toMatch(/^::error file=a%2Cb%3Ac\.yaml,line=3,col=5::50%25 of/);
  });

  it("writes json without the source line", () => {
    expect(JSON.parse(formatProblems([PROBLEM], "json"))).toEqual([
      {
        file: "sluice.yaml",
        line: 3,
        column: 5,
        message: 'unknown key "lisen"',
        hint: 'did you mean "listen"?',
        severity: "error",
        kind: "invalid",
      },
    ]);
  });

  it("writes sarif with the place of each problem", () => {
    expect(JSON.parse(formatProblems([PROBLEM], "sarif"))).toMatchObject({
      runs: [
        {
          results: [
            {
              ruleId: "invalid",
              level: "error",
              locations: [
                {
                  physicalLocation: {
                    artifactLocation: { uri: "sluice.yaml" },
                    region: { startLine: 3, startColumn: 5 },
                  },
                },
              ],
            },
          ],
        },
      ],
    });
  });

  it("writes sarif that keeps to what the standard requires of it", () => {
    const validate = new Ajv({ strict: true, allErrors: true }).compile(SARIF_SHAPE);
    const problems: readonly ConfigProblem[] = [
      PROBLEM,
      { ...PROBLEM, severity: "warning", hint: undefined, file: "rules/ä b.yaml" },
      { ...PROBLEM, kind: "test-failed", sourceLine: undefined },
    ];
    for (const some of [[], problems]) {
      const document = JSON.parse(formatProblems(some, "sarif")) as unknown;
      validate(document);
      expect(validate.errors).toBeNull();
    }
    const { runs } = JSON.parse(formatProblems(problems, "sarif")) as {
      runs: {
        tool: { driver: { rules: { id: string }[] } };
        results: { ruleId: string; ruleIndex: number }[];
      }[];
    };
    const [run] = runs;
    expect(run?.results.map((result) => result.ruleId)).toEqual([
      "invalid",
      "questionable",
      "test-failed",
    ]);
    for (const result of run?.results ?? []) {
      expect(run?.tool.driver.rules[result.ruleIndex]?.id).toBe(result.ruleId);
    }
  });
});

/** SARIF 2.1.0 (OASIS): the objects that are used here, with the properties that the standard requires and the types it gives them. */
const SARIF_SHAPE = {
  type: "object",
  required: ["$schema", "version", "runs"],
  additionalProperties: false,
  properties: {
    $schema: { type: "string", pattern: "^https://[^ ]*sarif-2\\.1\\.0\\.json$" },
    version: { const: "2.1.0" },
    runs: {
      type: "array",
      items: {
        type: "object",
        required: ["tool", "results"],
        additionalProperties: false,
        properties: {
          columnKind: { enum: ["utf16CodeUnits", "unicodeCodePoints"] },
          tool: {
            type: "object",
            required: ["driver"],
            additionalProperties: false,
            properties: {
              driver: {
                type: "object",
                required: ["name", "rules"],
                additionalProperties: false,
                properties: {
                  name: { type: "string", minLength: 1 },
                  rules: {
                    type: "array",
                    uniqueItems: true,
                    items: {
                      type: "object",
                      required: ["id", "shortDescription"],
                      additionalProperties: false,
                      properties: {
                        id: { type: "string", minLength: 1 },
                        shortDescription: { $ref: "#/definitions/message" },
                      },
                    },
                  },
                },
              },
            },
          },
          results: {
            type: "array",
            items: {
              type: "object",
              required: ["ruleId", "ruleIndex", "level", "message", "locations"],
              additionalProperties: false,
              properties: {
                ruleId: { type: "string", minLength: 1 },
                ruleIndex: { type: "integer", minimum: 0 },
                level: { enum: ["none", "note", "warning", "error"] },
                message: { $ref: "#/definitions/message" },
                locations: {
                  type: "array",
                  minItems: 1,
                  items: { $ref: "#/definitions/location" },
                },
              },
            },
          },
        },
      },
    },
  },
  definitions: {
    message: {
      type: "object",
      required: ["text"],
      additionalProperties: false,
      properties: { text: { type: "string", minLength: 1 } },
    },
    location: {
      type: "object",
      required: ["physicalLocation"],
      additionalProperties: false,
      properties: {
        physicalLocation: {
          type: "object",
          required: ["artifactLocation", "region"],
          additionalProperties: false,
          properties: {
            artifactLocation: {
              type: "object",
              required: ["uri"],
              additionalProperties: false,
              // RFC 3986: no blank, nothing beyond ASCII.
              properties: { uri: { type: "string", pattern: "^[!-~]+$" } },
            },
            region: {
              type: "object",
              required: ["startLine", "startColumn"],
              additionalProperties: false,
              properties: {
                startLine: { type: "integer", minimum: 1 },
                startColumn: { type: "integer", minimum: 1 },
                snippet: { $ref: "#/definitions/message" },
              },
            },
          },
        },
      },
    },
  },
};
