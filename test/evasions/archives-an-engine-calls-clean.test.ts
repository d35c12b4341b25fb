import { gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { ok } from "../../src/base/result.ts";
import { viewOf } from "../../src/content/byte-view.ts";
import { EICAR } from "../../src/content/eicar.ts";
import { lookIntoFile } from "../../src/content/look-into-file.ts";
import { combineResults } from "../../src/scan/combine-results.ts";
import { encryptedZip } from "../../src/scan/encrypted-zip.ts";
import { scanOffline } from "../../src/scan/scan-offline.ts";
import { withLook } from "../../src/scan/with-look.ts";
import { cabFile } from "../support/cab-file.ts";
import { EICAR_ARCHIVES } from "../support/eicar-archives.ts";
import { isoFile } from "../support/iso-file.ts";
import { rar5File } from "../support/rar-file.ts";
import { SEVEN_ZIP_FILES } from "../support/seven-zip-files.ts";
import { tarFile } from "../support/tar-file.ts";
import { zipFile } from "../support/zip-file.ts";

const MEMBER = { name: "eicar.com", data: EICAR };
const ZEROS = Buffer.alloc(16 * 1024 * 1024);
const FOUND = "infected";

function made(name: keyof typeof EICAR_ARCHIVES): Buffer {
  return Buffer.from(EICAR_ARCHIVES[name], "base64");
}

function nested(levels: number): Buffer {
  return levels === 0 ? EICAR : zipFile([{ name: "a", data: nested(levels - 1) }]);
}

function withMethod(method: number): Buffer {
  const bytes = zipFile([{ ...MEMBER, stored: true }]);
  bytes.fill("x", bytes.indexOf(EICAR), bytes.indexOf("PK\x01\x02"));
  bytes.writeUInt16LE(method, 8);
  bytes.writeUInt16LE(method, bytes.indexOf("PK\x01\x02") + 10);
  return bytes;
}

/** Their first bytes suffice: nobody here looks further. */
const LZIP = Buffer.concat([Buffer.from("LZIP\x01\x0c", "latin1"), Buffer.alloc(60, 7)]);
const XAR = Buffer.concat([Buffer.from("xar!\0\x1c\0\x01", "latin1"), Buffer.alloc(60, 7)]);
const CPIO = Buffer.concat([Buffer.from(`070701${"0".repeat(104)}`), EICAR]);

const NOISE = Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) % 251));

