import type { FileName } from "../content/file-name.ts";
import type { Invitation } from "../wire/msnftp/invitation.ts";
import type { AcceptTypes } from "../wire/sdp/accept-types.ts";

export type { FileName };

/**
 * What a message holds, as values that rules can be asked about. Made once by `inspectRequest`; everything after it works
 * on these values and never parses the message again (DESIGN invariant 2).
 */
export interface Inspection {
  readonly texts: readonly TextPart[];
  readonly links: readonly Link[];
  /**
   * Links that bear our marker: a second judgement has nothing to rewrite in them, but a link to a program that its
   * sender disarmed himself is refused like any other, since some clients open it all the same.
   */
  readonly disarmed: readonly Link[];
  /**
   * Links that stand outside of the texts: in display names, in fields whose target a client fetches by itself, in a session
   * description. A rule may refuse them; nothing is edited there (decision 044).
   */
  readonly outside: readonly Link[];
  readonly offers: readonly FileOffer[];
  /** The invitation message (text/x-msmsgsinvite) that the request is; at most one. */
  readonly invitation: InvitationPart | undefined;
  /** What the invitation is about, when it is no file transfer. */
  readonly application: Application | undefined;
  readonly attachments: readonly Attachment[];
  readonly media: readonly MediaLine[];
  /** Encrypted content that cannot be looked into (S/MIME, PGP, OTR): the failure key `opaque` decides. */
  readonly opaque: readonly OpaquePart[];
  /** Content is covered by an end-to-end signature: a verdict that would edit it falls to `on_failure.opaque`. */
  readonly signed: boolean;
  /**
   * The message's bytes with the body decoded, where it came with a Content-Encoding: offsets of what stands in the body are
   * offsets in these. Undefined: in the message itself.
   */
  readonly decoded: Buffer | undefined;
  /** Lengths within message/cpim that are wrong: what is passed on is made right. */
  readonly wrongLengths: readonly LengthChange[];
}

/** The places where texts stand: the body, base64 after `ms-body=` in the header ms-text-format, or another header field. */
export type Carrier = "body" | "ms-text-format" | "header";

/**
 * Where a link stands: text of the message; Subject, also that of message/cpim; the target of a REFER; a display name; a
 * header field whose target a client fetches by itself (Call-Info …); a session description, or a document of XML or JSON.
 */
export type LinkCarrier = "text" | "subject" | "target" | "name" | "header" | "session";

/** Bytes from `start` (inclusive) to `end` (exclusive) of the whole message. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** A Content-Length inside the body (of what stands in a message/cpim, or of a part) that is to say more or less. */
export interface LengthChange extends ByteRange {
  readonly by: number;
  /** Those that count this one too, from the outermost. */
  readonly around: readonly ByteRange[];
}

/** Where a decoded text stands in a message, so that it can be written back there. */
export interface TextPlace {
  readonly carrier: Carrier;
  /** Byte range of the transfer-encoded content in the whole message (`Inspection.decoded`), body or header value alike. */
  readonly start: number;
  readonly end: number;
  readonly transferEncoding: "identity" | "base64" | "quoted-printable";
  /**
   * Byte ranges of the digits of Content-Length fields inside the body (message/cpim, parts) that count this text: an edit that
   * makes it longer or shorter must change them by as much. Absent: none.
   */
  readonly lengthFields?: readonly ByteRange[];
}

/** A part of a message that its reader will be shown as text. */
export interface TextPart extends TextPlace {
  /** Lower case, without parameters: text/plain, text/html … */
  readonly type: string;
  /** Canonical label that `content/charset.ts` can encode and decode. */
  readonly charset: string;
  /** The source text, decoded from transfer encoding and charset; for HTML with its tags. */
  readonly text: string;
  /** The text is HTML. */
  readonly markup: boolean;
  /** The text as its reader is shown it: equals `text` unless the part is markup. */
  readonly shown: string;
}

