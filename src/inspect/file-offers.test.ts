import { describe, expect, it } from "vitest";
import { lyncOffers, rcsOffers } from "./file-offers.ts";
import { selectedFiles } from "./file-selector.ts";
import type { FileOffer } from "./inspection.ts";

function namesOf(offers: readonly FileOffer[]): readonly string[] {
  return offers.map(({ name }) => name.normalized);
}

describe("selectedFiles", () => {
  it("reads name, type, size and hash in any order", () => {
    expect(
      selectedFiles('hash:SHA-1:72:24:5F:E8 size:4092 name:"My%22 cat.jpg" type:image/jpeg'),
    ).toMatchObject([
      {
        name: { normalized: 'My" cat.jpg' },
        size: 4092,
        declaredType: "image/jpeg",
        declaredHashes: ["sha-1:72245fe8"],
      },
    ]);
  });

  it.each([
    ['name:"a.jpg" name:"a.exe" size:1', ["a.jpg", "a.exe"]],
    ['name:"a.exe" name:"a.jpg"', ["a.exe", "a.jpg"]],
    ["name:a.exe size:1", ["a.exe"]],
    ['name:"a.exe', ["a.exe"]],
    ['name:"a.jpg"name:"a.exe"', ["a.jpg", "a.exe"]],
    ["size:1", [""]],
  ])("takes every name that a reader might: %s", (value, names) => {
    expect(namesOf(selectedFiles(value))).toEqual(names);
  });

  it("looks at the last of very many names", () => {
    const many = Array.from({ length: 1000 }, (_, i) => `name:"${i}.jpg"`).join(" ");
    const names = namesOf(selectedFiles(`${many} name:"a.exe"`));
    expect(names.length).toBeLessThan(20);
    expect(names.at(-1)).toBe("a.exe");
  });
});

describe("rcsOffers and lyncOffers", () => {
  it("judge both of two names in one place", () => {
    const info = "<file-name>a.exe</file-name><file-name>a.jpg</file-name>";
    const rcs = `<file><file-info type="file"><file-size>1</file-size>${info}</file-info></file>`;
    expect(namesOf(rcsOffers(rcs))).toEqual(["a.exe", "a.jpg"]);
    const lync = `<request><publishFile><fileInfo><name>a.exe</name><name>a.jpg</name></fileInfo></publishFile></request>`;
    expect(namesOf(lyncOffers(lync) ?? [])).toEqual(["a.exe", "a.jpg"]);
  });
});
