import { z } from "zod";
import { below, defineCondition, leafTrace } from "../condition.ts";
import type { ConditionContext, ConditionFamily } from "../condition.ts";
import { didYouMean } from "../suggest.ts";
import { asList, choice, oneOrMore, section, text } from "../vocabulary.ts";
import { zoneClock, type ZoneTime } from "../zone-time.ts";

/** In the order of `ZoneTime.weekday`. */
const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;

/** The end of a day may be written 24:00. */
const CLOCK = /^(?:([01]\d|2[0-3]):([0-5]\d)|24:00)$/;

const moment = z.string().regex(CLOCK, 'is not a time of day: write "08:00"');

const pair = z.tuple([moment, moment]);

const schema = section({
  tz: text().meta({ description: "Zone of the IANA database, as Europe/Berlin." }),
  days: oneOrMore(choice(DAYS))
    .optional()
    .meta({ description: "Days on which a window begins; default all." }),
  between: z
    .union([pair, z.array(pair).min(1, "must not be an empty list")])
    .optional()
    .meta({
      description:
        "From the first time up to the second, by the wall clock; past midnight it belongs to the day on which it began. Several pairs: any of them.",
    }),
}).meta({ description: "When the message is judged." });

type TimeData = z.infer<typeof schema>;

/** Minutes since midnight; `end` is not in the window any more. */
interface Window {
  readonly start: number;
  readonly end: number;
}

/** `time`: the hours and days of a zone. */
export const timeCondition: ConditionFamily = defineCondition({
  family: "time",
  schema,
  phases: { tz: "message", days: "message", between: "message" },
  everywhere: true,
  compile(data, context) {
    const clock = zoneClock(data.tz);
    if (clock === undefined) reportZone(data.tz, below(context, "tz"));
    if (data.days === undefined && data.between === undefined) {
      context.problems.error(
        context.path,
        "time: names neither days nor hours",
        "add days: or between:",
      );
    }
    const windows = windowsOf(data, context);
    const days = new Set(data.days === undefined ? DAYS : asList(data.days));
    const holdsOn = DAYS.map((day) => days.has(day));
    return {
      cost: 3,
      collect: undefined,
      test(facts, trace) {
        const time = clock?.(facts.now);
        if (time === undefined) return false;
        const matched = windows.some((window) => isWithin(time, window, holdsOn));
        trace?.push(leafTrace("time", shown(time, data.tz), matched));
        return matched;
      },
    };
  },
});

function reportZone(zone: string, context: ConditionContext): void {
  const hint =
    didYouMean(zone, Intl.supportedValuesOf("timeZone")) ?? 'as "Europe/Berlin" or "UTC"';
  context.problems.error(context.path, `there is no time zone "${zone}"`, hint);
}

const WHOLE_DAY: Window = { start: 0, end: 1440 };

function windowsOf({ between }: TimeData, context: ConditionContext): readonly Window[] {
  if (between === undefined) return [WHOLE_DAY];
  return pairsOf(between).map(([from, to]) => {
    if (from === to) {
      const hint = "leave between: out for the whole day";
      context.problems.error([...context.path, "between"], "a window that ends as it begins", hint);
    }
    if (from === "24:00") {
      const hint = 'write "00:00", on the day that begins then';
      context.problems.error([...context.path, "between"], "no window begins at 24:00", hint);
    }
    return { start: minuteOf(from), end: minuteOf(to) };
  });
}

function pairsOf(
  between: NonNullable<TimeData["between"]>,
): readonly (readonly [string, string])[] {
  const [first, second] = between;
  if (typeof first === "string" && typeof second === "string") return [[first, second]];
  return between as readonly (readonly [string, string])[];
}

function minuteOf(written: string): number {
  const [hours = "0", minutes = "0"] = written.split(":");
  return Number(hours) * 60 + Number(minutes);
}

/** A window past midnight belongs to the day on which it began. */
function isWithin(
  { weekday, minute }: ZoneTime,
  { start, end }: Window,
  holdsOn: readonly boolean[],
): boolean {
  const today = holdsOn[weekday] === true;
  if (start < end) return today && minute >= start && minute < end;
  const yesterday = holdsOn[(weekday + 6) % 7] === true;
  return (today && minute >= start) || (yesterday && minute < end);
}

function shown({ weekday, minute }: ZoneTime, zone: string): string {
  const hours = String(Math.floor(minute / 60)).padStart(2, "0");
  const minutes = String(minute % 60).padStart(2, "0");
  return `${DAYS[weekday] ?? ""} ${hours}:${minutes} ${zone}`;
}
