import { readFile } from "node:fs/promises";
import { waitUntil } from "./wait-until.ts";

/** One line of events.ndjson; keys as in docs/events.md. */
export type EventLine = Readonly<Record<string, unknown>>;

/** All whole lines of an event log; [] while there is none. */
export async function readEvents(file: string): Promise<readonly EventLine[]> {
  const text = await readFile(file, "utf8").catch(() => "");
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  return whole
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as EventLine);
}

/** Waits until the log holds lines that match, and gives all of them (lines of allowed messages come up to a second late; `hurry` is called while there are none). */
export async function eventsWhere(
  file: string,
  what: string,
  matches: (event: EventLine) => boolean,
  hurry?: () => void,
): Promise<readonly EventLine[]> {
  return waitUntil(`an event about ${what}`, async () => {
    const found = (await readEvents(file)).filter(matches);
    if (found.length === 0) hurry?.();
    return found.length > 0 && found;
  });
}
