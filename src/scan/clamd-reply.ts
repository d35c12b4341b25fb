import type { ServerAnswer, UnscannableReason } from "./scan-result.ts";

/** No reply to INSTREAM is longer; what is longer is not one. */
export const MAX_REPLY_BYTES = 4096;

/** A signature's name: printable ASCII, blanks only inside. */
const FOUND = /^stream: ([\x21-\x7e](?:[\x20-\x7e]{0,254}[\x21-\x7e])?) FOUND$/;

/** `ExtendedDetectionInfo` (clamd.conf) adds the hash and the size of what was found. */
const DETECTION_INFO = /\([0-9a-f]{32,64}:[0-9]+\)$/;

const LIMITS = "Heuristics.Limits.Exceeded";

const BAD_REPLY: ServerAnswer = { kind: "error", reason: "bad-reply" };

/**
 * Reads everything that clamd sent until it closed the connection. Total: any bytes give an answer, and only one whole line
 * `stream: OK` with its end gives "clean". The end is NUL, and LF where clamd forgets that a z-command was sent.
 *
 * @example parseClamdReply(Buffer.from("stream: OK\0")) // { kind: "clean" }
 */
export function parseClamdReply(reply: Buffer): ServerAnswer {
  if (reply.length === 0) return { kind: "error", reason: "down" };
  if (reply.length > MAX_REPLY_BYTES) return BAD_REPLY;
  const end = reply.at(-1);
  if (end !== 0 && end !== 0x0a) return BAD_REPLY;
  const line = reply.toString("latin1", 0, reply.length - 1);
  if (line === "stream: OK") return { kind: "clean" };
  if (line === "INSTREAM size limit exceeded. ERROR") {
    return { kind: "unscannable", reason: "too-large" };
  }
  const name = FOUND.exec(line)?.[1];
  return name === undefined ? BAD_REPLY : answerForName(name.replace(DETECTION_INFO, ""));
}

/** What a signature's name means. With AlertEncrypted and AlertExceedsMax, clamd reports as found what it could not look into. */
export function answerForName(name: string): ServerAnswer {
  if (name.startsWith("Heuristics.Encrypted")) return { kind: "unscannable", reason: "encrypted" };
  if (name.startsWith(LIMITS)) {
    return { kind: "unscannable", reason: limitReason(name.slice(LIMITS.length + 1)) };
  }
  const isGuess = name.startsWith("Heuristics.") || name.startsWith("PUA.");
  return { kind: isGuess ? "suspicious" : "infected", threat: name };
}

function limitReason(limit: string): UnscannableReason {
  if (/^Max(?:Scan)?Recursion/.test(limit)) return "too-deep";
  // few bytes that become many, or many files, or take for ever
  return /^Max(?:ScanSize|Files|ScanTime)/.test(limit) ? "bomb" : "too-large";
}