/** Archives that are made to hide something, and what is to be said of them; of some clamd says OK. */
const ROWS: readonly (readonly [title: string, bytes: Buffer, says: string])[] = [
  ["zip", zipFile([MEMBER]), FOUND],
  ["zip64", made("zip64"), FOUND],
  ["zip with a data descriptor", made("descriptor"), FOUND],
  ["zip with BZip2", made("zipBzip2"), FOUND],
  ["zip with LZMA", made("zipLzma"), FOUND],
  ["zip with Deflate64", withMethod(9), "unscannable unknown-format"],
  ["zip with PPMd", withMethod(98), "unscannable unknown-format"],
  ["zip behind junk", Buffer.concat([Buffer.from("junk"), zipFile([MEMBER])]), FOUND],
  ["tar", tarFile([MEMBER]), FOUND],
  ["tar.gz", gzipSync(tarFile([MEMBER])), FOUND],
  ["tar.zst", zstdCompressSync(tarFile([MEMBER])), FOUND],
  ["gz", gzipSync(EICAR), FOUND],
  ["bz2", made("bzip2"), FOUND],
  ["xz", made("xz"), FOUND],
  ["tar.lz", LZIP, "unscannable unknown-format"],
  ["xar", XAR, "unscannable unknown-format"],
  ["cpio", CPIO, FOUND],
  ["iso", isoFile([{ name: "EICAR.COM", data: EICAR }]), FOUND],
  ["cab", cabFile([MEMBER]), FOUND],
  ["cab with MSZIP", cabFile([MEMBER], { method: "mszip" }), FOUND],
  ["rar, stored", rar5File([MEMBER]), FOUND],
  ["7z with BZip2", SEVEN_ZIP_FILES.bzip2, "unscannable unknown-format"],
  ["7z with Deflate", SEVEN_ZIP_FILES.deflate, "unscannable unknown-format"],
  ["7z with PPMd", SEVEN_ZIP_FILES.ppmd, "unscannable unknown-format"],
  ["7z, encrypted", SEVEN_ZIP_FILES.sealed, "unscannable encrypted"],
  ["7z with encrypted names", SEVEN_ZIP_FILES.names, "unscannable encrypted"],
  ["seven levels", nested(7), FOUND],
  ["15 levels", nested(15), "unscannable too-deep"],
  ["25 levels", nested(25), "unscannable too-deep"],
  [
    "12,000 members",
    zipFile(Array.from({ length: 12_000 }, (_, i) => ({ name: `${i}`, data: "x" }))),
    "unscannable partial",
  ],
  [
    "a zip of much too much",
    zipFile([{ name: "a", data: ZEROS, size: 0x4000_0000 }]),
    "unscannable bomb",
  ],
  [
    "a hundred zips of too much",
    zipFile(
      Array.from({ length: 100 }, (_, i) => ({
        name: `${i}.zip`,
        data: zipFile([{ name: "a", data: ZEROS }]),
      })),
    ),
    "unscannable bomb",
  ],
  [
    "a gz of much too much",
    Buffer.concat(Array.from({ length: 20 }, () => gzipSync(ZEROS))),
    "unscannable bomb",
  ],
  ["an encrypted zip", encryptedZip(), "unscannable encrypted"],
  [
    "a zip with AES",
    zipFile([{ name: "a", data: NOISE, encrypted: true }]),
    "unscannable encrypted",
  ],
  [
    "a zip that is encrypted by one header",
    zipFile([{ name: "a", data: NOISE, localEncrypted: true }]),
    "unscannable corrupt",
  ],
  [
    "a zip with two names of one member",
    zipFile([{ name: "photo.jpg", localName: "eicar.com", data: NOISE }]),
    "unscannable corrupt",
  ],
  [
    "a zip with a member that it does not list",
    zipFile([
      { name: "a", data: NOISE },
      { ...MEMBER, hidden: true },
    ]),
    "unscannable corrupt",
  ],
  ["a zip that is cut off", zipFile([MEMBER]).subarray(0, -10), "unscannable corrupt"],
];

/** In short; of our own engine alone. */
function alone(bytes: Buffer): string {
  const { verdict } = scanOffline(bytes);
  return verdict.kind === "unscannable" ? `unscannable ${verdict.reason}` : verdict.kind;
}

/** The same beside an engine that says OK, which must answer and is believed to look into containers. */
function besideOk(bytes: Buffer): string {
  const answers = ["builtin", "clamd"].map((engine) => {
    return { required: true, result: { kind: "clean", engine, ms: 0 } } as const;
  });
  const verdict = combineResults(withLook(answers, ok(lookIntoFile(viewOf(bytes)))));
  return verdict.kind === "unscannable" ? `unscannable ${verdict.reason}` : verdict.kind;
}

describe("an archive of which an engine says OK", () => {
  it.each(ROWS)("%s: is not clean", (title, bytes, says) => {
    expect(alone(bytes)).toBe(says);
    // raw bytes in a format that is not opened are the builtin engine's to find
    expect(besideOk(bytes)).toBe(title === "cpio" ? "unscannable unknown-format" : says);
  });

  it("is clean where all that is in it was seen, and is plain", () => {
    const plain = { name: "notes.txt", data: "harmless words" };
    for (const bytes of [zipFile([plain]), tarFile([plain]), gzipSync(tarFile([plain]))]) {
      expect([alone(bytes), besideOk(bytes)]).toEqual(["clean", "clean"]);
    }
  });
});
