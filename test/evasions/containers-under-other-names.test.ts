import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { viewOf } from "../../src/content/byte-view.ts";
import { normalizeFileName } from "../../src/content/file-name.ts";
import { lookIntoFile, type FileLook } from "../../src/content/look-into-file.ts";
import type { TypeGroup } from "../../src/content/type-groups.ts";
import { isTypeMismatch } from "../../src/content/type-mismatch.ts";
import { cabFile } from "../support/cab-file.ts";
import { isoFile } from "../support/iso-file.ts";
import { oleFile } from "../support/ole-file.ts";
import { ENCRYPTED_PDF } from "../support/pdf-encrypted.ts";
import { pdfFile } from "../support/pdf-file.ts";
import { rar4File, rar5File } from "../support/rar-file.ts";
import { SEVEN_ZIP_FILES } from "../support/seven-zip-files.ts";
import { zipFile } from "../support/zip-file.ts";

/** How the look tells what is in a file: by a name in it, by a reason why not, or it is itself what is looked for. */
type Told = RegExp | "encrypted" | "unknown-format" | "too-deep" | "itself" | "engines";

/** Sample of clamav-testfiles, what it is, and how the program in it is told. */
const TEST_FILES: readonly (readonly [name: string, group: TypeGroup, told: Told])[] = [
  ["clam-aspack.exe", "executable", "itself"],
  ["clam-fsg.exe", "executable", "itself"],
  ["clam-mew.exe", "executable", "itself"],
  ["clam-nsis.exe", "executable", "itself"],
  ["clam-pespin.exe", "executable", "itself"],
  ["clam-petite.exe", "executable", "itself"],
  ["clam-upack.exe", "executable", "itself"],
  ["clam-upx.exe", "executable", "itself"],
  ["clam-wwpack.exe", "executable", "itself"],
  ["clam-yc.exe", "executable", "itself"],
  ["clam.7z", "archive", /clam\.exe/],
  ["clam.arj", "archive", "unknown-format"],
  ["clam.bin-be.cpio", "archive", "unknown-format"],
  ["clam.bin-le.cpio", "archive", "unknown-format"],
  ["clam.bz2.zip", "archive", /clam\.exe/],
  ["clam.cab", "archive", /clam\.exe/],
  ["clam.chm", "script", "unknown-format"],
  ["clam.d64.zip", "archive", /clam\.exe/],
  ["clam.ea05.exe", "executable", "itself"],
  ["clam.ea06.exe", "executable", "itself"],
  ["clam.exe", "executable", "itself"],
  ["clam.exe.binhex", "archive", "unknown-format"],
  ["clam.exe.bz2", "archive", "engines"],
  ["clam.exe.html", "script", "itself"],
  ["clam.exe.mbox.base64", "document", "engines"],
  ["clam.exe.mbox.uu", "document", "engines"],
  ["clam.exe.rtf", "office", /clam\.exe/i],
  ["clam.exe.szdd", "archive", "unknown-format"],
  ["clam.impl.zip", "archive", /CLAM\.EXE/],
  ["clam.mail", "document", "engines"],
  ["clam.newc.cpio", "archive", "unknown-format"],
  ["clam.odc.cpio", "archive", "unknown-format"],
  ["clam.ole.doc", "office", /clam\.exe/i],
  ["clam.pdf", "document", /clam\.exe/],
  ["clam.ppt", "office", /clam\.exe/i],
  ["clam.sis", "installer", "unknown-format"],
  ["clam.tar.gz", "archive", /clam\.exe/],
  ["clam.tnef", "office", "unknown-format"],
  ["clam.zip", "archive", /clam\.exe/],
  ["clam_IScab_ext.exe", "executable", "itself"],
  ["clam_IScab_int.exe", "executable", "itself"],
  ["clam_ISmsi_ext.exe", "executable", "itself"],
  ["clam_ISmsi_int.exe", "executable", "itself"],
  ["clam_cache_emax.tgz", "archive", "too-deep"],
];

const PROGRAM = { name: "d/setup.exe", data: "MZ" };
const SEALED_SHEET = "\x09\x08\x04\0\0\x06\x05\0\x2f\0\x02\0\x01\0\x0a\0\0\0";

