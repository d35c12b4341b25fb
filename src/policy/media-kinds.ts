import type { MediaKind } from "../inspect/inspection.ts";

/** Kinds of media that rules may name, in the order of docs/rules.md. */
export const MEDIA_KINDS: readonly [MediaKind, ...MediaKind[]] = [
  "audio",
  "video",
  "t120",
  "file",
  "chat",
  "msrp",
  "app_sharing",
  "netmeeting",
  "whiteboard",
  "remote_assistance",
  "webcam",
  "unknown",
];
