/**
 * Reading the Route set of a request (RFC 3261 §16.4, §16.12): which entries are our own and come off, and where they
 * say that the request shall go.
 *
 * Every dialog-forming request gets two Record-Route entries at each crossing of the gateway, one for each face, in
 * the order in which a request from the callee meets them: first the one that faces where the request went, then the
 * one that faces where it came from. An entry that faces a client bears the sealed token of that client's flow; one
 * that faces the server bears none. Path entries have the token alone as their user part, Record-Route entries
 * `<token>.<proof>` or `.<proof>`: the proof is good for one Call-ID, token and mark, so a client that made its Route up has none
 * (targets.ts says what it may not do then). Own entries are popped as long as the first Route value is ours, and the LAST one
 * popped decides: with a token the request leaves over that client's flow, without one towards the server.
 *
 *   A -- gateway -- K -- gateway -- B, K records itself. Route sets, A and B being the faces with a token:
 *     B sends with   B S K S A   first crossing pops B S: to K;   second crossing pops S A: to A
 *     A sends with   A S K S B   first crossing pops A S: to K;   second crossing pops S B: to B
 *   the same without K's entry: both crossings fall into one.
 *     B sends with   B S S A     pops all four, the last is A: to A
 *     A sends with   A S S B     pops all four, the last is B: to B
 *   the server itself ends the dialog: A sends with A S, pops both, the last is S: to the upstream;
 *     the server sends with S A: to A. A Path is one entry with a token, facing the server: to that client.
 *   two clients of the embedded registrar: A sends with A B, B with B A; the last one is always the other.
 *
 * Does not resolve host names and opens no flows (targets.ts).
 */
import { HeaderId } from "../wire/sip/header-names.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import { parseNameAddr, splitValues, type ByteRange } from "../wire/sip/name-addr.ts";
import type { Splice } from "../wire/sip/splice.ts";
import { parseSipUri, type SipUri } from "../wire/sip/uri.ts";

export interface RoutePlan {
  /** Own entries removed, strict routing undone or done. */
  readonly splices: readonly Splice[];
  /** How many own entries came off. */
  readonly popped: number;
  /** In the last entry popped: the sealed token of a client's flow. */
  readonly token: string | undefined;
  /** The last entry popped, which decides, is one that we wrote for this Call-ID. */
  readonly proven: boolean;
  /** The first Route value that is left. */
  readonly next: SipUri | undefined;
  /** How many Route values are left. */
  readonly remaining: number;
  /** The Request-URI as it will be forwarded. */
  readonly target: string;
  /** Marks on own entries: among those popped, and whether an `own` stands anywhere in the Route set. Unproven is `pass`. */
  readonly poppedPass: boolean;
  readonly carriesOwn: boolean;
  /** Behind entries of others stands one that names us and that we did not write for this Call-ID. */
  readonly hidesOwn: boolean;
}

/** Tells whether a host and port are one of our listeners. */
export type IsOwn = (host: string, port: number | undefined) => boolean;

interface RouteValue extends ByteRange {
  readonly header: number;
  readonly uri: SipUri | undefined;
  readonly uriText: string;
}

/** Tells whether a proof is ours, and for this text. */
export interface ProofCheck {
  isProof(text: string, proof: string): boolean;
}

/** What the proof in a Record-Route entry vouches for: a token that somebody learnt elsewhere is none of this dialog. */
export function provenText(mark: string, token: string, callId: string): string {
  return `${mark} ${token} ${callId}`;
}

const NO_ROUTE = {
  splices: [],
  popped: 0,
  token: undefined,
  proven: false,
  next: undefined,
  remaining: 0,
  poppedPass: false,
  carriesOwn: false,
  hidesOwn: false,
} as const;

/** Reads the Route set; nothing is changed yet, the edits are in the plan. */
export function planRoute(request: SipRequest, isOwn: IsOwn, proofs: ProofCheck): RoutePlan {
  const target = request.requestUri;
  if (request.find(HeaderId.Route) < 0) return { ...NO_ROUTE, target };
  const values = routeValues(request, HeaderId.Route);
  const strict = undoStrictRouting(request, values, isOwn);
  const kept = strict === undefined ? values : values.slice(0, -1);
  let popped = 0;
  let entry: OwnEntry | undefined;
  const marks = { proven: false, poppedPass: false, carriesOwn: false, hidesOwn: false };
  for (const [index, { uri }] of kept.entries()) {
    if (uri === undefined || !isOwn(uri.host, uri.port)) continue;
    const read = readEntry(uri, request.callId, proofs);
    if (read.mark === "own") marks.carriesOwn = true;
    if (index > popped) {
      if (!read.proven) marks.hidesOwn = true;
      continue;
    }
    popped += 1;
    entry = read;
    marks.proven = read.proven;
    if (read.mark === "pass") marks.poppedPass = true;
  }
  const token = entry?.token;
  const rest = kept.slice(popped);
  const first = rest[0];
  const removed = new Set<RouteValue>(values.slice(0, popped));
  const last = values.at(-1);
  if (strict !== undefined && last !== undefined) removed.add(last);
  const current = strict ?? target;
  if (first?.uri !== undefined && first.uri.params.get("lr") === undefined) {
    removed.add(first);
    const splices = [
      ...removal(request, values, removed),
      ...doStrictRouting(request, rest, first, current),
    ];
    const remaining = rest.length;
    return { ...marks, splices, popped, token, next: first.uri, remaining, target: first.uriText };
  }
  const splices: Splice[] = [...removal(request, values, removed)];
  if (strict !== undefined) {
    splices.push({ start: request.uriStart, end: request.uriEnd, bytes: strict });
  }
  const remaining = rest.length;
  return { ...marks, splices, popped, token, next: first?.uri, remaining, target: current };
}

