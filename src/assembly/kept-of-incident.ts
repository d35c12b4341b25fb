import type { IncidentView } from "../journal/journal.ts";
import type { QuarantineItem, QuarantineReader } from "../quarantine/quarantine.ts";
import type { DeedRefusal } from "../review/ports.ts";

/**
 * The kept file of an incident. Its decisions may each have kept a copy: those of the same bytes are one file; of several files nobody
 * but whoever asks can know which one is meant.
 */
export async function keptOf(
  view: IncidentView,
  reader: Pick<QuarantineReader, "show">,
): Promise<QuarantineItem | DeedRefusal> {
  const items: QuarantineItem[] = [];
  const named = keptIds(view);
  for (const id of named) {
    const item = await reader.show(id);
    if (item?.state === "quarantined") items.push(item);
  }
  const [latest] = items.toReversed();
  if (latest === undefined) {
    const detail = named.length === 0 ? "no file was kept of it" : "its file is gone";
    return { kind: "conflict", detail: `${view.id}: ${detail}, so there is nothing to release` };
  }
  if (items.some(({ sha256 }) => sha256 !== latest.sha256)) {
    const ids = items.map(({ id }) => id).join(", ");
    const detail = `${view.id} has several files: release one of them by its id (${ids})`;
    return { kind: "conflict", detail };
  }
  return latest;
}

/** Oldest first. */
function keptIds({ details }: IncidentView): readonly string[] {
  const { events, quarantine } = details;
  const ids = (Array.isArray(events) ? events : []).map((event: unknown) =>
    typeof event === "object" && event !== null && "quarantine" in event
      ? event.quarantine
      : undefined,
  );
  const all = [...ids, quarantine].filter((id) => typeof id === "string");
  return [...new Set(all)];
}
