import type { TrueType } from "./true-type.ts";

/** What a zip is when it is no mere archive: a document, a program, a package; by the names of its members. */
export interface PackageContent {
  readonly type: TrueType;
  readonly hasMacros: boolean;
}

/** Content types of the main part (ISO/IEC 29500, [MS-OE376], [MS-XLSB]) and what they make of the file. */
const MAIN_PARTS: readonly (readonly [part: string, type: string])[] = [
  [
    "wordprocessingml.document.main",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
  ],
  [
    "wordprocessingml.template.main",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.template",
  ],
  ["ms-word.document.macroenabled.main", "application/vnd.ms-word.document.macroenabled.12"],
  [
    "ms-word.template.macroenabledtemplate.main",
    "application/vnd.ms-word.template.macroenabled.12",
  ],
  ["spreadsheetml.sheet.main", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"],
  [
    "spreadsheetml.template.main",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.template",
  ],
  ["ms-excel.sheet.macroenabled.main", "application/vnd.ms-excel.sheet.macroenabled.12"],
  ["ms-excel.template.macroenabled.main", "application/vnd.ms-excel.template.macroenabled.12"],
  ["ms-excel.addin.macroenabled.main", "application/vnd.ms-excel.addin.macroenabled.12"],
  [
    "ms-excel.sheet.binary.macroenabled.main",
    "application/vnd.ms-excel.sheet.binary.macroenabled.12",
  ],
  [
    "presentationml.presentation.main",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
  ],
  [
    "presentationml.slideshow.main",
    "application/vnd.openxmlformats-officedocument.presentationml.slideshow",
  ],
  [
    "presentationml.template.main",
    "application/vnd.openxmlformats-officedocument.presentationml.template",
  ],
  [
    "ms-powerpoint.presentation.macroenabled.main",
    "application/vnd.ms-powerpoint.presentation.macroenabled.12",
  ],
  [
    "ms-powerpoint.slideshow.macroenabled.main",
    "application/vnd.ms-powerpoint.slideshow.macroenabled.12",
  ],
  [
    "ms-powerpoint.template.macroenabled.main",
    "application/vnd.ms-powerpoint.template.macroenabled.12",
  ],
  ["ms-powerpoint.addin.macroenabled.main", "application/vnd.ms-powerpoint.addin.macroenabled.12"],
  ["ms-visio.drawing.macroenabled.main", "application/vnd.ms-visio.drawing.macroenabled.12"],
  ["ms-visio.drawing.main", "application/vnd.ms-visio.drawing"],
];

/** Parts that are macros whatever the content types say: VBA, macro sheets of Excel 4, Basic and scripts of OpenDocument. */
const MACRO_PART =
  /(?:^|\/)(?:vbaproject\.bin|vbadata\.xml|vbaprojectsignature[a-z]*\.bin)$|^xl\/(?:intl)?macrosheets\/|^(?:basic|scripts)\/./;

/** What tells a package from an archive, asked in this order. */
const BY_MEMBER: readonly (readonly [member: RegExp, type: string, group: TrueType["group"]])[] = [
  [/^androidmanifest\.xml$/, "application/vnd.android.package-archive", "installer"],
  [
    /^appxmanifest\.xml$|^appxmetadata\/appxbundlemanifest\.xml$/,
    "application/vnd.ms-appx",
    "installer",
  ],
  [/^payload\/[^/]+\.app\//, "application/x-ios-app", "installer"],
  [/^install\.rdf$|^extension\.vsixmanifest$/, "application/x-xpinstall", "installer"],
  [/^meta-inf\/manifest\.mf$|\.class$/, "application/java-archive", "executable"],
  [/^documents\/1\/fixeddoc\.fdoc$|\.fdseq$/, "application/vnd.ms-xpsdocument", "document"],
  [/^word\//, "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "office"],
  [/^xl\//, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "office"],
  [/^ppt\//, "application/vnd.openxmlformats-officedocument.presentationml.presentation", "office"],
  [/^visio\//, "application/vnd.ms-visio.drawing", "office"],
];

/**
 * Undefined: an archive.
 *
 * @param names of all members, as stored
 * @param contentTypes the member [Content_Types].xml; "" where there is none
 * @param mimetype the member "mimetype" of OpenDocument and EPUB; "" where there is none
 */
export function readPackage(
  names: readonly string[],
  contentTypes: string,
  mimetype: string,
): PackageContent | undefined {
  const members = names.map((name) =>
    name
      .toLowerCase()
      .replaceAll("\\", "/")
      .replace(/^(?:\.?\/)+/, ""),
  );
  const types = withoutReferences(contentTypes).toLowerCase();
  const hasMacros =
    members.some((name) => MACRO_PART.test(name)) ||
    /ms-office\.vba|ms-excel\.(?:intl)?macrosheet/.test(types);
  const type = typeOf(members, types, mimetype.trim().toLowerCase());
  return type === undefined ? undefined : { type, hasMacros };
}

/** A letter of a type may be written as a reference. */
export function withoutReferences(xml: string): string {
  if (!xml.includes("&#")) return xml;
  return xml.replaceAll(
    /&#(?:x([0-9a-f]{1,4})|([0-9]{1,5}));/gi,
    (_, hex?: string, decimal = "0") =>
      String.fromCharCode(hex === undefined ? Number(decimal) : parseInt(hex, 16)),
  );
}

function typeOf(
  members: readonly string[],
  contentTypes: string,
  mimetype: string,
): TrueType | undefined {
  if (mimetype.startsWith("application/vnd.oasis.opendocument")) {
    return { type: mimetype.slice(0, 100), group: "office" };
  }
  if (mimetype === "application/epub+zip") return { type: mimetype, group: "document" };
  const isOpen = members.includes("[content_types].xml");
  if (isOpen) {
    const main = MAIN_PARTS.find(([part]) => contentTypes.includes(part));
    if (main !== undefined) return { type: main[1], group: "office" };
  }
  for (const [member, type, group] of BY_MEMBER) {
    if (members.some((name) => member.test(name))) return { type, group };
  }
  return isOpen
    ? { type: "application/vnd.openxmlformats-officedocument", group: "office" }
    : undefined;
}
