import { AdminRequestFailed } from "./admin-client.ts";
import { ExitCode } from "./exit-code.ts";
import type { Row } from "./print.ts";

/** The gateway's answer as an object. Throws AdminRequestFailed when it is none: the gateway is of another version. */
export function objectIn(answer: unknown): Row {
  if (isObject(answer)) return answer;
  throw new AdminRequestFailed(
    "ADMIN_REFUSED",
    "the gateway's answer has another form than expected: is it of another version?",
    ExitCode.Bad,
  );
}

/** The objects of a list; what is no list has none. */
export function objectsIn(list: unknown): readonly Row[] {
  return Array.isArray(list) ? list.filter(isObject) : [];
}

/** The texts of a list; what is no list has none. */
export function textsIn(list: unknown): readonly string[] {
  return Array.isArray(list) ? list.filter((item) => typeof item === "string") : [];
}

/** Whether it is an object with keys, as opposed to a list or a plain value. */
export function isObject(value: unknown): value is Row {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
