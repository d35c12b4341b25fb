import type { ByteView } from "./byte-view.ts";
import { readCab } from "./cab.ts";
import { viewFrom, type Container, type ContainerReader } from "./container.ts";
import { readIso } from "./iso.ts";
import type { LookBudget } from "./look-budget.ts";
import { readRar4 } from "./rar4.ts";
import { readRar5 } from "./rar5.ts";
import { readSevenZip } from "./seven-zip.ts";

/** One of each kind; each looks at the magic number itself. */
const READERS: readonly ContainerReader[] = [readSevenZip, readRar4, readRar5, readCab, readIso];

/** The signatures of those that readers find behind another file as well; none comes about by chance. */
const SIGNATURES = ["7z\xbc\xaf\x27\x1c", "Rar!\x1a\x07"].map((text) =>
  Buffer.from(text, "latin1"),
);
const CAB = Buffer.from("MSCF\0\0\0\0", "latin1");
/** Programs that unpack themselves have their archive behind so much at most. */
const PREFIX_BYTES = 1024 * 1024;
/** A compound file keeps its streams in pieces. */
const COMPOUND = "\xd0\xcf\x11\xe0";
const MAX_TRIES = 8;

/** Reads a container that the file begins with. Undefined: it is none of the kinds that are read here. */
export function readContainer(file: ByteView, budget: LookBudget): Container | undefined {
  for (const read of READERS) {
    const found = read(file, budget);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Whether a file is such a container by its first bytes; a disk image does not say so there. */
export function beginsContainer(head: Buffer): boolean {
  return [...SIGNATURES, CAB].some((signature) =>
    head.subarray(0, signature.length).equals(signature),
  );
}

/**
 * Reads the container behind the beginning of another file: of a program that unpacks itself, or of a picture. A program may hold such a
 * signature as a mere word: what is broken there is none.
 */
export function readContainerBehind(file: ByteView, budget: LookBudget): Container | undefined {
  const head = file.read(0, PREFIX_BYTES);
  if (head.toString("latin1", 0, 4) === COMPOUND) return undefined;
  const isProgram = head.toString("latin1", 0, 2) === "MZ" || head[0] === 0x7f;
  const places = SIGNATURES.flatMap((signature) => placesOf(head, signature)).toSorted(
    (one, other) => one - other,
  );
  let broken: Container | undefined;
  for (const place of places.slice(0, MAX_TRIES)) {
    const found = readContainer(viewFrom(file, place), budget);
    if (found !== undefined && found.problem !== "corrupt") return found;
    broken ??= found;
  }
  return isProgram ? undefined : broken;
}

function placesOf(head: Buffer, signature: Buffer): readonly number[] {
  const places: number[] = [];
  for (let at = head.indexOf(signature, 1); at >= 0 && places.length < MAX_TRIES;) {
    places.push(at);
    at = head.indexOf(signature, at + 1);
  }
  return places;
}
