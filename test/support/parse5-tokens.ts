/** The same tokens from parse5 alone, to hold ours against (decision 049). */
import { Tokenizer, TokenizerMode, type Token } from "parse5";
import type { HtmlToken } from "../../src/inspect/html-tokens.ts";

/** In a piece of this length there are few attributes. */
const PIECE = 1024;

/** As `tokenizeHtml`, with every character read by parse5. */
export function tokenizeByParse5(source: string): readonly HtmlToken[] {
  const tokens: HtmlToken[] = [];
  let covered = 0;
  let hidden = false;
  const add = (kind: HtmlToken["kind"], tag: string, location: Token.Location | null): void => {
    if (location === null) return;
    const start = location.startOffset;
    // at the end of the input the tokenizer counts one too many
    const end = Math.min(location.endOffset, source.length);
    if (start > covered) tokens.push({ kind: "hidden", tag: "", start: covered, end: start });
    covered = Math.max(covered, end);
    tokens.push({ kind, tag, start, end });
  };
  // text comes in several pieces, and a reference may be cut between two of them: they become one
  const addText = ({ location }: { readonly location: Token.Location | null }): void => {
    const before = tokens.at(-1);
    if (hidden || before?.kind !== "text" || location?.startOffset !== before.end) {
      add(hidden ? "hidden" : "text", "", location);
      return;
    }
    covered = Math.max(covered, Math.min(location.endOffset, source.length));
    tokens[tokens.length - 1] = { ...before, end: covered };
  };
  const tokenizer = new TagTokenizer(
    { sourceCodeLocationInfo: true },
    {
      onCharacter: addText,
      onWhitespaceCharacter: addText,
      onNullCharacter: addText,
      onComment: (token) => add("hidden", "", token.location),
      onDoctype: (token) => add("hidden", "", token.location),
      onStartTag(token) {
        add("start", token.tagName, token.location);
        hidden = token.tagName === "script" || token.tagName === "style";
        tokenizer.lastStartTagName = token.tagName;
        if (token.tagName === "script") tokenizer.state = TokenizerMode.SCRIPT_DATA;
        else if (token.tagName === "style") tokenizer.state = TokenizerMode.RAWTEXT;
        else if (token.tagName === "title" || token.tagName === "textarea")
          tokenizer.state = TokenizerMode.RCDATA;
      },
      onEndTag(token) {
        hidden = false;
        add("end", token.tagName, token.location);
      },
      onEof() {},
    },
  );
  for (let at = 0; at < source.length; at += PIECE) {
    tokenizer.write(source.slice(at, at + PIECE), at + PIECE >= source.length);
    tokenizer.forgetAttributes();
  }
  if (covered < source.length)
    tokens.push({ kind: "hidden", tag: "", start: covered, end: source.length });
  return tokens;
}

/** The tokenizer compares every attribute with all before it in the tag; nobody reads those here. */
class TagTokenizer extends Tokenizer {
  forgetAttributes(): void {
    if (this.currentToken !== null && "attrs" in this.currentToken) this.currentToken.attrs = [];
  }
}
