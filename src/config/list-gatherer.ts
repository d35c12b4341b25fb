import { isAscii } from "node:buffer";
import type { ListType } from "../policy/condition.ts";
import { entryProblem, foldEntry, isPublicSuffix } from "../policy/list-entry.ts";
import type { ListEntries } from "../policy/list-feed.ts";
import { ListTableBuilder } from "../policy/list-table-builder.ts";
import { MAX_ENTRY_BYTES } from "../policy/list-table.ts";
import { copyPlainDomain } from "../policy/plain-domain.ts";
import type { ListProblem } from "./list-file.ts";
import { listFormat, type ListLine } from "./list-format.ts";

/** More of a list's problems are counted, not shown. */
const MAX_SHOWN = 20;

/**
 * Takes the lines of a list file and gives what they hold. A million plain domain names take a way of their own, in bytes.
 */
export class ListGatherer {
  readonly problems: ListProblem[] = [];
  /** The file is not text, or too large: the rest of it need not be read. */
  isHopeless = false;
  readonly #type: ListType;
  readonly #itemsOf: ListLine;
  readonly #isPlain: boolean;
  readonly #table: ListTableBuilder | undefined;
  readonly #items: string[] = [];
  /** The bytes of the piece in hand as characters, in lower case, so that a name in it is a slice and no copy. */
  #characters = "";
  #unshown = 0;

  constructor(type: ListType, format: string, fileBytes: number) {
    this.#type = type;
    this.#itemsOf = listFormat(format);
    this.#isPlain = type === "domain" && format === "lines";
    const isSearched = type === "phrase" || type === "prefix";
    this.#table = isSearched ? undefined : new ListTableBuilder(fileBytes);
  }

  /** Takes a piece of the file; its lines come with `line`. */
  piece(bytes: Buffer): void {
    if (this.#isPlain) this.#characters = bytes.toString("latin1").toLowerCase();
  }

  /** Takes the line of the piece that stands in bytes[start, end), without its line feed. */
  line(bytes: Buffer, start: number, end: number, number: number): void {
    if (this.isHopeless) return;
    if (this.#isPlain && this.#takePlain(bytes, start, end, number)) return;
    const line = bytes.subarray(start, end);
    const text = textOf(line);
    if (text === undefined) {
      this.#giveUp(number, "not UTF-8 text", "save the file as UTF-8");
    } else if (text.includes("\0")) {
      this.#giveUp(number, "a NUL character", "the file is damaged or only half written");
    } else {
      for (const item of this.#itemsOf(text)) this.#take(item, number);
    }
  }

  /** Nothing is to be had of the file. */
  #giveUp(line: number | undefined, message: string, hint: string): void {
    this.isHopeless = true;
    this.problems.push({ line, message, hint });
  }

  /** What was found and how many different entries that are; only without problems is it the whole list. */
  finish(): { readonly entries: ListEntries; readonly count: number } {
    if (this.#unshown > 0) {
      const message = `and ${this.#unshown} more entries that cannot be meant`;
      this.problems.push({ line: undefined, message, hint: undefined });
    }
    if (this.#table === undefined) {
      const items = [...new Set(this.#items)];
      return { entries: { kind: "items", items }, count: items.length };
    }
    const table = this.#table.finish();
    return { entries: { kind: "table", table }, count: table.entries };
  }

  /** @returns whether the line was one of a plain name, or of nothing */
  #takePlain(bytes: Buffer, lineStart: number, lineEnd: number, number: number): boolean {
    let start = lineStart;
    let end = lineEnd;
    while (start < end && isBlank(bytes[end - 1])) end -= 1;
    while (start < end && isBlank(bytes[start])) start += 1;
    if (start === end) return true;
    if (end - start > MAX_ENTRY_BYTES) return false;
    const room = this.#table?.room();
    if (room === undefined) return false;
    const last = copyPlainDomain(bytes, [start, end], room.text, room.at);
    if (last === -1) return false;
    const name = this.#characters.slice(end - (last - room.at), end);
    if (isPublicSuffix(name)) this.#take(name, number);
    else this.#table?.take(last);
    return true;
  }

  #take(item: string, line: number): void {
    const problem = entryProblem(this.#type, item);
    if (problem !== undefined) {
      const [message, hint] = problem;
      if (this.problems.length < MAX_SHOWN) this.problems.push({ line, message, hint });
      else this.#unshown += 1;
      return;
    }
    if (this.#table === undefined) {
      this.#items.push(item);
      return;
    }
    const entry = foldEntry(this.#type, item);
    if (this.#table.add(entry)) return;
    if (Buffer.byteLength(entry) > MAX_ENTRY_BYTES) {
      const message = `an entry of more than ${MAX_ENTRY_BYTES} bytes`;
      this.problems.push({ line, message, hint: undefined });
    } else this.#giveUp(line, "too many entries", "a list holds 128 MiB at most");
  }
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0d || byte === 0x09;
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Undefined: the bytes are not UTF-8. */
function textOf(line: Buffer): string | undefined {
  if (isAscii(line)) return line.toString("latin1");
  try {
    return decoder.decode(line);
  } catch {
    return undefined;
  }
}
