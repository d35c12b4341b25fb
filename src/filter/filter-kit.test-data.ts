import type { Notice, Notifier } from "../notify/notifier.ts";
import type { LegRequest, OriginationEnd, Originator } from "../proxy/origination.ts";
import type {
  FileDecision,
  KeepStory,
  LegPlan,
  OpenResult,
  Place,
  Relay,
  TransferPlan,
} from "../relay/relay.ts";
import type { FilterMeans } from "./desk.ts";
import type { Seat } from "./transfer-ways.ts";

/** A relay that writes down what it is asked, and answers as it is told. */
export interface RecordingRelay extends Relay {
  readonly opened: TransferPlan[];
  readonly decided: (readonly [string, FileDecision])[];
  readonly aborted: (readonly [string, string])[];
  readonly kept: KeepStory[];
  /** Undefined: it opens what it is asked for. */
  answer: OpenResult | undefined;
  /** How many transfers it says are open, each with a port of its own, and how many of them are shared. */
  busy: number;
  doors: number;
}

/** The means of a filter, all of them recording. */
export interface RecordingMeans extends FilterMeans {
  readonly relay: RecordingRelay;
  readonly inLeg: LegRequest[];
  readonly notices: Notice[];
  /** By address of record. */
  readonly seats: Map<string, readonly Seat[]>;
  /** What becomes of what is said in a leg. */
  saidInLeg: OriginationEnd;
}

export function recordingMeans(): RecordingMeans {
  const inLeg: LegRequest[] = [];
  const notices: Notice[] = [];
  const originator: Originator = {
    sendMessage: async () => ({ kind: "answered", status: 200 }),
    async sendInLeg(request) {
      inLeg.push(request);
      return means.saidInLeg;
    },
    watch: () => undefined,
    unwatch: () => undefined,
  };
  const notifier: Notifier = {
    async send(notice) {
      notices.push(notice);
      return "delivered";
    },
  };
  let ids = 0;
  const newId = (): string => `T${String((ids += 1))}`;
  const mediaHost = (): string => "198.51.100.5";
  const seats = new Map<string, readonly Seat[]>();
  const means: RecordingMeans = {
    relay: recordingRelay(),
    originator,
    notifier,
    mediaHost,
    newId,
    seatsOf: (aor) => seats.get(aor) ?? [],
    inLeg,
    notices,
    seats,
    saidInLeg: { kind: "answered", status: 200 },
  };
  return means;
}

function recordingRelay(): RecordingRelay {
  const relay: RecordingRelay = {
    opened: [],
    decided: [],
    aborted: [],
    kept: [],
    answer: undefined,
    busy: 0,
    doors: 0,
    async open(plan) {
      relay.opened.push(plan);
      const place = (leg: LegPlan, port: number, authCookie: string): Place | undefined =>
        leg.kind === "await" ? { port, authCookie } : undefined;
      const sender = place(plan.sender, 6893, "777000111");
      const receiver = place(plan.receiver, sender === undefined ? 6893 : 6894, "777000111");
      return relay.answer ?? { kind: "opened", sender, receiver };
    },
    decide: (id, decision) => void relay.decided.push([id, decision]),
    abort: (id, reason) => void relay.aborted.push([id, reason]),
    async keep(_, story) {
      relay.kept.push(story);
      return { kind: "kept", id: "Q1" };
    },
    scanBytes: async () => ({
      verdict: { kind: "clean", engine: "test", ms: 0 },
      results: [],
      trueType: undefined,
    }),
    async keepBytes(_, story) {
      relay.kept.push(story);
      return { kind: "kept", id: "Q1" };
    },
    engines: async () => [],
    scanCounts: async () => ({ hits: 0, misses: 0, shared: 0, entries: 0, emptied: 0 }),
    transfers: async () => [],
    get load() {
      const freePorts = Math.max(0, 10 - relay.busy);
      return { open: relay.busy, capacity: 20, ports: 10, freePorts, doors: relay.doors };
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
  return relay;
}
