import type { Clock } from "../base/clock.ts";
import type { Filter } from "../filter/create-filter.ts";
import type { Journal } from "../journal/journal.ts";
import type { QuarantineReader } from "../quarantine/quarantine.ts";
import type { ReviewPorts } from "../review/ports.ts";
import { createDecisionDesk } from "./decision-desk.ts";
import { createQuarantinePort } from "./quarantine-port.ts";
import type { RetentionSettings } from "./quarantine-retention.ts";
import type { KeptScans } from "./relay-messages.ts";

export interface KeptFileDeps {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly reader: QuarantineReader;
  readonly relay: KeptScans;
  readonly filter: Pick<Filter, "tellSender">;
}

/** What the admin API may ask about kept files, and decide about what was stopped. */
export function keptFilePorts(
  { clock, journal, reader, relay, filter }: KeptFileDeps,
  bounds: RetentionSettings,
): Pick<ReviewPorts, "quarantine" | "decisions"> {
  return {
    quarantine: createQuarantinePort(reader, { journal, clock, bounds }),
    decisions: createDecisionDesk({
      clock,
      journal,
      reader,
      scanner: relay,
      tellSender: async (text, parties) => filter.tellSender(text, parties),
    }),
  };
}
