import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A file system of its own, gone when its test ends. */
export interface SmallDisk extends Disposable {
  readonly dir: string;
  /** Makes it read-only, as a disk with errors becomes. */
  freeze(): void;
}

/** Mounts a tmpfs of some megabytes; undefined where this account may not (it needs root). */
export function mountSmallDisk(megabytes: number): SmallDisk | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const dir = mkdtempSync(join(tmpdir(), "sluice-small-disk-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", dir], {
      stdio: "ignore",
    });
  } catch {
    rmSync(dir, { recursive: true });
    return undefined;
  }
  return {
    dir,
    freeze: () => {
      execFileSync("mount", ["-o", "remount,ro", dir], { stdio: "ignore" });
    },
    [Symbol.dispose]: () => {
      execFileSync("umount", ["-l", dir], { stdio: "ignore" });
      rmSync(dir, { recursive: true });
    },
  };
}

/** Whether `mountSmallDisk` works here; tests that need it are skipped with their reason in the name. */
export const CAN_MOUNT: boolean = (() => {
  using disk = mountSmallDisk(1);
  return disk !== undefined;
})();
