import { createManualClock } from "../../test/support/manual-clock.ts";
import type { Clock } from "../base/clock.ts";
import type { Journal } from "../journal/journal.ts";
import type { JudgeSettings } from "../judge/judge.ts";
import { compilePolicy } from "../policy/compile.ts";
import type { Policy } from "../policy/decision.ts";
import { createDomains } from "../policy/domains.ts";
import type { RequestContext } from "../proxy/seams.ts";
import { createFilter, type Filter } from "./create-filter.ts";
import type { FilterDeps, FilterMeans, FilterSettings } from "./desk.ts";
import { recordingMeans } from "./filter-kit.test-data.ts";

/** How messages of alice come in, who has signed in by TCP. */
export const ALICE: RequestContext = {
  side: "client",
  transport: "tcp",
  encrypted: false,
  sourceAddress: "192.0.2.10",
  sourcePort: 4000,
  authenticatedAor: "sip:alice@example.com",
  trusted: false,
  dialogProven: true,
  signed: false,
  receivedAt: 1_800_000_000_000,
};
/** And those of bob. */
export const BOB: RequestContext = {
  ...ALICE,
  sourceAddress: "192.0.2.20",
  authenticatedAor: "sip:bob@example.com",
};

/** The settings that an operator has who writes none, with limits that a test can reach. */
export const JUDGE: JudgeSettings = {
  inspect: { linksPerMessage: 100, mimeDepth: 10, attachmentBytes: 100_000, textBytes: 100_000 },
  onParseProblem: "block",
  onOpaque: "block",
  onInfected: "quarantine",
  onUnscannable: "block",
  onScanError: "block",
};

/** The rules of one file, as the gateway has them. */
export function policyOf(data: object, generation = 1): Policy {
  const compiled = compilePolicy([{ file: "rules.yaml", pack: undefined, data }], {
    domains: [],
    generation,
  });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problem));
  return compiled.value;
}

export interface FilterParts {
  readonly journal: Journal;
  /** Asked anew for each message. */
  readonly policy: () => Policy;
  readonly clock?: Clock;
  readonly means?: FilterMeans;
  /** Of what travels inside a message; absent: clean. */
  readonly scan?: FilterDeps["scan"];
  /** Absent: thrown, so that the test fails. */
  readonly onFailure?: (error: unknown) => void;
  readonly judge?: Partial<JudgeSettings>;
  readonly settings?: Partial<FilterSettings>;
}

/** A filter over recording parts. */
export function filterOf({ judge, settings, ...parts }: FilterParts): Filter {
  return createFilter(
    {
      clock: createManualClock(),
      scan: () => ({ verdict: "clean", engine: "test", name: "", reason: "" }),
      domains: createDomains([]),
      onFailure: (error) => {
        throw error;
      },
      means: recordingMeans(),
      ...parts,
    },
    {
      judge: { ...JUDGE, ...judge },
      agent: "gw.test",
      markKey: Buffer.alloc(32, 1),
      maxFileBytes: 1000,
      ...settings,
    },
  );
}
