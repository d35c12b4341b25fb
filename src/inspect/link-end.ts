/** Without closing punctuation; a bracket stays when it closes one inside the link. */
export function trimmedEnd(text: string, start: number, end: number): number {
  let open = 0;
  for (let i = start; i < end; i++) {
    const character = text[i];
    if (character === "(" || character === "[" || character === "{") open++;
    else if (character === ")" || character === "]" || character === "}") open--;
  }
  let at = end;
  for (; at > start + 1; at--) {
    const character = text[at - 1] ?? "";
    if (")]}".includes(character)) {
      if (open >= 0) break;
      open++;
    } else if (!".,;:!?'*~|`&".includes(character)) break;
  }
  return at;
}
