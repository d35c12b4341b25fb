import { z } from "zod";
import type { Result } from "../base/result.ts";
import { failed, ok } from "../base/result.ts";
import type { IncidentFilter } from "../journal/journal.ts";

/** Rows of one answer at most; more is asked for with `until`. */
const MAX_LIMIT = 1000;

const DEFAULT_LIMIT = 100;

const limit = z.coerce.number<string>().int().min(1).max(MAX_LIMIT);
const text = z.string().min(1).max(512);
const moment = z.union([
  z.coerce.number<string>().int().nonnegative(),
  z.iso.datetime({ offset: true }).transform((value) => Date.parse(value)),
]);

const querySchema = z.strictObject({
  since: moment.optional(),
  until: moment.optional(),
  action: z.enum(["rewrite", "block", "quarantine"]).optional(),
  rule: text.optional(),
  user: text.optional(),
  state: text.optional(),
  limit: limit.optional(),
});

const limitSchema = z.strictObject({ limit: limit.default(DEFAULT_LIMIT) });

/** The query string of GET /v1/incidents. Times are RFC 3339 or milliseconds since 1970. The problem is a sentence. */
export function readIncidentFilter(query: unknown): Result<IncidentFilter, string> {
  const read = querySchema.safeParse(query);
  if (!read.success) return failed(sentenceOf(read.error));
  const { since, until, action, rule, user, state, limit } = read.data;
  return ok({
    ...(since === undefined ? undefined : { since }),
    ...(until === undefined ? undefined : { until }),
    ...(action === undefined ? undefined : { action }),
    ...(rule === undefined ? undefined : { rule }),
    ...(user === undefined ? undefined : { user }),
    ...(state === undefined ? undefined : { state }),
    ...(limit === undefined ? undefined : { limit }),
  });
}

/** A query string with nothing but `limit`: rows of the answer, 100 when left out. The problem is a sentence. */
export function readLimit(query: unknown): Result<number, string> {
  const read = limitSchema.safeParse(query);
  return read.success ? ok(read.data.limit) : failed(sentenceOf(read.error));
}

function sentenceOf(error: z.ZodError): string {
  const issue = error.issues[0];
  const where = issue?.path.join(".") ?? "";
  return where === "" ? (issue?.message ?? "") : `${where}: ${issue?.message ?? ""}`;
}
