import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * The rule files that paths stand for, in the order in which they are read: a folder gives its own `*.yaml`, and each
 * folder `packs/NAME/` in it or beside a file its own. A path that is neither is given back as it is, for its reader to complain of.
 */
export function ruleFilePaths(paths: readonly string[]): readonly string[] {
  const files = new Set<string>();
  for (const path of paths) {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) files.add(path);
    else for (const file of yamlFilesIn(path)) files.add(file);
  }
  return [...files];
}

/** The same, with the packs beside them: what a configuration's `rules:` reads. */
export function ruleAndPackPaths(paths: readonly string[]): readonly string[] {
  const folders = paths.map((path) =>
    statSync(path, { throwIfNoEntry: false })?.isDirectory() === true ? path : dirname(path),
  );
  const packs = [...new Set(folders)].map((folder) => join(folder, "packs")).filter(existsSync);
  const packFolders = packs.flatMap((folder) =>
    readdirSync(folder)
      .map((name) => join(folder, name))
      .filter((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true)
      .toSorted(),
  );
  return ruleFilePaths([...paths, ...packFolders]);
}

function yamlFilesIn(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".yaml") && !name.startsWith("."))
    .toSorted()
    .map((name) => join(folder, name));
}
