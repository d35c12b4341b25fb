import type { ArchiveLook } from "./archive-look.ts";
import type { TrueType } from "./true-type.ts";

/** What is opened here; everything else that holds files keeps them to itself. */
const OPENED: ReadonlySet<string> = new Set([
  "application/zip",
  "application/gzip",
  "application/x-tar",
  "application/x-bzip2",
  "application/x-xz",
  "application/zstd",
]);

/** Whether it is an archive or a disk image that nobody has looked into. */
export function isUnopened(types: readonly TrueType[], archive: ArchiveLook | undefined): boolean {
  const isOpen = archive?.listed === true;
  return types.some(
    ({ type, group }) =>
      (group === "archive" || group === "disk-image") &&
      !(isOpen && (OPENED.has(type) || archive.type?.type === type)),
  );
}
