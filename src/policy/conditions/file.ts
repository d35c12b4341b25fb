import { z } from "zod";
import { below, defineCondition, holdsAll, leafTrace, requiredBy } from "../condition.ts";
import type { ConditionContext, ConditionFamily, FieldTest } from "../condition.ts";
import type { FileFacts } from "../facts.ts";
import type { Field } from "../field-lookups.ts";
import { numberLeaf, textLeaf } from "../leaf-schema.ts";
import { compileNumber } from "../number-test.ts";
import { bestOf, presenceOf, RANK, type Requirement } from "../requirement.ts";
import { compileText, EXTENSION, FREE_TEXT } from "../text-test.ts";
import { asList, section } from "../vocabulary.ts";
import { CONTENT_SHAPE, contentTests } from "./file-content.ts";

const schema = section({
  exists: z.boolean().optional().meta({ description: "Whether a file is offered at all." }),
  name: textLeaf("The name, normalised: no path, no controls, NFKC.").optional(),
  extension: textLeaf(
    "Extensions without dot: every dotted part after the first, in every way that a system may read the name; not and not_in_list speak of the last one.",
  ).optional(),
  declared_type: textLeaf("Media type as declared, without parameters.").optional(),
  size: numberLeaf("Bytes as declared or received; sizes as 25MiB.", true).optional(),
  double_extension: z
    .boolean()
    .optional()
    .meta({ description: "The name hides its extension behind another: invoice.pdf.exe." }),
  name_bidi: z
    .boolean()
    .optional()
    .meta({ description: "The name holds right-to-left overrides." }),
  declared_hash: textLeaf(
    "Hash as offered, algorithm and hex digits: sha-1:7224…; only offers by SDP have one.",
  ).optional(),
  ...CONTENT_SHAPE,
}).meta({ description: "The offered file or attachment." });

/** `file`: name, size and declared type of an offered file or attachment; its content once the bytes are here. */
export const fileCondition: ConditionFamily = defineCondition({
  family: "file",
  schema,
  phases: {
    exists: "session",
    name: "session",
    extension: "session",
    declared_type: "session",
    size: "session",
    double_extension: "session",
    name_bidi: "session",
    declared_hash: "session",
    true_type: "file",
    type_mismatch: "file",
    sha256: "file",
    has_macros: "file",
    archive: "file",
  },
  compile(data, context) {
    const fields = fieldTests(data, context);
    const absent = data.exists === false;
    if (absent && fields.length > 0) {
      const message = "exists: false says that there is no file, so no other key can hold";
      context.problems.error([...context.path, "exists"], message, "leave the other keys out");
    }
    return {
      cost: 3,
      collect: undefined,
      requires: absent ? undefined : bestOf([SOME_FILE, requiredBy(fields)]),
      test(facts, trace) {
        const { file } = facts;
        if (data.exists !== undefined && trace !== undefined) {
          const shown = String(file !== undefined);
          trace.push(leafTrace("file.exists", shown, (file === undefined) === absent));
        }
        if (file === undefined) return absent;
        return !absent && holdsAll(fields, file, trace);
      },
    };
  },
});

function fieldTests(
  data: z.infer<typeof schema>,
  context: ConditionContext,
): readonly FieldTest<FileFacts>[] {
  const fields: FieldTest<FileFacts>[] = [];
  function add(
    field: string,
    test: (file: FileFacts) => boolean,
    show: (file: FileFacts) => string | number | boolean | undefined,
    requires?: Requirement,
  ): void {
    const shown = (file: FileFacts) => String(show(file) ?? "unknown");
    fields.push({ field: `file.${field}`, test, show: shown, requires });
  }
  if (data.double_extension !== undefined) {
    const wanted = data.double_extension;
    add(
      "double_extension",
      (file) => file.name.doubleExtension === wanted,
      (file) => file.name.doubleExtension,
    );
  }
  if (data.name_bidi !== undefined) {
    const wanted = data.name_bidi;
    add(
      "name_bidi",
      (file) => file.name.bidi === wanted,
      (file) => file.name.bidi,
    );
  }
  if (data.size !== undefined) {
    const test = compileNumber(data.size);
    add(
      "size",
      (file) => test(file.size),
      (file) => file.size,
    );
  }
  addTexts(data, context, add);
  return [...fields, ...contentTests(data, context)];
}

/** Adds the test of one field. */
type AddField = (
  field: string,
  test: (file: FileFacts) => boolean,
  show: (file: FileFacts) => string | number | boolean | undefined,
  requires?: Requirement,
) => void;

function addTexts(data: z.infer<typeof schema>, context: ConditionContext, add: AddField): void {
  if (data.extension !== undefined) {
    const test = compileText(data.extension, EXTENSION, below(context, "extension"));
    add(
      "extension",
      (file) => test.ranked(file.name.extensions),
      (file) => file.name.extensions.join(" ") || undefined,
      test.requires(fileField("extension", (file) => file.name.extensions)),
    );
  }
  if (data.declared_type !== undefined) {
    const test = compileText(data.declared_type, FREE_TEXT, below(context, "declared_type"));
    add(
      "declared_type",
      (file) => test.one(declaredTypeOf(file)),
      declaredTypeOf,
      test.requires(fileField("declared_type", (file) => asList(declaredTypeOf(file)))),
    );
  }
  if (data.name !== undefined) {
    const test = compileText(data.name, FREE_TEXT, below(context, "name"));
    add(
      "name",
      (file) => test.one(nameOf(file)),
      nameOf,
      test.requires(fileField("name", (file) => asList(nameOf(file)))),
    );
  }
  if (data.declared_hash !== undefined) {
    const test = compileText(data.declared_hash, FREE_TEXT, below(context, "declared_hash"));
    add(
      "declared_hash",
      (file) => test.many(file.declaredHashes ?? []),
      (file) => file.declaredHashes?.join(" ") || undefined,
    );
  }
}

const SOME_FILE: Requirement = {
  keys: [{ lookup: presenceOf((facts) => facts.file !== undefined), key: "" }],
  rank: RANK.kind,
};

function fileField(name: string, valuesOf: (file: FileFacts) => readonly string[]): Field {
  return {
    name: `file.${name}`,
    rank: RANK.content,
    each({ file }, visit) {
      if (file !== undefined) for (const value of valuesOf(file)) visit(value);
    },
  };
}

function declaredTypeOf(file: FileFacts): string | undefined {
  return file.declaredType?.split(";")[0]?.trim();
}

function nameOf(file: FileFacts): string | undefined {
  return file.name.normalized === "" ? undefined : file.name.normalized;
}
