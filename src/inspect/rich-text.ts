/**
 * RTF (1.9.1) as its readers understand it: not a renderer, but every text in which some reader could see or follow a link. Nothing
 * here has offsets into the source, and a part in RTF is never edited. Linear in the length of the source.
 */
import { TextDecoder } from "node:util";
import { byteTable } from "../content/byte-table.ts";

/** What an RTF says to different readers. */
export interface RichText {
  /** What a reader of today is shown. */
  readonly shown: string;
  /** Everything: fields, hidden text, destinations that a reader may not know and then shows. */
  readonly all: string;
  /** What a reader without Unicode is shown: of `\u…` the character behind it. */
  readonly fallback: string;
  /** It has an object, binary data or a command (DDE) in it, which nobody needs in a message. */
  readonly active: boolean;
}

/**
 * Reads an RTF.
 *
 * @example readRichText("{\\rtf1 ht\\'74p:\\'2f\\'2fevil.example}").shown // "http://evil.example"
 */
export function readRichText(source: string): RichText {
  const reading = new Reading();
  for (const match of source.matchAll(TOKEN)) {
    const [token, byte, word, parameter, symbol] = match;
    if (byte !== undefined) reading.byte(parseInt(byte, 16));
    else if (word !== undefined)
      reading.word(word, parameter === undefined ? 1 : Number(parameter));
    else if (symbol !== undefined) reading.symbol(symbol);
    else if (token === "{") reading.open();
    else if (token === "}") reading.close();
    else if (token !== "\r" && token !== "\n") reading.text(token);
  }
  return reading.result();
}

const TOKEN = /\\'([0-9a-f]{2})|\\([a-z]{1,32})(-?\d{1,10})? ?|\\([^a-z])|[{}\r\n]|[^\\{}\r\n]+/gi;

interface Group {
  readonly hidden: boolean;
  /** Data of a picture: shown by nobody. */
  readonly data: boolean;
  /** How many characters behind a `\u` stand for it. */
  readonly unicodeSkip: number;
  /** Of bytes; undefined: that of the document. */
  readonly decoder: TextDecoder | undefined;
  /** In the table of fonts. */
  readonly fonts: boolean;
}

/** An RTF half read. */
class Reading {
  #shown = "";
  #all = "";
  #fallback = "";
  #active = false;
  #group: Group = {
    hidden: false,
    data: false,
    unicodeSkip: 1,
    decoder: undefined,
    fonts: false,
  };
  /** Fonts of another charset than the document's, by their number; the one whose entry in the table is read. */
  readonly #fonts = new Map<number, TextDecoder>();
  #font = 0;
  readonly #outer: Group[] = [];
  /** Characters behind a `\u` that are still to come. */
  #skip = 0;
  #bytes: number[] = [];
  #decoder: TextDecoder = WINDOWS_1252;

  open(): void {
    this.#flush();
    this.#skip = 0;
    // Deeper than any document; what is opened beyond is closed again just as well.
    if (this.#outer.length < MAX_GROUPS) this.#outer.push(this.#group);
  }

  close(): void {
    this.#flush();
    this.#skip = 0;
    this.#group = this.#outer.pop() ?? this.#group;
  }

  text(text: string): void {
    this.#flush();
    const rest = text.slice(this.#skip);
    this.#fallback += this.#visible(text);
    this.#skip -= text.length - rest.length;
    this.#put(rest);
  }

  byte(byte: number): void {
    const single = SINGLE[byte] ?? "";
    this.#fallback += this.#visible(single);
    if (this.#skip > 0) {
      this.#skip--;
      return;
    }
    if (!this.#group.data) this.#all += single;
    this.#bytes.push(byte);
  }

  symbol(symbol: string): void {
    if (symbol === "*") {
      this.#group = { ...this.#group, hidden: true };
      return;
    }
    const meaning = SYMBOLS[symbol] ?? "";
    if (meaning !== "") this.text(meaning);
  }

  word(word: string, parameter: number): void {
    this.#flush();
    if (word === "u") return this.#unicode(parameter);
    this.#skip = 0;
    const character = CHARACTERS.get(word);
    if (character !== undefined) this.text(character);
    else if (word === "uc")
      this.#group = { ...this.#group, unicodeSkip: Math.min(Math.max(parameter, 0), 100) };
    else if (word === "v") this.#group = { ...this.#group, hidden: parameter !== 0 };
    else if (word === "plain") this.#group = { ...this.#group, hidden: false };
    else if (word === "ansicpg") this.#decoder = decoderOf(parameter);
    else if (word === "f" || word === "fcharset") this.#chooseFont(word, parameter);
    else if (DESTINATIONS.has(word))
      this.#group = {
        ...this.#group,
        hidden: true,
        data: word === "pict",
        fonts: word === "fonttbl",
      };
    else if (ACTIVE.has(word)) this.#active = true;
  }

  result(): RichText {
    this.#flush();
    return {
      shown: this.#shown,
      all: this.#all,
      fallback: this.#fallback,
      active: this.#active || /(?:^|\W)DDE(?:AUTO)?\s/i.test(this.#all),
    };
  }

  /** `\f1\fcharset204` in the table says of font 1 that its bytes are Cyrillic; `\f1` in the text chooses it. */
  #chooseFont(word: string, parameter: number): void {
    const { fonts } = this.#group;
    if (word === "f" && !fonts)
      this.#group = { ...this.#group, decoder: this.#fonts.get(parameter) };
    else if (word === "f") this.#font = parameter;
    else if (fonts && this.#fonts.size < MAX_FONTS) {
      const page = CODE_PAGES.get(parameter);
      if (page !== undefined) this.#fonts.set(this.#font, decoderOf(page));
    }
  }

  #unicode(parameter: number): void {
    this.#put(String.fromCharCode(parameter & 0xffff));
    this.#skip = this.#group.unicodeSkip;
  }

  #put(text: string): void {
    this.#shown += this.#visible(text);
    if (!this.#group.data) this.#all += text;
  }

  #visible(text: string): string {
    return this.#group.hidden ? "" : text;
  }

  /** Bytes one behind another may be one character. */
  #flush(): void {
    if (this.#bytes.length === 0) return;
    this.#shown += this.#visible(
      (this.#group.decoder ?? this.#decoder).decode(Uint8Array.from(this.#bytes)),
    );
    this.#bytes = [];
  }
}

