/** What clamd's answer to VERSION tells of its signatures. */
export interface ClamdSignatures {
  /** It names the database that it has loaded; without one of ClamAV's own it names the program alone. */
  readonly isKnown: boolean;
  /** When that was made, milliseconds since 1970, to within a day: clamd writes its own local time. Undefined: not said. */
  readonly madeAt: number | undefined;
}

/** "ClamAV 1.4.3/27500/Mon Nov 24 09:40:12 2025": the date as ctime(3) writes it. */
const WITH_DATABASE = /^ClamAV [^/]+\/[0-9]+\/(.+)$/;
const CTIME = /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d{2}:\d{2}:\d{2}) (\d{4})$/;

/**
 * Reads an answer to VERSION. Total.
 *
 * @example parseClamdVersion("ClamAV 1.4.3") // { isKnown: false, madeAt: undefined }
 */
export function parseClamdVersion(version: string): ClamdSignatures {
  const [, date] = WITH_DATABASE.exec(version) ?? [];
  if (date === undefined) return { isKnown: false, madeAt: undefined };
  const [, month = "", day = "", time = "", year = ""] = CTIME.exec(date) ?? [];
  const madeAt = Date.parse(`${day} ${month} ${year} ${time} GMT`);
  return { isKnown: true, madeAt: Number.isNaN(madeAt) ? undefined : madeAt };
}
