import type { Clock } from "../base/clock.ts";
import { createEventId } from "../journal/event-id.ts";
import type { Journal } from "../journal/journal.ts";
import type { QuarantineItem, QuarantineReader } from "../quarantine/quarantine.ts";
import type { QuarantinePort, QuarantineView } from "../review/ports.ts";

/** The kept files for the admin API; who takes one out or deletes it leaves a line in the event log. */
export function createQuarantinePort(
  reader: QuarantineReader,
  { journal, clock }: { readonly journal: Journal; readonly clock: Clock },
): QuarantinePort {
  function audit(reason: string, item: QuarantineItem): void {
    const at = clock.now();
    const { id, incident, sha256 } = item;
    journal.operation({
      eventId: createEventId(at),
      at,
      type: "quarantine",
      reason,
      details: { id, incident, sha256, by: "admin socket" },
    });
  }

  return {
    list: async (limit) => (await reader.list(limit)).map(viewOf),
    async show(id) {
      const item = await reader.show(id);
      return item && viewOf(item);
    },
    async download(id) {
      const item = await reader.show(id);
      const bytes = item && (await reader.download(id));
      if (item !== undefined && bytes !== undefined) audit("a kept file was downloaded", item);
      return bytes;
    },
    async delete(id) {
      const item = await reader.delete(id);
      if (item !== undefined) audit("a kept file was deleted", item);
      return item && viewOf(item);
    },
  };
}

function viewOf(item: QuarantineItem): QuarantineView {
  const { id, incident, name, size, sha256, threat, state, from, to, rule, scan } = item;
  return {
    id,
    incident,
    name,
    size,
    sha256,
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
