import type { Clock, ScheduledCall } from "../base/clock.ts";

/**
 * Lines on their way to the event log that nobody waits for. Bounded: what does not fit is counted, and the count is
 * told as soon as there is room. A line is at the file at most a second later.
 */
export interface LineBuffer {
  /** False: there was no room, and the line is only counted. */
  push(line: string): boolean;
  /** For the rare lines that must not be crowded out by allowed messages: a tenth more room, sent at once and by themselves. */
  pushUrgent(line: string): void;
  /** Sends what waits. Resolves when all that was sent has been written or lost. */
  flush(): Promise<void>;
}

export interface LineBufferParts {
  readonly clock: Clock;
  /** Resolves when the text is in the file; rejects when it was lost. */
  readonly append: (text: string, isUrgent: boolean) => Promise<void>;
  /** The line that says how many others were lost. */
  readonly lossLine: (lost: number) => string;
}

const FLUSH_MS = 1000;
const FLUSH_CHARACTERS = 64 * 1024;

/** `maxLines`: lines that wait here or are being written. */
export function createLineBuffer(parts: LineBufferParts, maxLines: number): LineBuffer {
  let lines: string[] = [];
  let characters = 0;
  let underWay = 0;
  let lost = 0;
  let timer: ScheduledCall | undefined;
  const writes = new Set<Promise<void>>();

  const send = (isUrgent = false): void => {
    timer?.cancel();
    timer = undefined;
    if (lost > 0 && !isUrgent) {
      lines.push(parts.lossLine(lost));
      lost = 0;
    }
    if (lines.length === 0) return;
    const count = lines.length;
    const text = lines.join("");
    lines = [];
    characters = 0;
    underWay += count;
    const write = parts.append(text, isUrgent).then(
      () => written(count, 0),
      () => written(count, count),
    );
    writes.add(write);
    void write.finally(() => writes.delete(write));
  };
  const written = (count: number, losses: number): void => {
    underWay -= count;
    lost += losses;
    if (lost > 0) timer ??= parts.clock.schedule(FLUSH_MS, () => send());
  };
  const keep = (line: string, room: number): boolean => {
    if (lines.length + underWay >= room) {
      lost += 1;
      return false;
    }
    lines.push(line);
    characters += line.length;
    if (characters >= FLUSH_CHARACTERS) send();
    else timer ??= parts.clock.schedule(FLUSH_MS, () => send());
    return true;
  };

  return {
    push: (line) => keep(line, maxLines),
    pushUrgent(line) {
      // What waited before it stays before it.
      send();
      if (keep(line, maxLines + Math.ceil(maxLines / 10))) send(true);
    },
    async flush() {
      send();
      while (writes.size > 0) await Promise.all(writes);
    },
  };
}
