/** What a character of ASCII may have to do with a link. */
const Kind = { none: 0, sign: 1, dot: 2, slash: 3, wordDot: 4 } as const;

/** By code. All but printable ASCII and line ends may be part of a link that is folded first, and count as its signs. */
const KINDS: Uint8Array = Uint8Array.from({ length: 0x80 }, (_, code) => {
  const character = String.fromCharCode(code);
  if (/[^\t\n\r\x20-\x7e]|[:\\[({*]/.test(character)) return Kind.sign;
  if (character === ".") return Kind.dot;
  if (character === "/") return Kind.slash;
  return /d/i.test(character) ? Kind.wordDot : Kind.none;
});

/**
 * Is this text plain prose, in which nobody sees a link? A quick look that spares most messages the search. It says no where it
 * takes more to know: at what is not ASCII, at ":", "\", "//", at a dot within a word, and at what stands for one of those ("dot", a
 * bracket, a star: refang.ts).
 */
export function isLinkless(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const kind = KINDS[text.charCodeAt(i)] ?? Kind.sign;
    if (kind === Kind.none) continue;
    if (kind === Kind.sign) return false;
    if (kind === Kind.dot && !endsWord(text, i + 1)) return false;
    if (kind === Kind.slash && text[i + 1] === "/") return false;
    if (kind === Kind.wordDot && isLetter(text, i + 1, "o") && isLetter(text, i + 2, "t"))
      return false;
  }
  return true;
}

/** In either case. */
function isLetter(text: string, at: number, lower: string): boolean {
  return (text.charCodeAt(at) | 0x20) === lower.charCodeAt(0);
}

/** The end of the text, a blank, or one more dot, which is looked at next. */
function endsWord(text: string, at: number): boolean {
  if (at >= text.length) return true;
  const code = text.charCodeAt(at);
  return code === 0x20 || code === 0x2e || code === 0x0a || code === 0x0d;
}
