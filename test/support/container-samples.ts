import { cabFile } from "./cab-file.ts";
import { isoFile } from "./iso-file.ts";
import { rar4File, rar5File } from "./rar-file.ts";
import { SEVEN_ZIP_FILES } from "./seven-zip-files.ts";

/** A container that a test made, and where its magic number ends. */
export interface ContainerSample {
  readonly title: string;
  readonly bytes: Buffer;
  /** From here on its bytes may be other ones, and it still says what it is. */
  readonly magicEnd: number;
  /** At every so many bytes it is cut; 1 but for long ones. */
  readonly step: number;
}

const MEMBERS = [
  { name: "notes.txt", data: "harmless words" },
  { name: "d/фото.exe", data: "MZ" },
  { name: "packed.bin", data: "packed", packed: true, size: 60 },
];

const IMAGE = [
  { name: "NOTES.TXT", data: "harmless words", wide: "longer notes.txt" },
  { name: "SETUP.EXE", data: "MZ", rock: "the setup.exe" },
];
const FOLDER = { name: "D", members: [{ name: "RUN.VBS", data: "x", wide: "run it.vbs" }] };
/** The identifier of the first descriptor. */
const ISO_MAGIC_END = 16 * 2048 + 6;

/** One of each kind that is read, small. */
export function containerSamples(): readonly ContainerSample[] {
  return [
    ...Object.entries(SEVEN_ZIP_FILES).map(([kind, bytes]) => sample(`7z ${kind}`, bytes, 6)),
    sample("RAR 4", rar4File(MEMBERS), 7),
    sample("RAR 4 encrypted", rar4File(MEMBERS, { headersEncrypted: true }), 7),
    sample("RAR 5", rar5File(MEMBERS), 8),
    sample("RAR 5 encrypted", rar5File(MEMBERS, { headersEncrypted: true }), 8),
    sample("CAB", cabFile(MEMBERS), 8),
    sample("CAB with MSZIP", cabFile(MEMBERS, { method: "mszip", reserve: 3 }), 8),
    sample("CAB with LZX", cabFile(MEMBERS, { method: "lzx" }), 8),
    sample("ISO 9660", isoFile(IMAGE), ISO_MAGIC_END, 61),
    sample(
      "ISO 9660 with Joliet",
      isoFile(IMAGE, { joliet: true, folder: FOLDER }),
      ISO_MAGIC_END,
      61,
    ),
    sample("ISO 9660 with UDF", isoFile(IMAGE, { udf: true }), ISO_MAGIC_END, 61),
  ];
}

function sample(title: string, bytes: Buffer, magicEnd: number, step = 1): ContainerSample {
  return { title, bytes, magicEnd, step };
}
