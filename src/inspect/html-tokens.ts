import { Tokenizer, TokenizerMode, type Token } from "parse5";

/** A piece of an HTML source; ranges are UTF-16 offsets. */
export interface HtmlToken {
  readonly kind: "text" | "start" | "end" | "hidden";
  /** Lower case; of tags only. */
  readonly tag: string;
  readonly start: number;
  readonly end: number;
}

/** In a piece of this length there are few attributes. */
const PIECE = 1024;

/** What is no text (HTML standard §13.2.5.6); a "<" before anything else is one. */
const MARKUP = /<[a-z/!?]/gi;

/** A tag that every reader cuts alike: its attributes, if it has any, have values in quotes. */
const PLAIN_TAG =
  /<(\/?)([a-z][a-z0-9]*)(?:[ \t\n]+[a-z][a-z0-9:_-]*=(?:"[^"]*"|'[^']*'))*(?:[ \t\n]+\/?|\/)?>/iy;

/** Start tags behind which the source is read in another way. */
const CONTENT: ReadonlyMap<string, TagTokenizer["state"]> = new Map([
  ["script", TokenizerMode.SCRIPT_DATA],
  ["style", TokenizerMode.RAWTEXT],
  ["title", TokenizerMode.RCDATA],
  ["textarea", TokenizerMode.RCDATA],
]);

/**
 * Cuts a source into text, tags and what is not shown (comments, scripts, styles, doctypes, a tag that never ends). Only
 * script, style, title and textarea change how their content is read; what browsers read raw elsewhere (noembed, xmp, iframe …) is read
 * as HTML here, since other clients do. Every character of the source is in some token.
 *
 * Text and plain tags are cut here, all other markup by parse5 (decision 049).
 */
export function tokenizeHtml(source: string): readonly HtmlToken[] {
  const cut = new Cut(source);
  while (cut.covered < source.length) {
    MARKUP.lastIndex = cut.covered;
    const open = MARKUP.exec(source)?.index ?? source.length;
    if (open > cut.covered) cut.addText(cut.covered, open);
    if (open < source.length && !cut.addPlainTag(open)) readMarkup(cut, open);
  }
  return cut.tokens;
}

/** A source that is cut from its beginning on. */
class Cut {
  readonly tokens: HtmlToken[] = [];
  /** All before it is in some token. */
  covered = 0;
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }

  add(kind: HtmlToken["kind"], tag: string, start: number, end: number): void {
    if (start > this.covered) this.addRest(start);
    this.covered = Math.max(this.covered, end);
    this.tokens.push({ kind, tag, start, end });
  }

  /** Text comes in several pieces, and a reference may be cut between two of them: they become one. */
  addText(start: number, end: number): void {
    const before = this.tokens.at(-1);
    if (before?.kind !== "text" || start !== before.end) {
      this.add("text", "", start, end);
      return;
    }
    this.covered = Math.max(this.covered, end);
    this.tokens[this.tokens.length - 1] = { ...before, end: this.covered };
  }

  /** What is no token up to `end`: behind a text it is shown with it, as by who takes a tag that never ends for text. */
  addRest(end: number): void {
    const before = this.tokens.at(-1);
    const kind = before?.kind === "text" && before.end === this.covered ? "text" : "hidden";
    if (kind === "text") this.addText(this.covered, end);
    else this.add(kind, "", this.covered, end);
  }

  /** False: what stands there is more than that. */
  addPlainTag(open: number): boolean {
    PLAIN_TAG.lastIndex = open;
    const [whole, slash, name = ""] = PLAIN_TAG.exec(this.source) ?? [];
    if (whole === undefined) return false;
    const tag = name.toLowerCase();
    if (slash === "" && CONTENT.has(tag)) return false;
    this.add(slash === "" ? "start" : "end", tag, open, open + whole.length);
    return true;
  }
}

/** Cuts by the HTML standard from `open` until text and tags are read as such again. */
function readMarkup(cut: Cut, open: number): void {
  const { source } = cut;
  const tokenizer = tokenizerInto(cut, open);
  let end = open;
  let least = 1;
  do {
    const from = end;
    const close = source.indexOf(">", from + least - 1);
    const stop = close < 0 || close >= from + PIECE ? from + PIECE : close + 1;
    end = Math.min(stop, source.length);
    tokenizer.write(source.slice(from, end), end === source.length);
    tokenizer.forgetAttributes();
    // what comes in many pieces would be copied for each of them
    least = Math.min(least * 2, PIECE);
  } while (end < source.length && !(tokenizer.state === TokenizerMode.DATA && cut.covered === end));
  if (end === source.length && cut.covered < end) cut.addRest(end);
}

function tokenizerInto(cut: Cut, open: number): TagTokenizer {
  let hidden = false;
  const add = (kind: HtmlToken["kind"], tag: string, location: Token.Location | null): void => {
    if (location === null) return;
    // at the end of the input the tokenizer counts one too many
    const end = Math.min(open + location.endOffset, cut.source.length);
    const start = open + location.startOffset;
    if (kind === "text") cut.addText(start, end);
    else cut.add(kind, tag, start, end);
  };
  const addText = ({ location }: { readonly location: Token.Location | null }): void =>
    add(hidden ? "hidden" : "text", "", location);
  const tokenizer = new TagTokenizer(
    { sourceCodeLocationInfo: true },
    {
      onCharacter: addText,
      onWhitespaceCharacter: addText,
      onNullCharacter: addText,
      onComment: (token) => add("hidden", "", token.location),
      onDoctype: (token) => add("hidden", "", token.location),
      onStartTag({ tagName, location }) {
        add("start", tagName, location);
        hidden = tagName === "script" || tagName === "style";
        tokenizer.lastStartTagName = tagName;
        tokenizer.state = CONTENT.get(tagName) ?? tokenizer.state;
      },
      onEndTag(token) {
        hidden = false;
        add("end", token.tagName, token.location);
      },
      onEof() {},
    },
  );
  return tokenizer;
}

/** The tokenizer compares every attribute with all before it in the tag; nobody reads those here. */
class TagTokenizer extends Tokenizer {
  forgetAttributes(): void {
    if (this.currentToken !== null && "attrs" in this.currentToken) this.currentToken.attrs = [];
  }
}
