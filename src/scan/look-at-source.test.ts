import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { tarFile, type TarMember } from "../../test/support/tar-file.ts";
import { zipFile } from "../../test/support/zip-file.ts";
import { lookAtSource } from "./look-at-source.ts";
import { createMemorySource } from "./memory-source.ts";

const NOISE = randomBytes(4 * 1024 * 1024);

/** Twelve megabytes unpacked, more than is unpacked in memory. */
function largeTar(last: TarMember): Buffer {
  const large = [1, 2, 3].map((i) => ({ name: `d/${i}.raw`, data: NOISE }));
  return gzipSync(tarFile([...large, last]), { level: 1 });
}

describe("lookAtSource", () => {
  it("lists a gzipped tar to its end, however large", async () => {
    const look = await lookAtSource(
      createMemorySource(largeTar({ name: "Setup.exe", data: "MZ" })),
    );
    expect(look?.problem).toBeUndefined();
    expect(look?.content.archive).toMatchObject({
      members: 4,
      depth: 1,
      memberExtensions: [["raw"], ["exe"]],
    });
  });

  it("sees into an archive in it, and says when it is cut off", async () => {
    const archive = zipFile([{ name: "b.exe", data: "MZ" }]);
    const whole = await lookAtSource(
      createMemorySource(largeTar({ name: "a.dat", data: archive })),
    );
    expect(whole?.problem).toBeUndefined();
    expect(whole?.content.archive).toMatchObject({ members: 5, depth: 2 });
    expect(whole?.content.archive?.memberExtensions).toContainEqual(["exe"]);
    const cut = largeTar({ name: "a", data: "b" }).subarray(0, -2000);
    expect((await lookAtSource(createMemorySource(cut)))?.problem).toBe("corrupt");
  });

  it("takes the second reader's word for what our tables do not know, and its own for nothing", async () => {
    const picture = Buffer.from("\xff\x0a\xfa\x1f\x01\x91\x08\x06\x01\0", "latin1");
    const look = await lookAtSource(createMemorySource(picture));
    expect(look?.content.types).toEqual([{ type: "image/jxl", group: "image" }]);
    expect((await lookAtSource(createMemorySource(Buffer.alloc(40, 1))))?.content.types).toEqual(
      [],
    );
  });

  it("says nothing of what cannot be read", async () => {
    const read = (): number => {
      throw new Error("gone");
    };
    expect(await lookAtSource({ size: 10, sha256: "", read })).toBeUndefined();
  });
});
