import type { Invitation } from "../wire/msnftp/invitation.ts";
import { speaksOfFile } from "../wire/msnftp/speaks-of-file.ts";
import type { Application, MediaKind } from "./inspection.ts";

/** GUID of file transfer, in lower case. */
export const FILE_TRANSFER_GUID = "{5d3e02ab-6190-11d3-bbbb-00c04f795683}";

/**
 * What an Application-GUID of text/x-msmsgsinvite stands for (lcs.md B9). NetMeeting, application sharing and the whiteboard bring
 * T.120 with them, and so a file transfer of their own.
 */
const KINDS: ReadonlyMap<string, readonly MediaKind[]> = new Map([
  ["{44bba842-cc51-11cf-aafa-00aa00b6015c}", ["netmeeting", "t120"]],
  ["{f1b1920c-6a3c-4ce7-b18c-afab305fd03d}", ["app_sharing", "t120"]],
  ["{1df57d09-637a-4ca5-91b9-2c3edaaf62fe}", ["whiteboard", "t120"]],
  ["{56b994a7-380f-410b-9985-c809d78c1bdc}", ["remote_assistance"]],
  ["{02d3c01f-bf30-4825-a83a-de7af41648aa}", ["audio", "video"]],
  ["{2a23868e-b45f-401d-b8b0-1e16b774a5b7}", ["webcam", "video"]],
]);

/**
 * The application that an invitation is about, when it is no file transfer: by its GUID, and of kind "unknown" when nobody knows it.
 * What speaks of a file is a transfer whatever its GUID, and a CANCEL starts nothing.
 */
export function invitationApplication(invitation: Invitation): Application | undefined {
  const { command, guid, cookie } = invitation;
  if (command === "CANCEL" || speaksOfFile(invitation)) return undefined;
  if (guid === undefined || guid === FILE_TRANSFER_GUID) return undefined;
  return { kinds: KINDS.get(guid) ?? ["unknown"], cookie };
}