const MAX_GROUPS = 10_000;
const WINDOWS_1252: TextDecoder = new TextDecoder("windows-1252");
/** What each byte is by itself. */
const SINGLE: readonly string[] = byteTable("windows-1252")?.characters ?? [];

const MAX_FONTS = 1000;
/** Of the charsets of fonts (RTF 1.9.1, \fcharset). */
const CODE_PAGES: ReadonlyMap<number, number> = new Map([
  [77, 10_000],
  [128, 932],
  [129, 949],
  [134, 936],
  [136, 950],
  [161, 1253],
  [162, 1254],
  [163, 1258],
  [177, 1255],
  [178, 1256],
  [186, 1257],
  [204, 1251],
  [222, 874],
  [238, 1250],
]);

/** The code page of a document, by its number at Microsoft. */
function decoderOf(codePage: number): TextDecoder {
  const label = LABELS.get(codePage);
  // letters of links are the same in all
  if (label === undefined) return WINDOWS_1252;
  const decoder = decoders.get(label) ?? new TextDecoder(label);
  decoders.set(label, decoder);
  return decoder;
}

const decoders = new Map<string, TextDecoder>();

/** Code pages that can be decoded. */
const LABELS: ReadonlyMap<number, string> = new Map([
  [866, "ibm866"],
  [874, "windows-874"],
  [932, "shift_jis"],
  [936, "gbk"],
  [949, "euc-kr"],
  [950, "big5"],
  [10_000, "macintosh"],
  [10_007, "x-mac-cyrillic"],
  [20_866, "koi8-r"],
  [54_936, "gb18030"],
  [65_001, "utf-8"],
  ...[0, 1, 3, 4, 5, 6, 7, 8].map((n): [number, string] => [1250 + n, `windows-${1250 + n}`]),
]);

/** Words that stand for a character. */
const CHARACTERS: ReadonlyMap<string, string> = new Map([
  ...["par", "line", "tab", "cell", "row", "page", "sect", "column", "softline"].map(
    (word) => [word, "\n"] as const,
  ),
  ["emdash", "\u2014"],
  ["endash", "\u2013"],
  ["lquote", "\u2018"],
  ["rquote", "\u2019"],
  ["ldblquote", "\u201c"],
  ["rdblquote", "\u201d"],
  ["bullet", "\u2022"],
  ["emspace", " "],
  ["enspace", " "],
  ["zwj", "\u200d"],
  ["zwnj", "\u200c"],
]);

/** Groups that are not shown where they stand. */
const DESTINATIONS: ReadonlySet<string> = new Set(
  "fonttbl colortbl stylesheet info pict fldinst listtable listoverridetable rsidtbl revtbl filetbl xe tc".split(
    " ",
  ),
);

/** What has a program behind it, or bytes that are none of the text. */
const ACTIVE: ReadonlySet<string> = new Set(
  "object objdata objemb objlink objautlink objocx objhtml objsub objpub objicemb objclass objupdate bin".split(
    " ",
  ),
);

/** Control symbols that stand for a character; "-" is a hyphen that is not seen. */
const SYMBOLS: Readonly<Record<string, string>> = {
  "\\": "\\",
  "{": "{",
  "}": "}",
  "~": "\u00a0",
  _: "-",
  "\r": "\n",
  "\n": "\n",
};
