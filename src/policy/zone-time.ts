/** A moment as a wall clock of a zone shows it. */
export interface ZoneTime {
  /** 0 is Sunday. */
  readonly weekday: number;
  /** Minutes since midnight, by the wall clock: 02:30 may come twice in a night, or not at all. */
  readonly minute: number;
}

/** The wall clock of one zone. */
export type ZoneClock = (now: number) => ZoneTime;

const MINUTE_MS = 60_000;

const WEEKDAYS: readonly string[] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/** Zones are few (the IANA database names some 600), and making a formatter is dear. */
const CLOCKS = new Map<string, ZoneClock>();

/**
 * The wall clock of a zone of the IANA database, or undefined for a name that is none. Offsets ("+01:00") are no zones: they
 * know no summer time. The answer is kept for the minute it is of, so that many rules ask the database once.
 *
 * @example zoneClock("Europe/Berlin")?.(Date.parse("2026-11-22T22:10:00Z")) // { weekday: 0, minute: 1390 }
 */
export function zoneClock(zone: string): ZoneClock | undefined {
  const known = CLOCKS.get(zone);
  if (known !== undefined) return known;
  const format = formatOf(zone);
  if (format === undefined) return undefined;
  let minute = Number.NaN;
  let time: ZoneTime = { weekday: 0, minute: 0 };
  const clock: ZoneClock = (now) => {
    const asked = Math.floor(now / MINUTE_MS);
    if (asked !== minute) {
      time = readTime(format, asked * MINUTE_MS);
      minute = asked;
    }
    return time;
  };
  CLOCKS.set(zone, clock);
  return clock;
}

function formatOf(zone: string): Intl.DateTimeFormat | undefined {
  if (!/^[A-Za-z]/.test(zone)) return undefined;
  try {
    return new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      weekday: "short",
      hour: "2-digit",
      minute: "2-digit",
    });
  } catch {
    return undefined;
  }
}

function readTime(format: Intl.DateTimeFormat, now: number): ZoneTime {
  let weekday = 0;
  let minute = 0;
  for (const { type, value } of format.formatToParts(now)) {
    if (type === "weekday") weekday = WEEKDAYS.indexOf(value);
    else if (type === "hour") minute += Number(value) * 60;
    else if (type === "minute") minute += Number(value);
  }
  return { weekday, minute };
}
