import { canonicalSplices } from "../wire/sip/canonical.ts";
import { HeaderId } from "../wire/sip/header-names.ts";
import type { SipRequest } from "../wire/sip/message.ts";
import { applySplices, type Splice } from "../wire/sip/splice.ts";
import type { CrossingMark, FlowFace } from "./flow-face.ts";
import { contentLengthForStream } from "./message-edits.ts";
import type { RoutePlan } from "./route.ts";
import { isSips } from "./secrecy.ts";
import type { Target } from "./targets.ts";
import { removeTrustedFields } from "./trusted-fields.ts";

/** What is the same for every branch of a request. */
export interface ForwardBasis {
  readonly request: SipRequest;
  readonly ingress: FlowFace;
  readonly plan: RoutePlan;
  /** received and rport in the sender's Via (stamp-via.ts). */
  readonly viaStamp: readonly Splice[];
  /** The filter's edits. */
  readonly edits: readonly Splice[];
  /** The filter's edits for branches that leave towards the server, besides the others. */
  readonly towardsServer: readonly Splice[];
  /** What the sender asserts of itself stands (trusted-fields.ts): a server's, or a trusted client's. */
  readonly keepIdentity: boolean;
  /**
   * It comes back from the server and was judged on its way in. `own` stands at the crossing that judged: the client's,
   * or that of a request which begins on the server side.
   */
  readonly wasJudged?: boolean;
  /** Path is added (REGISTER from a client). */
  readonly addPath: boolean;
  /** The dialog that this begins goes on without us (beside a proxy: telephony). */
  readonly unrecorded?: boolean;
}

/** Requests that begin a dialog whose later requests must come through us again. */
const DIALOG_METHODS: ReadonlySet<string> = new Set(["INVITE", "SUBSCRIBE", "REFER"]);
const MAX_FORWARDS = 70;

/**
 * The request as it leaves towards one target (RFC 3261 §16.6): the bytes that came in, with the edits of the closed
 * list of DESIGN §2.5 and no others.
 */
export function forwardedRequest(basis: ForwardBasis, target: Target, branch: string): Buffer {
  const { request, towardsServer } = basis;
  const egress = target.face;
  const marked = egress.side === "server" && towardsServer.length > 0;
  const edits = marked ? [...basis.edits, ...towardsServer] : basis.edits;
  const splices: Splice[] = [];
  pushHead(basis, egress, branch, splices);
  stepMaxForwards(request, splices);
  for (const splice of basis.viaStamp) splices.push(splice);
  for (const splice of basis.plan.splices) {
    if (target.requestUri === undefined || splice.start !== request.uriStart) splices.push(splice);
  }
  if (target.requestUri !== undefined) {
    splices.push({ start: request.uriStart, end: request.uriEnd, bytes: target.requestUri });
  }
  if (target.path !== undefined && target.path.length > 0) {
    insertField(request, HeaderId.Route, `Route: ${target.path.join(", ")}\r\n`, splices);
  }
  removeTrustedFields(request, basis.keepIdentity, splices);
  if (egress.flow.reliable) splices.push(...contentLengthForStream(request, edits));
  for (const edit of edits) splices.push(edit);
  for (const splice of canonicalSplices(request, splices)) splices.push(splice);
  return applySplices(request.bytes, splices);
}

/** Our Via before the first one; Record-Route and Path before the first of their kind, else after the last Via. */
function pushHead(basis: ForwardBasis, egress: FlowFace, branch: string, splices: Splice[]): void {
  const { request, ingress, addPath } = basis;
  const via = request.lineStart(request.find(HeaderId.Via));
  splices.push({ start: via, end: via, bytes: `${egress.viaHead}${branch}\r\n` });
  const secure = isSips(request.requestUri);
  if (addPath) {
    const path = `Path: <${egress.uri(ingress.token(), secure)};lr>\r\n`;
    insertField(request, HeaderId.Path, path, splices);
  }
  if (basis.unrecorded === true || !DIALOG_METHODS.has(request.method)) return;
  const mark: CrossingMark = basis.wasJudged === true ? "pass" : "own";
  const entries =
    egress.recordRoute(mark, request.callId, secure) +
    ingress.recordRoute(mark, request.callId, secure);
  insertField(request, HeaderId.RecordRoute, entries, splices);
}

function insertField(request: SipRequest, id: HeaderId, text: string, splices: Splice[]): void {
  const first = request.find(id);
  const at = first < 0 ? afterLastVia(request) : request.lineStart(first);
  splices.push({ start: at, end: at, bytes: text });
}

function afterLastVia(request: SipRequest): number {
  let last = request.find(HeaderId.Via);
  for (let i = last; i >= 0; i = request.find(HeaderId.Via, i + 1)) last = i;
  return request.lineEnd(last);
}

/** RFC 3261 §16.6 step 3. */
function stepMaxForwards(request: SipRequest, splices: Splice[]): void {
  const i = request.find(HeaderId.MaxForwards);
  if (i < 0) {
    const at = afterLastVia(request);
    splices.push({ start: at, end: at, bytes: `Max-Forwards: ${MAX_FORWARDS}\r\n` });
    return;
  }
  const hops = Math.max(0, Number(request.valueAt(i)) - 1);
  splices.push({ start: request.valueStart(i), end: request.valueEnd(i), bytes: String(hops) });
}
