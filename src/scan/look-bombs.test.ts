import { readFileSync } from "node:fs";
import { deflateRawSync, gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BZIP2_BOMB } from "../../test/support/packed-samples.ts";
import { pdfFile } from "../../test/support/pdf-file.ts";
import { tarFile } from "../../test/support/tar-file.ts";
import { officePackage } from "../../test/support/typed-samples.ts";
import { zipFile } from "../../test/support/zip-file.ts";
import { systemClock } from "../base/clock.ts";
import { createLookProcess, type Looker } from "./look-process.ts";
import { createMemorySource } from "./memory-source.ts";

/** Of the process that looks, beside what its start took. */
const MOST_CPU_MS = 2000;
const MOST_RESIDENT = 256 * 1024 * 1024;

const MIB = 1024 * 1024;
const NEVER = new AbortController().signal;
const ZEROS = Buffer.alloc(16 * MIB);

/** A gigabyte, in members of one gzip file. */
const GZIP_GIGABYTE = Buffer.concat(Array.from({ length: 64 }, () => gzipSync(ZEROS)));

const LAUGHS = `<?xml version="1.0"?><!DOCTYPE a [<!ENTITY l0 "ha">${Array.from(
  { length: 12 },
  (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`,
).join("")}]><a>&l12;</a>`;

/** Sixteen archives in each archive, and at the bottom 16 MiB of zeros: 4 GiB on three levels. */
function recursive(levels: number): Buffer {
  const data = levels === 0 ? ZEROS : recursive(levels - 1);
  const suffix = levels === 0 ? "txt" : "zip";
  const count = levels === 0 ? 1 : 16;
  return zipFile(Array.from({ length: count }, (_, i) => ({ name: `${i}.${suffix}`, data })));
}

/** One kernel of packed zeros, which so many entries of the directory share. */
function overlapping(entries: number): Buffer {
  const zip = zipFile([{ name: "a", data: ZEROS }]);
  const directory = zip.indexOf("PK\x01\x02");
  const end = zip.indexOf("PK\x05\x06");
  const record = zip.subarray(directory, end);
  const last = Buffer.from(zip.subarray(end));
  for (const at of [8, 10]) last.writeUInt16LE(entries, at);
  last.writeUInt32LE(record.length * entries, 12);
  return Buffer.concat([
    zip.subarray(0, directory),
    ...Array.from({ length: entries }, () => record),
    last,
  ]);
}

/** Declares a byte in both headers, and unpacks to 16 MiB. */
function lyingZip(): Buffer {
  return zipFile([{ name: "a.txt", data: ZEROS, size: 1 }]);
}

/** Blocks that hold next to nothing, each with codes of its own to be made. */
function manyBlocks(): Buffer {
  const block = deflateRawSync(Buffer.from("abcdefgh".repeat(40)), { level: 9 });
  const open = Buffer.from(block);
  open[0] = (open[0] ?? 0) & 0xfe;
  const head = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]);
  return Buffer.concat([head, ...Array.from({ length: 20_000 }, () => open)]);
}

let looker: Looker;

beforeAll(async () => {
  looker = createLookProcess({ clock: systemClock });
  await looker.look(createMemorySource(Buffer.from("words")), NEVER);
});

afterAll(() => looker[Symbol.dispose]());

describe.skipIf(process.platform !== "linux")(
  "a file that is made to fill whoever unpacks it",
  () => {
    it.each<[string, Buffer, string]>([
      ["a gigabyte in a gzip file", GZIP_GIGABYTE, "bomb"],
      [
        "the same in a zip in a tar",
        tarFile([{ name: "a", data: zipFile([{ name: "b", data: GZIP_GIGABYTE }]) }]),
        "bomb",
      ],
      ["a gigabyte by bzip2", Buffer.from(BZIP2_BOMB, "base64"), "bomb"],
      [
        "frames of zstd",
        Buffer.concat(Array.from({ length: 40 }, () => zstdCompressSync(ZEROS))),
        "bomb",
      ],
      ["archives in archives in archives", recursive(2), "bomb"],
      ["entries that share their bytes", overlapping(1900), "bomb"],
      ["more than it declares", lyingZip(), "corrupt"],
      [
        "thirty levels",
        Array.from({ length: 30 }).reduce<Buffer>(
          (data) => zipFile([{ name: "a.zip", data }]),
          Buffer.from("x"),
        ),
        "too-deep",
      ],
      ["entities of XML", Buffer.from(LAUGHS), "bomb"],
      [
        "entities of XML in a document",
        officePackage("docx", [{ name: "word/a.xml", data: LAUGHS }]),
        "bomb",
      ],
      [
        "an object stream of a PDF",
        pdfFile({ packed: true, action: `(${"a".repeat(40 * MIB)})` }),
        "partial",
      ],
      ["blocks without end", manyBlocks(), "corrupt"],
      [
        "members without end",
        zipFile(Array.from({ length: 3000 }, (_, i) => ({ name: `${i}`, data: "x" }))),
        "partial",
      ],
    ])("%s: is unscannable, soon and in little memory", async (_, bytes, problem) => {
      const [pid = 0] = looker.pids;
      const before = cpuMs(pid);
      const looked = await looker.look(createMemorySource(bytes), NEVER);
      expect(looked).toMatchObject({ ok: true, value: { problem } });
      expect(looker.pids).toContain(pid);
      expect(cpuMs(pid) - before).toBeLessThan(MOST_CPU_MS);
      expect(peakResident(pid)).toBeLessThan(MOST_RESIDENT);
    });
  },
);

/** In ticks of ten milliseconds. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function peakResident(pid: number): number {
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kib) * 1024;
}
