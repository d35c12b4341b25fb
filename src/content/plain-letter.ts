/**
 * Whether a code point is a letter, of a script that much of the world writes in, which stands for itself in every
 * compatibility form and is seen: nothing needs to be folded there. Others may be such letters too.
 */
export function isPlainLetter(codePoint: number): boolean {
  if (codePoint < 0x400) return codePoint >= 0xc0 && codePoint <= 0xff;
  if (codePoint < 0x530) return codePoint <= 0x481 || codePoint >= 0x48a;
  if (codePoint < 0x3041) return codePoint >= 0x621 && codePoint <= 0x64a;
  if (codePoint < 0x3400)
    return codePoint <= 0x3096 || (codePoint >= 0x30a1 && codePoint <= 0x30fa);
  if (codePoint < 0xac00)
    return codePoint <= 0x4dbf || (codePoint >= 0x4e00 && codePoint <= 0x9fff);
  return codePoint <= 0xd7a3;
}