/** A link in a text part. */
export interface Link {
  /** Index into `Inspection.texts`; -1 outside of them. */
  readonly part: number;
  /** Absent: "text". */
  readonly carrier?: LinkCarrier;
  /** Offsets (UTF-16 units) in the part's source text; a rewrite inserts its prefix at `start`. */
  readonly start: number;
  readonly end: number;
  /** As it stands in the source. */
  readonly raw: string;
  /** Lower case, without colon; a link without a scheme counts as "http" ("www.", bare host) or "ftp" ("ftp."); "unc" for \\host\share. */
  readonly scheme: string;
  /** The canonical text that prefix lists are compared with: lower case, as a client would resolve it, e.g. "http://…" or "www.…". */
  readonly canonical: string;
  /** It stood in an attribute (href, src …) rather than in shown text. */
  readonly attribute: boolean;
  /** ASCII form, lower case, without trailing dot; undefined where there is none (mailto:, tel:). */
  readonly host: string | undefined;
  readonly registrableDomain: string | undefined;
  readonly port: number | undefined;
  readonly path: string;
  /** Extensions of the last path segment, lower case, without dot; mostly one; never taken from the host. */
  readonly pathExtensions: readonly string[];
  readonly isIp: boolean;
  readonly hasUserinfo: boolean;
  readonly punycode: boolean;
  readonly mixedScript: boolean;
}

/** How the transfer would travel; the values are those of the event log's `channel`. */
export type TransferChannel = "msnftp" | "msrp" | "rcs-http" | "t120" | "lync-ft";

/** A file that one peer offers another outside the message itself. */
export interface FileOffer {
  readonly channel: TransferChannel;
  readonly carrier: Carrier;
  readonly name: FileName;
  /** Bytes, as declared; undefined when the offer does not say. */
  readonly size: number | undefined;
  readonly declaredType: string | undefined;
  /** "sha-1:7224…": algorithm and hex digits in small letters; of a file selector (RFC 5547). */
  readonly declaredHashes: readonly string[];
  /** Invitation-Cookie of an x-msmsgsinvite, needed in the refusal. */
  readonly cookie: string | undefined;
}

/** One message of the file transfer dialect, in the body or in ms-text-format (lcs.md B2). */
export interface InvitationPart extends TextPlace {
  readonly invitation: Invitation;
  /** As decoded; UTF-8 where it stands. */
  readonly text: string;
}

/** An application that an invitation starts between two clients. */
export interface Application {
  /** What rules may call it; "unknown": by no name. */
  readonly kinds: readonly MediaKind[];
  readonly cookie: string | undefined;
}

/** A part of the message that is not text, or that bears a file name: a file that travels inside the message. */
export interface Attachment {
  readonly name: FileName;
  readonly declaredType: string;
  readonly bytes: Buffer;
}

export type MediaKind =
  | "audio"
  | "video"
  | "t120"
  | "file"
  | "chat"
  | "msrp"
  | "app_sharing"
  | "netmeeting"
  | "whiteboard"
  | "remote_assistance"
  | "webcam"
  | "unknown";

/** One m= line of an SDP body. */
export interface MediaLine {
  /** A line may be several: MSRP with a file selector is "msrp" and "file". Empty: not known to us. */
  readonly kinds: readonly MediaKind[];
  /** The line as sent, for the record. */
  readonly line: string;
  /** Byte range of the port token in the whole message, so that a refusal may write 0. */
  readonly portStart: number;
  readonly portEnd: number;
  readonly port: number;
  /** What the peer says that it takes as messages over this line; absent: it does not say. */
  readonly acceptTypes?: readonly AcceptTypes[];
  /** As in a `TextPlace`: lengths inside the body that count this line. */
  readonly lengthFields?: readonly ByteRange[];
}

export interface OpaquePart {
  readonly type: string;
}

/** Why a message could not be understood without doubt; `on_failure.parse_problem` decides what becomes of it. */
export interface InspectProblem {
  /** Stable, listed in docs/errors.md: "unknown-charset", "broken-multipart", … */
  readonly code: string;
  /** A sentence for the record; it may quote the message and never goes to the peer. */
  readonly detail: string;
}