interface OwnEntry {
  readonly token: string | undefined;
  readonly proven: boolean;
  readonly mark: "own" | "pass" | undefined;
}

/** An entry without a mark is a Path, or what an operator told a client to send first. */
function readEntry(uri: SipUri, callId: string, proofs: ProofCheck): OwnEntry {
  const [token = "", proof] = (uri.user ?? "").split(".", 2);
  const mark = uri.params.get("sluice");
  const proven =
    proof !== undefined &&
    (mark === "own" || mark === "pass") &&
    proofs.isProof(provenText(mark, token, callId), proof);
  return {
    token: token === "" ? undefined : token,
    proven,
    mark: mark === undefined ? undefined : proven && mark === "own" ? "own" : "pass",
  };
}

/**
 * Does Record-Route bear an `own` that we wrote for this Call-ID? Then the request was judged on its way in. Another
 * gateway of this kind writes the same mark, and anybody may forge one.
 */
export function wasJudged(request: SipRequest, isOwn: IsOwn, proofs: ProofCheck): boolean {
  return routeValues(request, HeaderId.RecordRoute).some(
    ({ uri }) =>
      uri !== undefined &&
      isOwn(uri.host, uri.port) &&
      readEntry(uri, request.callId, proofs).mark === "own",
  );
}

function routeValues(request: SipRequest, id: HeaderId): readonly RouteValue[] {
  const values: RouteValue[] = [];
  for (let header = request.find(id); header >= 0; header = request.find(id, header + 1)) {
    for (const range of splitValues(request, header)) {
      const address = parseNameAddr(request.bytes.toString("latin1", range.start, range.end));
      const uriText = address.ok ? address.value.uri : "";
      const uri = parseSipUri(uriText);
      values.push({ ...range, header, uriText, uri: uri.ok ? uri.value : undefined });
    }
  }
  return values;
}

/**
 * RFC 3261 §16.4: a strict router before us put our own entry into the Request-URI and the real target at the end of
 * the Route set. Returns that target.
 */
function undoStrictRouting(
  request: SipRequest,
  values: readonly RouteValue[],
  isOwn: IsOwn,
): string | undefined {
  if (!request.requestUri.includes("sluice=")) return undefined;
  const uri = parseSipUri(request.requestUri);
  if (!uri.ok || uri.value.params.get("sluice") === undefined) return undefined;
  return isOwn(uri.value.host, uri.value.port) ? values.at(-1)?.uriText : undefined;
}

/** RFC 3261 §16.6 step 6: the next hop is a strict router, so it goes to the Request-URI and the target to the end. */
function doStrictRouting(
  request: SipRequest,
  rest: readonly RouteValue[],
  first: RouteValue,
  target: string,
): readonly Splice[] {
  const last = rest.at(-1) ?? first;
  return [
    { start: request.uriStart, end: request.uriEnd, bytes: first.uriText },
    {
      start: request.lineEnd(last.header),
      end: request.lineEnd(last.header),
      bytes: `Route: <${target}>\r\n`,
    },
  ];
}

/** Removes values; a field that loses all of them goes as a whole, else each goes with the comma that follows it. */
function removal(
  request: SipRequest,
  values: readonly RouteValue[],
  removed: ReadonlySet<RouteValue>,
): readonly Splice[] {
  const splices: Splice[] = [];
  const headers = new Set<number>();
  for (const { header } of removed) headers.add(header);
  for (const header of headers) {
    const inHeader = values.filter((value) => value.header === header);
    const kept = inHeader.filter((value) => !removed.has(value));
    if (kept.length === 0) {
      splices.push({ start: request.lineStart(header), end: request.lineEnd(header), bytes: "" });
      continue;
    }
    for (const [index, value] of inHeader.entries()) {
      if (!removed.has(value)) continue;
      const following = inHeader[index + 1];
      // The last value goes with the comma before it, unless what stood before it has gone as well.
      const start = following === undefined ? (kept.at(-1)?.end ?? value.start) : value.start;
      splices.push({ start, end: following?.start ?? value.end, bytes: "" });
    }
  }
  return splices;
}
