import { normalizeFileName } from "../content/file-name.ts";
import { invitationApplication } from "./applications.ts";
import type { Invitation } from "../wire/msnftp/invitation.ts";
import type { Carrier, FileOffer, TransferChannel } from "./inspection.ts";
import { readSimpleXml, type XmlElement } from "./simple-xml.ts";

/**
 * The offer in a text/x-msmsgsinvite: every INVITE that is about no other application, and whatever names a file, since the
 * known client takes any INVITE for a file transfer whatever its GUID. An application with T.120 is an offer too, of a file that
 * has no name yet. Other ACCEPT and CANCEL messages offer nothing: they belong to a transfer that was offered before
 * (filter/transfer-desk.ts).
 */
export function invitationOffer(invitation: Invitation, carrier: Carrier): FileOffer | undefined {
  const { command, fileName, fileSize, cookie } = invitation;
  const application = invitationApplication(invitation);
  const t120 = application?.kinds.includes("t120") === true;
  const isTransfer = application === undefined && command === "INVITE";
  if (fileName === undefined && !t120 && !isTransfer) return undefined;
  return {
    channel: t120 ? "t120" : "msnftp",
    carrier,
    name: normalizeFileName(fileName ?? ""),
    size: fileSize,
    declaredType: undefined,
    declaredHashes: [],
    cookie,
  };
}

/** The files of an application/vnd.gsma.rcs-ft-http+xml (GSMA RCC.07); one without name when none can be read. */
export function rcsOffers(text: string): readonly FileOffer[] {
  const elements = readSimpleXml(text) ?? [];
  return offersOf("rcs-http", elements, {
    group: "file-info",
    name: "file-name",
    size: "file-size",
    type: "content-type",
  });
}

/**
 * The files of an application/ms-filetransfer+xml, offered or fetched; none for what else is said of a transfer under way. Undefined
 * when it cannot be read strictly.
 */
export function lyncOffers(text: string): readonly FileOffer[] | undefined {
  const elements = readSimpleXml(text);
  if (elements === undefined) return undefined;
  const names = new Set(elements.map((element) => element.name.toLowerCase()));
  // Who fetches a file names it as well; by its number alone it is one without a name.
  const offering = ["publishfile", "downloadfile", "fileinfo"].some((name) => names.has(name));
  const underWay = ["response", "notify", "canceltransfer"].some((name) => names.has(name));
  if (!offering && underWay) return [];
  return offersOf("lync-ft", elements, {
    group: "fileinfo",
    name: "name",
    size: "size",
    type: "type",
  });
}

interface ElementNames {
  readonly group: string;
  readonly name: string;
  readonly size: string;
  readonly type: string;
}

function offersOf(
  channel: TransferChannel,
  elements: readonly XmlElement[],
  names: ElementNames,
): readonly FileOffer[] {
  const files: { names: string[]; size?: number; type?: string }[] = [];
  for (const element of elements) {
    const local = element.name.toLowerCase();
    if (local === names.group) files.push({ names: [] });
    const file = files.at(-1);
    if (file === undefined) continue;
    // Two names in one place: a reader takes the first or the last, and each is judged.
    if (local === names.name) file.names.push(element.text);
    if (local === names.size && /^[0-9]{1,15}$/.test(element.text))
      file.size = Number(element.text);
    if (local === names.type) file.type = element.text.toLowerCase();
  }
  // a thumbnail has no name; but something is offered in any case
  const named = files.filter((file) => file.names.length > 0);
  const offered = named.length > 0 ? named : [{ ...files[0], names: [""] }];
  return offered.flatMap((file) =>
    [...new Set(file.names)].map((name) => ({
      channel,
      carrier: "body" as const,
      name: normalizeFileName(name),
      size: file.size,
      declaredType: file.type,
      declaredHashes: [],
      cookie: undefined,
    })),
  );
}
