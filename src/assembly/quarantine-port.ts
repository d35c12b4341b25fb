import type { Clock } from "../base/clock.ts";
import type { Journal } from "../journal/journal.ts";
import type {
  QuarantineItem,
  QuarantineReader,
  QuarantineUsage,
} from "../quarantine/quarantine.ts";
import type { Deed, QuarantinePort, QuarantineView, UsageView } from "../review/ports.ts";
import { deedRecord } from "./deed-record.ts";
import type { RetentionSettings } from "./quarantine-retention.ts";

/** The kept files for the admin API; that one is fetched or deleted is on record before it happens. */
export function createQuarantinePort(
  reader: QuarantineReader,
  {
    journal,
    clock,
    bounds,
  }: { readonly journal: Journal; readonly clock: Clock; readonly bounds: RetentionSettings },
): QuarantinePort {
  async function record(
    action: "download" | "delete",
    item: QuarantineItem,
    deed: Deed,
  ): Promise<void> {
    const { incident } = item;
    await journal.review(deedRecord(clock.now(), { action, incident, item, deed }));
  }

  return {
    usage: async () => usageView(await reader.usage(), bounds),
    list: async (limit) => (await reader.list(limit)).map(viewOf),
    async show(id) {
      const item = await reader.show(id);
      if (item === undefined) return undefined;
      const incident = await journal.queries.show(item.incident);
      const releases = (incident?.releases ?? []).filter((one) => one.item === id);
      const reviews = (incident?.reviews ?? []).filter((one) => one.item === id);
      return { ...viewOf(item), incident_state: incident?.state ?? null, releases, reviews };
    },
    async download(id, deed) {
      const item = await reader.show(id);
      const bytes = item && (await reader.download(id));
      if (item !== undefined && bytes !== undefined) await record("download", item, deed);
      return bytes;
    },
    async delete(id, deed) {
      const item = await reader.show(id);
      if (item === undefined) return undefined;
      await record("delete", item, deed);
      const deleted = await reader.delete(id);
      return deleted && viewOf(deleted);
    },
  };
}

function usageView(usage: QuarantineUsage, bounds: RetentionSettings): UsageView {
  const { files, bytes, stories, oldestAt, newestAt } = usage;
  const { maxFiles, maxBytes, highWater, days } = bounds;
  const part = Math.max(files / maxFiles, maxBytes === 0 ? 1 : bytes / maxBytes);
  return {
    files,
    max_files: maxFiles,
    bytes,
    max_bytes: maxBytes,
    stories,
    used: Math.round(part * 1000) / 1000,
    high_water: highWater,
    state: part >= 1 ? "full" : part > highWater ? "above high water" : "room",
    oldest: oldestAt === undefined ? null : new Date(oldestAt).toISOString(),
    newest: newestAt === undefined ? null : new Date(newestAt).toISOString(),
    days,
  };
}

function viewOf(item: QuarantineItem): QuarantineView {
  const { id, incident, name, size, sha256, sha1, threat, state, from, to, rule, scan } = item;
  return {
    id,
    incident,
    name,
    size,
    sha256,
    sha1: sha1 ?? null,
    threat,
    stored_at: new Date(item.storedAt).toISOString(),
    release: item.release ?? null,
    keep_until:
      item.keepMs === undefined ? null : new Date(item.storedAt + item.keepMs).toISOString(),
    state,
    from,
    to,
    rule,
    call_id: item.callId,
    true_type: item.trueType ?? null,
    scan: scan.map((one) => ({ ...one })),
  };
}
