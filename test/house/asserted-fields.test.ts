import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { ASSERTED_FIELDS } from "../../src/proxy/trusted-fields.ts";
import { ROOT } from "./read-sources.ts";

it("docs/lifecycle.md names every field that is taken off untrusted clients, and no other", () => {
  const page = readFileSync(join(ROOT, "docs", "lifecycle.md"), "utf8");
  const row = /\n\| ([^|]*) \| taken off what an untrusted client sends/.exec(page)?.[1] ?? "";
  expect(row.split(", ").toSorted()).toEqual(ASSERTED_FIELDS.map(({ name }) => name).toSorted());
});
