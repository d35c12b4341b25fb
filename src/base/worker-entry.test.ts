import { describe, expect, it } from "vitest";
import { workerEntry } from "./worker-entry.ts";

describe("workerEntry", () => {
  it("names the source beside a module that runs by type stripping", () => {
    expect(
      workerEntry("file:///srv/sluice/src/journal/store-client.ts", "journal-worker").href,
    ).toBe("file:///srv/sluice/src/journal/journal-worker.ts");
  });

  it("names the emitted file beside a module of the built package, whatever query the loader added", () => {
    expect(workerEntry("file:///srv/dist/journal/store-client.js?v=1", "journal-worker").href).toBe(
      "file:///srv/dist/journal/journal-worker.js",
    );
  });
});
