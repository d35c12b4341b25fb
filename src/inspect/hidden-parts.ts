import type { SipMessage } from "../wire/sip/message.ts";

const ENCODING = /content-transfer-encoding\s*:\s*([^\s;]*)/g;
/** The parts of a digest are messages that need not say so (RFC 2046 §5.1.5). */
const TWO_COMPOSITES = /multipart\/digest|(?:multipart|message)\/[^]*?(?:multipart|message)\//;
/** RFC 2045 §6.2: what stands under these can be read as it is. */
const READABLE: ReadonlySet<string> = new Set(["7bit", "8bit", "binary"]);

/**
 * Could parts of a message stand under a transfer encoding, so that their types cannot be read where they are? RFC 2045 §6.4
 * forbids it, we refuse it, and there are clients that undo it. Guessed from the words, for messages that could not be read:
 * it may say yes where an attachment alone is encoded, never no where parts are.
 */
export function mayHideParts({ bytes, bodyStart }: SipMessage): boolean {
  const text = bytes.toString("latin1").toLowerCase();
  for (const { 1: word = "", index } of text.matchAll(ENCODING)) {
    if (READABLE.has(word)) continue;
    // Of one composite alone, nothing but the header of the message could encode its parts.
    return index < bodyStart || TWO_COMPOSITES.test(text);
  }
  return false;
}
