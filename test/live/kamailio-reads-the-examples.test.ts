import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { isMissing, KAMAILIO } from "./peers/requirements.ts";

const FOLDER = new URL("../../deploy/kamailio/", import.meta.url);

/** Every example, bare and with each name that it asks for by `#!ifdef`. */
const CASES = readdirSync(FOLDER)
  .filter((name) => name.endsWith(".cfg"))
  .flatMap((file) => {
    const text = readFileSync(new URL(file, FOLDER), "utf8");
    const asked = [...text.matchAll(/^#!ifdef (\w+)/gm)].map((match) => match[1] ?? "");
    return ["", ...new Set(asked)].map((define) => ({ file, define }));
  });

describe.skipIf(isMissing([KAMAILIO]))("kamailio -c", () => {
  it.each(CASES)("finds no fault in $file $define", ({ file, define }) => {
    const defines = define === "" ? [] : ["-A", define];
    const { status, stderr } = spawnSync(
      "kamailio",
      ["-c", ...defines, "-f", new URL(file, FOLDER).pathname],
      // oxlint-disable-next-line node/no-process-env -- Debian has it in /usr/sbin
      { encoding: "utf8", env: { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin` } },
    );
    expect(stderr).not.toMatch(/ERROR|CRITICAL/);
    expect(status).toBe(0);
  });
});
