import { describe, expect, it } from "vitest";
import { MemorySpool } from "./relay-fakes.test-data.ts";
import { Release } from "./release.ts";

describe("Release", () => {
  const file = new MemorySpool().hold("T1", Buffer.from("abc"), () => undefined);
  const { size, sha256 } = file;

  it("is granted for exactly the file that was reported", () => {
    expect(
      Release.grant("deliver", file, { size, sha256, proof: { kind: "mac", mac: "m" } }),
    ).toMatchObject({
      file,
      mac: "m",
      isGranted: true,
    });
  });

  it("has no last line where nothing but the length speaks for the content", () => {
    const release = Release.grant("deliver", file, { size, sha256, proof: { kind: "length" } });
    expect(release).toMatchObject({ file, mac: undefined });
  });

  it.each([
    ["another size", { size: 4, sha256 }],
    ["other content", { size, sha256: "0".repeat(64) }],
  ])("is not granted for %s", (_what, reported) => {
    expect(
      Release.grant("deliver", file, { ...reported, proof: { kind: "mac", mac: "m" } }),
    ).toBeUndefined();
  });
});