/** One of each kind that tests make. */
const MADE: readonly (readonly [title: string, bytes: Buffer, group: TypeGroup, told: Told])[] = [
  ["7z, LZMA", SEVEN_ZIP_FILES.lzma, "archive", /setup\.exe/],
  ["7z, LZMA2", SEVEN_ZIP_FILES.lzma2, "archive", /setup\.exe/],
  ["7z, stored", SEVEN_ZIP_FILES.copy, "archive", /setup\.exe/],
  ["7z, BZip2", SEVEN_ZIP_FILES.bzip2, "archive", "unknown-format"],
  ["7z, PPMd", SEVEN_ZIP_FILES.ppmd, "archive", "unknown-format"],
  ["7z, encrypted", SEVEN_ZIP_FILES.sealed, "archive", "encrypted"],
  ["7z, names encrypted", SEVEN_ZIP_FILES.names, "archive", "encrypted"],
  ["RAR 4", rar4File([PROGRAM]), "archive", /setup\.exe/],
  ["RAR 4, encrypted", rar4File([{ ...PROGRAM, encrypted: true }]), "archive", "encrypted"],
  [
    "RAR 4, names encrypted",
    rar4File([PROGRAM], { headersEncrypted: true }),
    "archive",
    "encrypted",
  ],
  ["RAR 5", rar5File([PROGRAM]), "archive", /setup\.exe/],
  ["RAR 5, packed", rar5File([{ ...PROGRAM, packed: true }]), "archive", "unknown-format"],
  ["RAR 5, encrypted", rar5File([{ ...PROGRAM, encrypted: true }]), "archive", "encrypted"],
  [
    "RAR 5, names encrypted",
    rar5File([PROGRAM], { headersEncrypted: true }),
    "archive",
    "encrypted",
  ],
  ["CAB", cabFile([PROGRAM], { method: "mszip" }), "archive", /setup\.exe/],
  ["CAB, LZX", cabFile([PROGRAM], { method: "lzx" }), "archive", "unknown-format"],
  ["ISO", isoFile([{ name: "SETUP.EXE", data: "MZ" }]), "disk-image", /SETUP\.EXE/],
  [
    "ISO and UDF",
    isoFile([{ name: "A", data: "x" }], { udf: true }),
    "disk-image",
    "unknown-format",
  ],
  ["zip, encrypted", zipFile([{ ...PROGRAM, encrypted: true }]), "archive", "encrypted"],
  [
    "PDF with a program",
    pdfFile({ attachments: [PROGRAM], packed: true }),
    "document",
    /setup\.exe/,
  ],
  ["PDF, encrypted", ENCRYPTED_PDF, "document", "encrypted"],
  [
    "docx, encrypted",
    oleFile([stream("EncryptedPackage", "x"), stream("EncryptionInfo", "x")]),
    "office",
    "encrypted",
  ],
  ["xls, encrypted", oleFile([stream("Workbook", SEALED_SHEET)]), "office", "encrypted"],
  [
    "doc, encrypted",
    oleFile([stream("WordDocument", "\xec\xa5\xc1\0\0\0\0\0\0\0\0\x01")]),
    "office",
    "encrypted",
  ],
];

function stream(name: string, data: string): { readonly name: string; readonly data: Buffer } {
  return { name, data: Buffer.from(data, "latin1") };
}

/** What is missing of what is expected; undefined: nothing. */
function missing(look: FileLook, group: TypeGroup, told: Told): string | undefined {
  const groups = look.types.map((type) => type.group);
  const names = look.archive?.names ?? [];
  const hidden = ["a.txt", "a.jpg"].filter(
    (name) => isTypeMismatch(normalizeFileName(name), undefined, look.types) !== true,
  );
  // a paper that is called a text hides nothing
  const isHidden = hidden.includes("a.jpg") || (group !== "document" && hidden.length > 0);
  if (groups[0] !== group || isHidden)
    return `${group}: ${JSON.stringify(look.types)} ${hidden.join(" ")}`;
  if (told === "itself" || told === "engines") return undefined;
  const isTold =
    told instanceof RegExp ? names.some((name) => told.test(name)) : look.problem === told;
  return isTold ? undefined : `${String(told)}: ${look.problem ?? "-"} ${names.join(" ")}`;
}

const FOLDER = "/usr/share/clamav-testfiles";

describe("containers under the name of a text or a picture", () => {
  it.skipIf(!existsSync(FOLDER)).each(TEST_FILES)(
    "ClamAV's %s is %s, told by %s",
    (name, group, told) => {
      const bytes = readFileSync(join(FOLDER, name));
      expect(missing(lookIntoFile(viewOf(bytes)), group, told)).toBeUndefined();
    },
  );

  it.skipIf(!existsSync(FOLDER))("are all of ClamAV's", () => {
    expect(TEST_FILES.map(([name]) => name).toSorted()).toEqual(readdirSync(FOLDER).toSorted());
  });

  it.each(MADE)("%s is told", (_, bytes, group, told) => {
    expect(missing(lookIntoFile(viewOf(bytes)), group, told)).toBeUndefined();
  });

  it("are told behind another name in a zip as well", () => {
    const untold = MADE.filter(([, bytes, , told]) => {
      const look = lookIntoFile(viewOf(zipFile([{ name: "photo.jpg", data: bytes }])));
      return told instanceof RegExp
        ? !(look.archive?.names ?? []).some((name) => told.test(name))
        : look.problem !== told;
    });
    expect(untold.map(([title]) => title)).toEqual([]);
  });
});
