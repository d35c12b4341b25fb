import { join } from "node:path";
import type { Config } from "../config/config.ts";
import { QuarantineKeyFailed, readQuarantineKeys } from "../config/read-quarantine-key.ts";
import { readOrCreateKey } from "../location/key-file.ts";
import { checkKeys } from "../quarantine/check-keys.ts";

/** Where the kept files lie, and their keys; the same for the thread that writes and for the one that reads. */
export interface QuarantineStore {
  readonly dir: string;
  readonly key: Buffer;
  /** Those in use before: what they sealed can still be read. */
  readonly oldKeys: readonly Buffer[];
}

/**
 * The quarantine with the key that the configuration names, or with the gateway's own, which is made at the first start. A key is never made
 * over files that another one has sealed. Throws QuarantineKeyFailed, KeyFileDamaged and QuarantineFailed.
 */
export function quarantineStore({ data }: Pick<Config, "data">): QuarantineStore {
  const dir = join(data.dir, "quarantine");
  const { current, source, old } = readQuarantineKeys(data);
  const check = checkKeys(dir, current === undefined ? old : [current, ...old]);
  if (check.kind === "other-key") {
    const sealed = `${check.unopened} of the ${check.files} kept files in ${dir}`;
    const problem =
      current === undefined
        ? `the quarantine's key ${source} is gone, and ${sealed} were sealed with it`
        : `the quarantine's key (${source}) is not the one that ${sealed} were sealed with`;
    const advice =
      "restore that key, or name it in data.quarantine_old_keys; who gives those files up moves the folder away";
    throw new QuarantineKeyFailed(`${problem}: ${advice}`);
  }
  if (current !== undefined) return { dir, key: current, oldKeys: old };
  const key = readOrCreateKey(join(data.dir, "keys"), "quarantine.key");
  checkKeys(dir, [key, ...old]);
  return { dir, key, oldKeys: old };
}
