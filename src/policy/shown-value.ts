import { detached } from "../base/detached.ts";
import { RecentMap } from "../base/recent-map.ts";
import { maskNumbers } from "./detectors.ts";

/** Characters of a value that a trace shows. */
const SHOWN = 200;
/** They are made of so many: a number that begins in what is shown ends in these, and masked it takes less room. */
const LOOKED_AT = 8 * SHOWN;

/** Values whose shown form is remembered: each of a thousand rules shows the same text. */
const REMEMBERED = 256;
const known = new RecentMap<string>(REMEMBERED);

/**
 * A value as a trace shows it: cut, since it may be a whole message, and card and account numbers in it masked, whatever the
 * field: a trace is stored with the incident, and shown to more people than may see such numbers.
 */
export function shownValue(value: string): string {
  if (value.length <= SHOWN) return maskNumbers(value);
  const looked = value.slice(0, LOOKED_AT);
  let masked = known.get(looked);
  if (masked === undefined) {
    masked = maskNumbers(looked);
    known.set(detached(looked), masked);
  }
  if (masked.length <= SHOWN && value.length <= LOOKED_AT) return masked;
  return `${masked.slice(0, SHOWN - 1)}…`;
}
