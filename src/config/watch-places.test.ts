import { mkdirSync, symlinkSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { writeTemporaryFiles } from "./temporary-files.test-data.ts";
import { isOfPlace, WatchPlaces } from "./watch-places.ts";

describe("WatchPlaces", () => {
  it("watches every link on the way to a file, since each may be led elsewhere", () => {
    using files = writeTemporaryFiles({ "v1/deep/bad.txt": "" });
    symlinkSync("v1", files.path("current"));
    symlinkSync("current/deep", files.path("lists"));
    const places = new WatchPlaces();
    places.addFile(files.path("lists/bad.txt"));
    expect(places.all()).toEqual([
      { folder: files.path("lists"), rules: false, names: ["bad.txt"] },
      { folder: files.dir, rules: false, names: ["lists", "current"] },
      { folder: files.path("v1/deep"), rules: false, names: ["bad.txt"] },
    ]);
  });

  it("hears that another folder of rules takes the place of the one that a link led to", () => {
    using files = writeTemporaryFiles({ "v1/a.yaml": "" });
    symlinkSync("v1", files.path("rules.d"));
    const places = new WatchPlaces();
    places.addRules(files.path("rules.d"));
    const beside = places.all().find((place) => place.folder === files.dir);
    expect(beside && isOfPlace(beside, "rules.d")).toBe(true);
    expect(beside && isOfPlace(beside, "sluice.yaml")).toBe(false);
  });

  it("bears links in circles and links to nothing", () => {
    using files = writeTemporaryFiles({});
    mkdirSync(files.path("r"));
    symlinkSync("b", files.path("r/a"));
    symlinkSync("a", files.path("r/b"));
    symlinkSync("/nowhere/at/all", files.path("r/c"));
    const places = new WatchPlaces();
    for (const name of ["a", "b/x.txt", "c", "d"]) places.addFile(files.path(`r/${name}`));
    const names = places.all().find((place) => place.folder === files.path("r"))?.names;
    expect(new Set(names)).toEqual(new Set(["a", "b", "c", "d"]));
  });
});
