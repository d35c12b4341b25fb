import type { SipRequest, SipResponse } from "../wire/sip/message.ts";
import type { Splice } from "../wire/sip/splice.ts";
import type { TransportName } from "../transport/flow.ts";

/** Whether a request has been given up, to be looked at between the steps of what takes long; an AbortSignal is one. */
export type Abandoned = Pick<AbortSignal, "aborted" | "throwIfAborted">;

/**
 * The seams of the proxy: what it asks of whoever plugs in (the filter). The proxy knows no policy; it knows that a
 * request may be forwarded with edits or answered here, and that the answer to the question may take a while.
 */
export interface Seams {
  /**
   * Asked once per server transaction for every request but ACK and CANCEL, before any routing or forking.
   * A result that comes after `abandoned` says so is dropped. Throwing, rejecting and not answering are all
   * answered by the guard (request-guard.ts) with `onFailure`.
   */
  onRequest(
    request: SipRequest,
    context: RequestContext,
    abandoned: Abandoned,
  ): RequestOutcome | Promise<RequestOutcome>;
  /**
   * When `onRequest` has failed and `onFailure` says "allow": may this request pass as it is? Never throws. False for what
   * would let clients meet without us, which no setting for odd messages is meant for.
   */
  mayPassUnjudged(request: SipRequest): boolean;
  /** An ACK cannot be refused, only edited. */
  onAck(ack: SipRequest, context: RequestContext): readonly Splice[];
  /** Edits of a response on its way back; `request` is the request that it answers, as it was forwarded. */
  onResponse(
    response: SipResponse,
    request: SipRequest,
    context: RequestContext,
  ): readonly Splice[];
  /**
   * Edits of a request of our own that leaves towards the server (the mark, by which its second crossing is known).
   * Asked again whenever it leaves with another CSeq or by another way; not asked for what goes straight to a client.
   */
  onOriginate?(request: SipRequest): readonly Splice[];
}

/** From which side of the gateway something came (DESIGN §4 "Sides and routing"). */
export type Side = "client" | "server";

/**
 * Who answers for a sender whom the gateway has not seen register: the proxy beside it, by the identities that it asserts
 * (RFC 3325); or a server at the other end of a trunk, for the domains that are routed to it.
 */
export type Voucher =
  | { readonly kind: "asserted"; readonly aors: readonly string[] }
  | { readonly kind: "peer"; readonly domains: readonly string[] };

/** What the proxy knows about a request beyond its bytes. */
export interface RequestContext {
  readonly side: Side;
  readonly transport: TransportName;
  readonly encrypted: boolean;
  readonly sourceAddress: string;
  readonly sourcePort: number;
  /** The address of record ("sip:alice@example.com") whose REGISTER got a 2xx through us on this very flow. */
  readonly authenticatedAor: string | undefined;
  /** The source address is in the configuration's `trusted`. */
  readonly trusted: boolean;
  /** Our Record-Route entry of this very call came off the Route set: a dialog that was opened through us (route.ts). */
  readonly dialogProven: boolean;
  /** Undefined in front of a server: there the registrations speak. */
  readonly voucher?: Voucher | undefined;
  /** Of a request to a contact alias (contact-alias.ts): the client's own Contact. */
  readonly aliasedUri?: string | undefined;
  /**
   * Of a request from the server that leaves over a client's flow: the addresses of record that this flow has proven, the
   * last confirmed one last; empty where none is known (any more). The Request-URI is then a Contact, and says nothing.
   */
  readonly receivers?: readonly string[] | undefined;
  /** The request bears credentials of a scheme that signs: its sender drops every answer that its server has not signed. */
  readonly signed: boolean;
  /** Wall clock at arrival, milliseconds since 1970. */
  readonly receivedAt: number;
}

export type RequestOutcome = ForwardOutcome | ReplyOutcome;

/** Forward the request with these edits besides the proxy's own (body, Content-*, ms-text-format, our mark). */
export interface ForwardOutcome {
  readonly kind: "forward";
  readonly splices: readonly Splice[];
  /** Further edits, only for branches that leave towards the server. */
  readonly towardsServer?: readonly Splice[];
  /** A dialog that begins with this carries messages or files, or may: beside a proxy no other is followed. */
  readonly messaging?: boolean;
  /** It may leave towards the server alone: the answer where it would leave towards a client instead. */
  readonly elsewhere?: Omit<ReplyOutcome, "kind" | "onEnd">;
  /** Told once how the transaction ended. */
  readonly onEnd?: (end: TransactionEnd) => void;
}

/** Answer the request here. The proxy adds Via, From, To (with a tag), Call-ID, CSeq and Content-Length. */
export interface ReplyOutcome {
  readonly kind: "reply";
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly HeaderField[];
  readonly body?: { readonly contentType: string; readonly bytes: Buffer };
  readonly onEnd?: (end: TransactionEnd) => void;
}

export interface HeaderField {
  readonly name: string;
  readonly value: string;
}

/** How a server transaction ended: the final status that the sender saw, and why when it was not the peer's own. */
export interface TransactionEnd {
  readonly status: number | undefined;
  readonly cause: "answered" | "replied" | "timeout" | "cancelled" | "unreachable" | "shutdown";
}
