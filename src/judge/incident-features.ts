import { emptyDraft } from "../inspect/inspection-draft.ts";
import type { Inspection, Link } from "../inspect/inspection.ts";
import { maskNumbers } from "../policy/detectors.ts";
import type { FileFacts, Party, ScanFacts } from "../policy/facts.ts";
import {
  attachmentFacts,
  offerFacts,
  type HearingContext,
  type Verdict,
} from "../policy/hearing.ts";

/**
 * What rules were asked about, as the incident keeps it: enough to ask other rules about the same message later
 * (judge-again.ts, `sluice replay`), and no more than a record may hold. Texts, display names, query strings and user info are not kept, and
 * numbers of cards and accounts in the path of a link are masked;
 * of many or long links the first ones, with their number. Plain JSON of some 16 KiB at most.
 */
export interface IncidentFeatures {
  readonly v: 1;
  /** What became of it, before anything that only the gateway knows (no copy could be kept, a text could not be written). */
  readonly action: string;
  /** Why no rule was asked: the code of a problem, or the setting that decided; "" when rules were asked. */
  readonly unasked: string;
  readonly from: KeptParty;
  readonly to: KeptParty;
  readonly direction: string;
  readonly channel: string;
  readonly transport: string;
  readonly encrypted: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** How many texts there were. */
  readonly texts: number;
  readonly links: readonly KeptLink[];
  readonly disarmed: readonly KeptLink[];
  /** Links in headers and session descriptions. */
  readonly outside: readonly KeptLink[];
  /** Links that are not kept. */
  readonly linksLeftOut: number;
  /** Kinds of each m= line, and of the application of an invitation. */
  readonly media: readonly (readonly string[])[];
  /** What the session took as messages; absent: nothing, or an earlier version has kept this. */
  readonly accepts?: readonly string[];
  readonly files: readonly KeptFile[];
  /** Results of the scans, in the order of the files that were scanned. */
  readonly scans: readonly object[];
  readonly opaque: boolean;
  readonly signed: boolean;
}

/** Without the display name. */
export type KeptParty = Omit<Party, "displayName">;

/** Without what ties it to a text that is not kept, and with a path and a canonical form that hold no query. */
export type KeptLink = Omit<Link, "part" | "start" | "end" | "raw">;

export interface KeptFile {
  /** offer: no byte had moved; attachment: in the message itself; transfer: it had come through the relay. */
  readonly kind: "offer" | "attachment" | "transfer";
  readonly channel: string;
  readonly file: FileFacts;
}

const LINK_BYTES = 12 * 1024;
const MAX_FILES = 16;

/** @param transfer The file, when the verdict is about one that came through the relay. */
export function featuresOf(
  verdict: Verdict,
  context: HearingContext,
  transfer?: FileFacts,
): IncidentFeatures {
  const { setting, decision, scans } = verdict;
  const inspection = verdict.inspection ?? emptyDraft();
  const room = { bytes: LINK_BYTES };
  const found = [inspection.links, inspection.disarmed, inspection.outside].map(withoutUserinfo);
  const [links = [], disarmed = [], outside = []] = found.map((some) => keptLinks(some, room));
  const kept = links.length + disarmed.length + outside.length;
  return {
    v: 1,
    action: (setting === undefined ? decision?.action : undefined) ?? verdict.action,
    unasked: unaskedBecause(verdict),
    from: keptParty(context.from),
    to: keptParty(context.to),
    direction: context.direction,
    channel: context.channel,
    transport: context.transport,
    encrypted: context.encrypted,
    now: context.now,
    texts: inspection.texts.length,
    links,
    disarmed,
    outside,
    linksLeftOut: found.flat().length - kept,
    media: mediaOf(inspection),
    ...keptAccepts(inspection),
    files: filesOf(inspection, context, transfer).slice(0, MAX_FILES),
    scans: scans.slice(0, MAX_FILES).map(keptScan),
    opaque: inspection.opaque.length > 0,
    signed: inspection.signed,
  };
}

function mediaOf({ media, application }: Inspection): IncidentFeatures["media"] {
  const lines = media
    .filter((line) => line.port !== 0)
    .map((line) => (line.kinds.length === 0 ? ["unknown"] : line.kinds));
  return application === undefined ? lines : [...lines, application.kinds];
}

