import type { FileName } from "./file-name.ts";
import type { TrueType } from "./true-type.ts";
import {
  extensionsOf,
  groupOfExtension,
  groupOfMediaType,
  isSourceCode,
  type TypeGroup,
} from "./type-groups.ts";

/** A name that says "program" hides none, whatever kind of program it is. */
const ACTIVE: ReadonlySet<TypeGroup> = new Set<TypeGroup>([
  "executable",
  "script",
  "installer",
  "shortcut",
]);

/** What a name of a group may hold besides its own. */
const ALSO: Readonly<Partial<Record<TypeGroup, readonly TypeGroup[]>>> = {
  text: ["document"],
  document: ["text"],
  office: ["text"],
  audio: ["video"],
  video: ["audio"],
  archive: ["disk-image"],
  "disk-image": ["archive"],
};

/** Extensions that say more than the tables: HTML in a mail, a picture that is a PDF, a gzipped drawing. */
const NATURAL: Readonly<Record<string, readonly string[]>> = {
  "text/html": [
    "html",
    "htm",
    "xhtml",
    "xht",
    "shtml",
    "mht",
    "mhtml",
    "eml",
    "mbox",
    "hta",
    "php",
  ],
  "application/x-office-xml": ["xml"],
  "application/vnd.oasis.opendocument.flat-xml": ["xml", "fodt", "fods", "fodp", "fodg"],
  "application/xslt+xml": ["xml", "xsl", "xslt"],
  "application/pdf": ["ai", "eps"],
  "application/gzip": ["svgz", "emz", "wmz", "vdx"],
  "application/postscript": ["ai"],
  "application/vnd.ms-tnef": ["dat"],
};

/**
 * Whether the bytes are something else than the name says, or the declared type where the name says nothing. Groups are
 * compared, not types. A program under a name that says nothing is one in disguise as well. Undefined: the bytes were not
 * recognised.
 *
 * @example isTypeMismatch(normalizeFileName("a.jpg"), undefined, [{ type: "application/x-msdownload", group: "executable" }]) // true
 */
export function isTypeMismatch(
  name: FileName,
  declaredType: string | undefined,
  types: readonly TrueType[],
): boolean | undefined {
  if (types.length === 0) return undefined;
  const extension = name.extensions[0] ?? "";
  return types.some((type) => !isAnnounced(type, extension, declaredType));
}

function isAnnounced(
  { type, group }: TrueType,
  extension: string,
  declaredType: string | undefined,
): boolean {
  if (extensionsOf(type).includes(extension)) return true;
  if (NATURAL[type]?.includes(extension) === true) return true;
  if (isSourceCode(extension))
    return group === "script" || group === "text" || group === "document";
  const said = groupOfExtension(extension) ?? saidByType(declaredType);
  if (said === undefined) return !ACTIVE.has(group);
  return said === group || ACTIVE.has(said) || ALSO[said]?.includes(group) === true;
}

function saidByType(declaredType: string | undefined): TypeGroup | undefined {
  return declaredType === undefined ? undefined : groupOfMediaType(declaredType);
}
