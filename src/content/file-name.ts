/**
 * The one place where the name of a file is made comparable. A name can be written so that the filter reads another extension
 * than the system that opens the file: trailing dots and blanks, NUL, NTFS streams, percent escapes, encoded words (RFC 2047),
 * full-width dots, letters of another script, invisible and right-to-left characters. Every way of reading is taken, and the
 * extensions of all of them are judged, so that rules need to know none of this.
 *
 * It does not make a name safe to write to a disk: nothing here may be used as a path. Linear in the length of the name.
 */
import { decodeEncodedWords } from "./encoded-word.ts";
import { BIDI_CONTROLS, isInvisible } from "./invisible.ts";
import { asciiLookalike } from "./lookalike.ts";
import { normalizeText } from "./normalize-text.ts";
import { percentDecode } from "./percent.ts";
import { looksHarmless } from "./type-groups.ts";

/** Of a longer name only the beginning and the end are judged. */
const MAX_LENGTH = 4096;
const HEAD = 1024;
/** File systems take 255 units or bytes of a name, Windows 259 of a path; who shortens a name may shorten it to these. */
const SHORTENED = [255, 259, 260] as const;
/** An encoded word in an escape in an encoded word: nobody decodes as often. */
const MAX_DECODINGS = 6;

/** A file name as sent and as judged. */
export interface FileName {
  /** As sent; "" when there was none. For display only, never for a path. */
  readonly raw: string;
  /** Normalised: no path, no controls, NFKC. */
  readonly normalized: string;
  /** Every dotted part after the first, lower case, last one first: "a.pdf.exe" gives ["exe", "pdf"]. */
  readonly extensions: readonly string[];
  readonly doubleExtension: boolean;
  readonly bidi: boolean;
}

/**
 * Reads a file name in every way that a peer might.
 *
 * @example normalizeFileName("C:\\tmp\\Bill.PDF.exe. ").extensions // ["exe", "pdf"]
 */
export function normalizeFileName(raw: string): FileName {
  const views = decodedViews(raw);
  const extensions = new Set<string>();
  let doubleExtension = false;
  let bidi = false;
  let normalized: string | undefined;
  for (const view of views) {
    bidi ||= BIDI_CONTROLS.test(view);
    const readings = readingsOf(view);
    normalized ??= readings[0] ?? "";
    for (const reading of readings) {
      const parts = extensionsOf(reading);
      for (const forms of parts) for (const form of forms) extensions.add(form);
      doubleExtension ||= parts[1]?.some(looksHarmless) === true;
    }
  }
  return { raw, normalized: normalized ?? "", extensions: [...extensions], doubleExtension, bidi };
}

/** The most decoded view first: it is the one that names the file for rules and records. */
function decodedViews(raw: string): readonly string[] {
  const views = [raw];
  let last = raw;
  for (let round = 0; round < MAX_DECODINGS; round++) {
    const next = round % 3 === 0 ? decodeEncodedWords(last) : percentDecode(last);
    if (next !== last) views.unshift(next);
    last = next;
  }
  return views;
}

/**
 * What one text may mean as a name. The first is the name; the others are the sides of a NUL and of a stream's colon, and
 * the whole with its NULs taken away, as a reader that ignores them would have it.
 */
function readingsOf(view: string): readonly string[] {
  const folded = normalizeText(view, "NFKC").replaceAll("\u3002", ".").replaceAll("\\", "/");
  const base = shorten(lastSegment(visible(folded)));
  if (Buffer.byteLength(base) > SHORTENED[0]) return [...sidesOf(base), ...shortened(base)];
  return sidesOf(base);
}

/** A long name as one who keeps its beginning has it. */
function shortened(base: string): readonly string[] {
  const units = SHORTENED.map((length) => clean(base.slice(0, length)));
  const bytes = Buffer.from(base, "utf8");
  if (bytes.length === base.length) return units;
  // half a character at the end is dropped, or shown as U+FFFD
  const cut = bytes.toString("utf8", 0, SHORTENED[0]).replace(/\uFFFD$/, "");
  return [...units, clean(cut)];
}

function sidesOf(base: string): readonly string[] {
  if (!base.includes("\0") && !base.includes(":")) return [clean(base)];
  const sides = base
    .split(/[\0:]/)
    .filter((side) => side !== "" && side.toUpperCase() !== "$DATA")
    .map(clean);
  const [first, second] = sides;
  // "C:name.exe" has a drive, not a stream
  const ordered =
    first !== undefined && second !== undefined && /^[A-Za-z]$/.test(first)
      ? [...sides.slice(1), first]
      : sides;
  return base.includes("\0") ? [...ordered, clean(base.replaceAll("\0", ""))] : ordered;
}

/** Without what is not seen, but for NUL; every blank as a space. */
function visible(text: string): string {
  let out = "";
  for (const character of text) {
    if (character !== "\0" && isInvisible(character.codePointAt(0) ?? 0)) continue;
    out += /\s/.test(character) ? " " : character;
  }
  return out;
}

/** Segments at the end that are empty or only dots name a directory, or nothing: "a.exe/.". */
function lastSegment(path: string): string {
  let end = path.length;
  while (end > 0 && "/. \0".includes(path[end - 1] ?? "")) end--;
  return path.slice(path.lastIndexOf("/", end - 1) + 1, end).trimStart();
}

/** No file system takes such a name whole: who shortens it keeps the beginning, or the extension at the end. */
function shorten(name: string): string {
  if (name.length <= MAX_LENGTH) return name;
  return name.slice(0, HEAD) + name.slice(HEAD - MAX_LENGTH);
}

/** Without the dots and blanks that file systems drop at the end. */
function clean(name: string): string {
  let end = name.length;
  while (end > 0 && (name[end - 1] === "." || name[end - 1] === " ")) end--;
  return name.slice(0, end).trimStart();
}

/** The forms of every dotted part after the first, the last part first. */
function extensionsOf(name: string): readonly (readonly string[])[] {
  const extensions: string[][] = [];
  const parts = name.toLowerCase().split(".");
  for (let i = parts.length - 1; i > 0; i--) {
    const part = (parts[i] ?? "").trim();
    if (part === "") continue;
    // "a.exe;.jpg", "a.exe?x": what follows such a character is no extension for those who cut there
    const cut = /^[^;?#&|<>"'`%*,\s]+/.exec(part)?.[0] ?? part;
    const forms = [cut, part];
    // Look-alikes deceive people only, who look at the end: a whole word of another script before it is a word.
    if (i === parts.length - 1 || /[a-z]/.test(cut)) forms.push(asciiLookalike(cut));
    extensions.push([...new Set(forms)]);
  }
  return extensions;
}
