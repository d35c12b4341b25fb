/** Characters beyond the basic plane, and those that change, are few in one message; who sends all of them makes us begin anew. */
const MOST_REMEMBERED = 8192;

/**
 * What becomes of each character of a text, by its code point alone. Remembered over all messages: a byte for each code point of the
 * basic plane, and the forms of those that change.
 */
export class CharacterFold {
  readonly #fold: (codePoint: number) => string;
  /** Of each UTF-16 unit; 0: not asked yet. Surrogates are never kept, for what becomes of them is no matter of one unit. */
  readonly #kinds = new Uint8Array(0x1_0000);
  readonly #forms = new Map<number, string>();

  /** @param fold what becomes of a code point, "": nothing; must always say the same */
  constructor(fold: (codePoint: number) => string) {
    this.#fold = fold;
  }

  /** Whether a UTF-16 unit is a character that stands for itself. */
  keeps(unit: number): boolean {
    return (this.#kinds[unit] || this.#kindOf(unit)) === KEPT;
  }

  /** What becomes of a code point. */
  formOf(codePoint: number): string {
    const known = this.#forms.get(codePoint);
    if (known !== undefined) return known;
    if (this.#forms.size === MOST_REMEMBERED) this.#forms.clear();
    const form = this.#fold(codePoint);
    this.#forms.set(codePoint, form);
    return form;
  }

  #kindOf(unit: number): number {
    const surrogate = unit >= 0xd800 && unit <= 0xdfff;
    const kept = !surrogate && this.#fold(unit) === String.fromCharCode(unit);
    return (this.#kinds[unit] = kept ? KEPT : CHANGED);
  }
}

const KEPT = 1;
const CHANGED = 2;
