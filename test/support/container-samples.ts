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

/** One of each kind that is read, small. */
export function containerSamples(): readonly ContainerSample[] {
  return [
    ...Object.entries(SEVEN_ZIP_FILES).map(([kind, bytes]) => sample(`7z ${kind}`, bytes, 6)),
    sample("RAR 4", rar4File(MEMBERS), 7),
    sample("RAR 4 encrypted", rar4File(MEMBERS, { headersEncrypted: true }), 7),
    sample("RAR 5", rar5File(MEMBERS), 8),
    sample("RAR 5 encrypted", rar5File(MEMBERS, { headersEncrypted: true }), 8),
  ];
}

function sample(title: string, bytes: Buffer, magicEnd: number, step = 1): ContainerSample {
  return { title, bytes, magicEnd, step };
}
