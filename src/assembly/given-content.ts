import type { GivenFile } from "../config/given.ts";
import {
  memberExtensions,
  type ArchiveContent,
  type FileContent,
} from "../content/file-content.ts";
import { groupOfKnownType } from "../content/known-types.ts";

/** What a described file is: what the description says, and for the rest what its content showed. */
export function givenContent(
  file: GivenFile,
  looked: FileContent | undefined,
): FileContent | undefined {
  const { trueType, sha256, hasMacros, archive } = file;
  const isSaid = [trueType, sha256, hasMacros, archive].some((value) => value !== undefined);
  if (!isSaid) return looked;
  return {
    types: trueType === undefined ? (looked?.types ?? []) : [typeOf(trueType)],
    sha256: sha256?.toLowerCase() ?? looked?.sha256,
    hasMacros: hasMacros ?? looked?.hasMacros ?? false,
    archive: archive === undefined ? looked?.archive : archiveOf(archive),
  };
}

function typeOf(type: string): FileContent["types"][number] {
  // What nobody knows is nothing that opens by itself.
  return { type: type.toLowerCase(), group: groupOfKnownType(type.toLowerCase()) ?? "document" };
}

function archiveOf(given: NonNullable<GivenFile["archive"]>): ArchiveContent {
  const { depth = 1, members, encrypted = false, ratio = 1 } = given;
  return {
    depth,
    members: members?.length,
    encrypted,
    memberExtensions: memberExtensions(members ?? []),
    ratio,
  };
}
