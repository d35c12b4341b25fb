/** Instead of the end of a range: each unit of a run stands for the next one, or for the one before. */
const FORWARDS = -1;
const BACKWARDS = -2;

/**
 * Where each UTF-16 unit of a text stands in the source that it was made from. Kept by runs: a run whose units stand one behind
 * another in the source, or one before another, or one whose units all stand for the same range of it ("&amp;").
 */
export class TextPlaces {
  /** Of each run: where it begins in the text. */
  readonly #at: number[] = [];
  readonly #start: number[] = [];
  /** Of each run: where the range ends that every unit of it stands for; negative: unit stands for unit. */
  readonly #end: number[] = [];
  #length = 0;
  /** The run that was asked for last: who asks for one unit asks for its neighbour next. */
  #recent = 0;

  /** UTF-16 units of the text so far. */
  get length(): number {
    return this.#length;
  }

  /** `count` more units stand for source[start, end), one for one when there are as many. */
  add(count: number, start: number, end: number): void {
    if (count === 0) return;
    this.#push(count, start, count === end - start ? FORWARDS : end);
  }

  /** Units from `from` to `to` (excluded) of another text about the same source. */
  addFrom(other: TextPlaces, from: number, to: number): void {
    for (let at = from; at < to;) {
      const run = other.#find(at);
      const stop = Math.min(to, other.#at[run + 1] ?? to);
      this.#push(stop - at, other.#startIn(run, at), other.#end[run] ?? FORWARDS);
      at = stop;
    }
  }

  /** Offset in the source where unit `i` begins; 0 behind the end. */
  startOf(i: number): number {
    return i >= this.#length ? 0 : this.#startIn(this.#find(i), i);
  }

  /** Offset in the source after unit `i`; 0 behind the end. */
  endOf(i: number): number {
    if (i >= this.#length) return 0;
    const run = this.#find(i);
    const end = this.#end[run] ?? FORWARDS;
    return end < 0 ? this.#startIn(run, i) + 1 : end;
  }

  #startIn(run: number, i: number): number {
    const start = this.#start[run] ?? 0;
    const end = this.#end[run] ?? FORWARDS;
    if (end >= 0) return start;
    const gone = i - (this.#at[run] ?? 0);
    return end === FORWARDS ? start + gone : start - gone;
  }

  #push(count: number, start: number, end: number): void {
    const last = this.#at.length - 1;
    const way =
      end < 0 && last >= 0 ? this.#wayOn(last, count === 1 ? undefined : end, start) : undefined;
    if (way === undefined) {
      this.#at.push(this.#length);
      this.#start.push(start);
      this.#end.push(end);
    } else this.#end[last] = way;
    this.#length += count;
  }

  /** How the last run goes on to `start`, if it does: in its own way and in that of what comes; a single unit has none. */
  #wayOn(last: number, coming: number | undefined, start: number): number | undefined {
    const own = this.#end[last] ?? 0;
    if (own >= 0) return undefined;
    const count = this.#length - (this.#at[last] ?? 0);
    const gone = start - (this.#start[last] ?? 0);
    if (gone !== count && gone !== -count) return undefined;
    const way = gone === count ? FORWARDS : BACKWARDS;
    return (count === 1 || own === way) && (coming ?? way) === way ? way : undefined;
  }

  /** The run that unit `i` is in. */
  #find(i: number): number {
    const at = this.#at;
    const begins = (run: number): number => at[run] ?? this.#length;
    let low = this.#recent;
    if (begins(low) <= i && i < begins(low + 1)) return low;
    if (begins(low) <= i && i < begins(low + 2)) return (this.#recent = low + 1);
    if (low > 0 && begins(low - 1) <= i && i < begins(low)) return (this.#recent = low - 1);
    low = 0;
    for (let high = at.length - 1; low < high;) {
      const middle = (low + high + 1) >> 1;
      if (begins(middle) <= i) low = middle;
      else high = middle - 1;
    }
    return (this.#recent = low);
  }
}
