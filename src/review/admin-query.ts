import { z } from "zod";
import type { Result } from "../base/result.ts";
import { failed, ok } from "../base/result.ts";
import type { IncidentFilter } from "../journal/journal.ts";
import type { Deed, RefreshLists, ReleaseDeed } from "./ports.ts";

/** Rows of one answer at most; more is asked for with `until`. */
const MAX_LIMIT = 1000;

const DEFAULT_LIMIT = 100;

const A_LIMIT = `must be a whole number from 1 to ${MAX_LIMIT}`;
const A_TEXT = "must have 1 to 512 characters";
const A_CURSOR = "must be the time and id of an incident, as in 1700000000000.INC-0123ABCD";
const ACTIONS = ["rewrite", "block", "quarantine"] as const;

const limit = z.coerce.number<string>(A_LIMIT).int(A_LIMIT).min(1, A_LIMIT).max(MAX_LIMIT, A_LIMIT);
const text = z.string(A_TEXT).min(1, A_TEXT).max(512, A_TEXT);
const moment = z.union(
  [
    z.coerce.number<string>().int().nonnegative(),
    z.iso.datetime({ offset: true }).transform((value) => Date.parse(value)),
  ],
  "must be a time as in 2026-01-31T12:00:00Z, or milliseconds since 1970",
);

const querySchema = z.strictObject({
  since: moment.optional(),
  until: moment.optional(),
  action: z.enum(ACTIONS, `must be one of: ${ACTIONS.join(", ")}`).optional(),
  rule: text.optional(),
  user: text.optional(),
  state: text.optional(),
  limit: limit.optional(),
  before: z
    .string(A_CURSOR)
    .regex(/^[0-9]{1,15}\.INC-[0-9A-Z]{8}$/, A_CURSOR)
    .optional(),
  features: z.enum(["true", "false"], "must be true or false").optional(),
});

const limitSchema = z.strictObject({ limit: limit.default(DEFAULT_LIMIT) });

/** The query string of GET /v1/incidents. Times are RFC 3339 or milliseconds since 1970. The problem is a sentence. */
export function readIncidentFilter(query: unknown): Result<IncidentFilter, string> {
  const read = querySchema.safeParse(query);
  if (!read.success) return failed(sentenceOf(read.error));
  const { since, until, action, rule, user, state, limit, before, features } = read.data;
  const [at, id = ""] = before?.split(".") ?? [];
  return ok({
    ...(since === undefined ? undefined : { since }),
    ...(until === undefined ? undefined : { until }),
    ...(action === undefined ? undefined : { action }),
    ...(rule === undefined ? undefined : { rule }),
    ...(user === undefined ? undefined : { user }),
    ...(state === undefined ? undefined : { state }),
    ...(limit === undefined ? undefined : { limit }),
    ...(before === undefined ? undefined : { before: { at: Number(at), id } }),
    ...(features === "true" ? { features: true } : undefined),
  });
}

/** A query string with nothing but `limit`: rows of the answer, 100 when left out. The problem is a sentence. */
export function readLimit(query: unknown): Result<number, string> {
  const read = limitSchema.safeParse(query);
  return read.success ? ok(read.data.limit) : failed(sentenceOf(read.error));
}

const refreshSchema = z.strictObject({
  name: z.union([text, z.array(text).max(100)], A_TEXT).optional(),
  allow_shrink: z.enum(["true", "false"], "must be true or false").optional(),
});

/** The query string of POST /v1/lists/refresh. The problem is a sentence. */
export function readRefresh(query: unknown): Result<RefreshLists, string> {
  const read = refreshSchema.safeParse(query);
  if (!read.success) return failed(sentenceOf(read.error));
  const { name, allow_shrink: allowShrink } = read.data;
  const names = name === undefined ? undefined : [name].flat();
  return ok({ names, allowShrink: allowShrink === "true" });
}

const A_REASON = "must be a text of at most 512 characters";
const A_NAME = "must be a text of at most 64 characters";
const MINUTE_MS = 60_000;
const A_TIME = "must be a number of milliseconds from a minute to 30 days";

const deedFields = {
  reason: z.string(A_REASON).max(512, A_REASON).default(""),
  said_by: z.string(A_NAME).max(64, A_NAME).default(""),
};
const deedSchema = z.strictObject(deedFields);
const releaseSchema = z.strictObject({
  ...deedFields,
  to: text.optional(),
  force: z.boolean("must be true or false").default(false),
  for_ms: z
    .int(A_TIME)
    .min(MINUTE_MS, A_TIME)
    .max(43_200 * MINUTE_MS, A_TIME)
    .default(1440 * MINUTE_MS),
});

/** The body (or query) of what a person does: `reason`, `said_by`. Nothing at all is a deed without words. */
export function readDeed(body: unknown): Result<Deed, string> {
  const read = deedSchema.safeParse(body ?? {});
  if (!read.success) return failed(sentenceOf(read.error));
  return ok({ reason: read.data.reason.trim(), saidBy: read.data.said_by.trim() });
}

/** The body of a release, which needs a reason. */
export function readRelease(body: unknown): Result<ReleaseDeed, string> {
  const read = releaseSchema.safeParse(body ?? {});
  if (!read.success) return failed(sentenceOf(read.error));
  const { said_by: saidBy, to, force, for_ms: forMs } = read.data;
  const reason = read.data.reason.trim();
  if (reason === "") return failed("a release needs a reason");
  return ok({ reason, saidBy: saidBy.trim(), to, force, forMs });
}

function sentenceOf(error: z.ZodError): string {
  const issue = error.issues[0];
  const where = issue?.path.join(".") ?? "";
  return where === "" ? (issue?.message ?? "") : `${where} ${issue?.message ?? ""}`;
}
