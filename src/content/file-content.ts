import type { ArchiveLook } from "./archive-look.ts";
import { normalizeFileName } from "./file-name.ts";
import type { FileLook } from "./look-into-file.ts";
import type { TrueType } from "./true-type.ts";

/** What is known of a file when its bytes are here; plain data, small, whatever the file's size. */
export interface FileContent {
  /** The first is what most readers take it for; several for a polyglot; none: not recognised. */
  readonly types: readonly TrueType[];
  /** Hex; undefined: not computed. */
  readonly sha256: string | undefined;
  /** Hex, for records; absent: not computed. */
  readonly sha1?: string | undefined;
  /** Undefined: encrypted, and not to be told. */
  readonly hasMacros: boolean | undefined;
  /** Undefined: no archive, or one that is not looked into. */
  readonly archive: ArchiveContent | undefined;
}

/** An archive, with the archives in it. */
export interface ArchiveContent {
  /** 1: an archive that holds none. */
  readonly depth: number;
  /** Files in it. Undefined: its list cannot be read. */
  readonly members: number | undefined;
  readonly encrypted: boolean;
  /** Extensions of the members, each as of a file's name (`FileName.extensions`), none twice. */
  readonly memberExtensions: readonly (readonly string[])[];
  /** What the members are by their bytes, each type once. Absent: not known. */
  readonly memberTypes?: readonly TrueType[] | undefined;
  /** Bytes unpacked by bytes packed. */
  readonly ratio: number | undefined;
}

/** What rules are asked about, of what was found. */
export function fileContent(look: FileLook, sha256: string | undefined): FileContent {
  return {
    types: look.types,
    sha256,
    hasMacros: look.hasMacros,
    archive: look.archive && archiveContent(look.archive, look.inside?.types),
  };
}

function archiveContent(
  look: ArchiveLook,
  memberTypes: readonly TrueType[] | undefined,
): ArchiveContent {
  return {
    depth: look.depth,
    members: look.listed ? look.members : undefined,
    encrypted: look.encrypted,
    memberExtensions: memberExtensions(look.names),
    memberTypes,
    ratio: look.listed ? look.ratio : undefined,
  };
}

/** The extensions of names, however they are written; what several have in common once. */
export function memberExtensions(names: readonly string[]): readonly (readonly string[])[] {
  const found = new Map<string, readonly string[]>();
  const seen = new Set<string>();
  for (const name of names) {
    const ending = plainEnding(name);
    if (ending !== undefined && seen.has(ending)) continue;
    if (ending !== undefined) seen.add(ending);
    const { extensions } = normalizeFileName(name);
    if (extensions.length > 0) found.set(extensions.join("\n"), extensions);
  }
  return [...found.values()];
}

/** Of a name that can be read in one way only, what its extensions follow from: most archives have few kinds of such names. */
function plainEnding(name: string): string | undefined {
  if (!PLAIN.test(name)) return undefined;
  const dot = name.indexOf(".", name.lastIndexOf("/") + 1);
  return dot === -1 ? "" : name.slice(dot);
}

const PLAIN = /^[A-Za-z0-9 _()/.-]{0,199}[A-Za-z0-9_()-]$/;