const MAX_ACCEPTED = 32;

function keptAccepts({ media }: Inspection): Pick<IncidentFeatures, "accepts"> {
  const types = media.flatMap(({ acceptTypes = [] }) => acceptTypes.flatMap((list) => list.types));
  if (types.length === 0) return {};
  const accepts = [...new Set(types)].slice(0, MAX_ACCEPTED).map((type) => type.slice(0, 100));
  return { accepts };
}

function unaskedBecause({ decisions, inspection, problem, setting }: Verdict): string {
  if (decisions.length > 0 || inspection?.opaque.length) return "";
  return problem?.code ?? setting ?? "no rule was asked";
}

function filesOf(
  inspection: Inspection,
  { channel }: HearingContext,
  transfer: FileFacts | undefined,
): readonly KeptFile[] {
  if (transfer !== undefined) return [{ kind: "transfer", channel: "msnftp", file: transfer }];
  const offers = inspection.offers.map((offer): KeptFile => ({
    kind: "offer",
    channel: offer.channel,
    file: offerFacts(offer),
  }));
  const attachments = inspection.attachments.map((part): KeptFile => ({
    kind: "attachment",
    channel,
    file: attachmentFacts(part),
  }));
  return [...offers, ...attachments];
}

const MAX_MEMBERS = 100;
const MAX_EXTENSIONS = 4;

/** Of the names in an archive the extensions of the first ones, each of a length that extensions have. */
function keptScan(scan: ScanFacts): ScanFacts {
  const archive = scan.content?.archive;
  if (scan.content === undefined || archive === undefined) return scan;
  const memberExtensions = archive.memberExtensions
    .slice(0, MAX_MEMBERS)
    .map((extensions) => extensions.slice(0, MAX_EXTENSIONS).map((one) => one.slice(0, 16)));
  const memberTypes = archive.memberTypes?.slice(0, MAX_MEMBERS);
  const kept = { ...archive, memberExtensions, memberTypes };
  return { ...scan, content: { ...scan.content, archive: kept } };
}

function keptParty(party: Party): KeptParty {
  const { displayName: _, ...kept } = party;
  return kept;
}

/**
 * Without those links that are nothing but the user info of another one: of http://word:secret@host/ some readers may take the word for
 * the host, so it is judged as one, but it is no name that anybody could look up, and may be a secret.
 */
export function withoutUserinfo(links: readonly Link[]): readonly Link[] {
  return links.filter(
    (link) =>
      link.isIp ||
      link.registrableDomain !== undefined ||
      !links.some((other) => other.hasUserinfo && other.part === link.part && overlap(other, link)),
  );
}

function overlap(one: Link, other: Link): boolean {
  return one !== other && one.start < other.end && other.start < one.end;
}

/** As many as there is room for. */
function keptLinks(links: readonly Link[], room: { bytes: number }): readonly KeptLink[] {
  const kept: KeptLink[] = [];
  for (const link of links) {
    const one = keptLink(link);
    room.bytes -= JSON.stringify(one).length;
    if (room.bytes < 0) break;
    kept.push(one);
  }
  return kept;
}

const MAX_PATH = 256;

function keptLink(found: Link): KeptLink {
  const { part: _, start: __, end: ___, raw: ____, ...link } = found;
  // What has no host is an address of somebody, or a whole content (data:, javascript:).
  if (link.host === undefined) return { ...link, path: "", canonical: `${link.scheme}:` };
  return { ...link, path: withoutQuery(link.path), canonical: keptCanonical(link.canonical) };
}

/** Without user info, query and fragment. */
function keptCanonical(canonical: string): string {
  const start = /^(?:[a-z][a-z0-9+.-]*:)?[/\\]*/i.exec(canonical)?.[0] ?? "";
  const rest = canonical.slice(start.length);
  const authority = /^[^/\\?#]*/.exec(rest)?.[0] ?? "";
  return withoutQuery(start + rest.slice(authority.lastIndexOf("@") + 1));
}

function withoutQuery(path: string): string {
  const end = path.search(/[?#]/);
  return maskNumbers(end === -1 ? path : path.slice(0, end)).slice(0, MAX_PATH);
}
