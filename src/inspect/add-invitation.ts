import { readInvitation, type Invitation } from "../wire/msnftp/invitation.ts";
import { invitationApplication } from "./applications.ts";
import { invitationOffer } from "./file-offers.ts";
import { findLinks } from "./find-links.ts";
import type { InspectProblem, TextPlace } from "./inspection.ts";
import { addText, type InspectionDraft, type TextLimits } from "./inspection-draft.ts";

/**
 * Adds the invitation that a message is (text/x-msmsgsinvite): its offer or application, and what a client shows of it. A message is one
 * step of one transfer: of two, some client would take the first and another the last.
 */
export function addInvitation(
  draft: InspectionDraft,
  place: TextPlace,
  bytes: Buffer,
  limits: TextLimits,
): InspectProblem | undefined {
  const read = readInvitation(bytes);
  if (!read.ok) return read.problem;
  if (draft.invitation !== undefined) {
    return { code: "broken-invitation", detail: "two invitations in one message" };
  }
  const offer = invitationOffer(read.value, place.carrier);
  if (offer !== undefined) draft.offers.push(offer);
  const problem = addInvitationText(draft, place, read.value, limits);
  if (problem !== undefined) return problem;
  draft.application = invitationApplication(read.value);
  draft.invitation = { ...place, invitation: read.value, text: bytes.toString("utf8") };
  return undefined;
}

/** Beside the file, which is judged as one. */
const NOT_SHOWN: ReadonlySet<string> = new Set([
  "application-file",
  "application-filesize",
  "application-guid",
]);

/**
 * What an invitation calls its application, and where it says that one gets it (Application-Name, Application-URL): a text where it
 * holds a link, since it is shown with it. Nothing is edited there.
 */
function addInvitationText(
  draft: InspectionDraft,
  place: TextPlace,
  { fields }: Invitation,
  limits: TextLimits,
): InspectProblem | undefined {
  const shown = [...fields.entries()]
    .filter(([name]) => name.startsWith("application-") && !NOT_SHOWN.has(name))
    .map(([, value]) => value)
    .join("\n");
  const { links, disarmed, complete } = findLinks(shown, limits.linksPerMessage);
  if (complete && links.length + disarmed.length === 0) return undefined;
  const content = Buffer.from(shown, "utf8");
  const text = { place, type: "text/x-msmsgsinvite", content, label: "utf-8" };
  return addText(draft, text, limits);
}
