import { z } from "zod";
import { TYPE_GROUPS, type TypeGroup } from "../../content/type-groups.ts";
import type { TrueType } from "../../content/true-type.ts";
import { isTypeMismatch } from "../../content/type-mismatch.ts";
import { below, type ConditionContext, type FieldTest } from "../condition.ts";
import type { FileFacts } from "../facts.ts";
import {
  chosen,
  numberLeaf,
  textLeaf,
  typeLeaf,
  type NumberLeaf,
  type TextLeaf,
  type TextOperators,
  type TypeLeaf,
  type TypeOperators,
} from "../leaf-schema.ts";
import { compileNumber } from "../number-test.ts";
import { compileText, EXTENSION, FREE_TEXT } from "../text-test.ts";
import { section } from "../vocabulary.ts";

/** What may stand after `archive`. */
interface ArchiveData {
  readonly depth?: NumberLeaf | undefined;
  readonly members?: NumberLeaf | undefined;
  readonly encrypted?: boolean | undefined;
  readonly member_extension?: TextLeaf | undefined;
  readonly member_type?: TypeLeaf | undefined;
  readonly ratio?: NumberLeaf | undefined;
}

/** The keys below `file` that ask about its bytes. */
interface ContentData {
  readonly true_type?: TypeLeaf | undefined;
  readonly type_mismatch?: boolean | undefined;
  readonly sha256?: TextLeaf | undefined;
  readonly has_macros?: boolean | undefined;
  readonly archive?: ArchiveData | undefined;
}

const archive: z.ZodType<ArchiveData> = section({
  depth: numberLeaf("Archives in archives: 1 for one that holds none.", false).optional(),
  members: numberLeaf("Files in it, with those in the archives in it.", false).optional(),
  encrypted: z
    .boolean()
    .optional()
    .meta({ description: "Its content or its list of members is encrypted." }),
  member_extension: textLeaf(
    "Extensions of the names in it, without dot, as of file.extension; one member that fits is enough.",
  ).optional(),
  member_type: typeLeaf(
    "Media types of what is in it, by the bytes; one member that fits is enough. { group: … } compares what such files are good for.",
  ).optional(),
  ratio: numberLeaf("Bytes unpacked by bytes packed, as it declares.", false).optional(),
}).meta({
  description:
    "An archive, with those in it, or the files packed into an Office document. Without one, nothing here holds.",
});

/** The fields of `file` that exist once the bytes are here. */
export const CONTENT_SHAPE: {
  readonly [Key in keyof ContentData]-?: z.ZodOptional<z.ZodType<NonNullable<ContentData[Key]>>>;
} = {
  true_type: typeLeaf(
    "Media type by the bytes, whatever the name; of a file that is several, any of them. { group: … } compares what such files are good for.",
  ).optional(),
  type_mismatch: z
    .boolean()
    .optional()
    .meta({ description: "The bytes are of another group than the name (or type) says." }),
  sha256: textLeaf("SHA-256 of the bytes, hex.").optional(),
  has_macros: z.boolean().optional().meta({
    description:
      "An Office document with macros: VBA, macro sheets of Excel 4, OpenDocument Basic.",
  }),
  archive: archive.optional(),
};

/** Tests of these fields; of a file whose bytes are not known none holds, but for `exists: false`. */
export function contentTests(
  data: ContentData,
  context: ConditionContext,
): readonly FieldTest<FileFacts>[] {
  const fields: FieldTest<FileFacts>[] = [];
  if (data.true_type !== undefined) {
    const typesOf: TypesOf = ({ content }) => content?.types ?? [];
    fields.push(typeTest("true_type", typesOf, data.true_type, below(context, "true_type")));
  }
  if (data.type_mismatch !== undefined) {
    fields.push(flagTest("type_mismatch", data.type_mismatch, mismatchOf));
  }
  if (data.sha256 !== undefined) {
    const test = compileText(data.sha256, FREE_TEXT, below(context, "sha256"));
    fields.push({
      field: "file.sha256",
      test: ({ content }) => test.one(content?.sha256),
      show: ({ content }) => content?.sha256 ?? "unknown",
    });
  }
  if (data.has_macros !== undefined) {
    fields.push(flagTest("has_macros", data.has_macros, ({ content }) => content?.hasMacros));
  }
  if (data.archive !== undefined) {
    fields.push(...archiveTests(data.archive, below(context, "archive")));
  }
  return fields;
}

function mismatchOf({ name, declaredType, content }: FileFacts): boolean | undefined {
  return isTypeMismatch(name, declaredType?.split(";")[0]?.trim(), content?.types ?? []);
}

function flagTest(
  field: string,
  wanted: boolean,
  value: (file: FileFacts) => boolean | undefined,
): FieldTest<FileFacts> {
  return {
    field: `file.${field}`,
    test: (file) => value(file) === wanted,
    show: (file) => String(value(file) ?? "unknown"),
  };
}

type TypesOf = (file: FileFacts) => readonly TrueType[];

function typeTest(
  field: string,
  typesOf: TypesOf,
  leaf: TypeLeaf,
  context: ConditionContext,
): FieldTest<FileFacts> {
  const { group, ...rest } = isOperators(leaf) ? leaf : { group: undefined };
  const groups: ReadonlySet<TypeGroup> | undefined =
    group === undefined ? undefined : chosen(group, TYPE_GROUPS);
  const asText = isOperators(leaf) ? (rest satisfies TextOperators) : leaf;
  const test = compileText(asText, FREE_TEXT, context);
  return {
    field: `file.${field}`,
    test(file) {
      const types = typesOf(file);
      if (groups !== undefined && !types.some((type) => groups.has(type.group))) return false;
      return test.many(types.map(({ type }) => type));
    },
    show: (file) =>
      typesOf(file)
        .map(({ type, group: one }) => `${type} (${one})`)
        .join(" ") || "unknown",
  };
}

function isOperators(leaf: TypeLeaf): leaf is TypeOperators {
  return typeof leaf === "object" && !Array.isArray(leaf);
}

function archiveTests(
  data: ArchiveData,
  context: ConditionContext,
): readonly FieldTest<FileFacts>[] {
  const fields: FieldTest<FileFacts>[] = [];
  for (const key of ["depth", "members", "ratio"] as const) {
    const leaf = data[key];
    if (leaf === undefined) continue;
    const test = compileNumber(leaf);
    fields.push({
      field: `file.archive.${key}`,
      test: ({ content }) => test(content?.archive?.[key]),
      show: ({ content }) => String(content?.archive?.[key] ?? "unknown"),
    });
  }
  if (data.encrypted !== undefined) {
    const of = ({ content }: FileFacts): boolean | undefined => content?.archive?.encrypted;
    fields.push(flagTest("archive.encrypted", data.encrypted, of));
  }
  if (data.member_extension !== undefined) {
    const test = compileText(data.member_extension, EXTENSION, below(context, "member_extension"));
    fields.push({
      field: "file.archive.member_extension",
      test: ({ content }) =>
        content?.archive?.memberExtensions.some((one) => test.ranked(one)) ?? false,
      show: ({ content }) => content?.archive?.memberExtensions.join(" ") || "none",
    });
  }
  if (data.member_type !== undefined) {
    const typesOf: TypesOf = ({ content }) => content?.archive?.memberTypes ?? [];
    const inner = below(context, "member_type");
    fields.push(typeTest("archive.member_type", typesOf, data.member_type, inner));
  }
  return fields;
}
