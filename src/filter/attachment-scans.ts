import { hash } from "node:crypto";
import type { Attachment } from "../inspect/inspection.ts";
import type { ScanFacts } from "../policy/facts.ts";
import type { Abandoned } from "../proxy/seams.ts";
import type { Desk } from "./desk.ts";

/** Whose message it is, and until when somebody waits for what becomes of it. */
export interface AttachmentScansOf {
  /** Address of record. */
  readonly sender: string;
  readonly abandoned: Abandoned;
}

/**
 * The scans of the files inside one message. However often it is judged, each content is scanned once, and all of them have the time
 * that the first had: what is left of it when a scanner hangs decides who answers the sender.
 */
export class AttachmentScans {
  readonly #desk: Desk;
  readonly #of: AttachmentScansOf;
  #endsAtMs: number | undefined;
  /** By SHA-256; absent: nothing has been scanned, as with nearly every message. */
  #known: Map<string, ScanFacts> | undefined;

  constructor(desk: Desk, of: AttachmentScansOf) {
    this.#desk = desk;
    this.#of = of;
  }

  get abandoned(): Abandoned {
    return this.#of.abandoned;
  }

  /** One for each, in order. Rejects when the request was given up meanwhile: nobody waits for the rest. */
  async of(attachments: readonly Attachment[]): Promise<readonly ScanFacts[]> {
    const scans: ScanFacts[] = [];
    for (const attachment of attachments) {
      this.#of.abandoned.throwIfAborted();
      scans.push(await this.#once(attachment));
    }
    this.#of.abandoned.throwIfAborted();
    return scans;
  }

  async #once(attachment: Attachment): Promise<ScanFacts> {
    const sha256 = hash("sha256", attachment.bytes, "hex");
    const known = this.#known?.get(sha256);
    if (known !== undefined) return known;
    const { deps, settings } = this.#desk;
    const nowMs = deps.clock.monotonicMs();
    this.#endsAtMs ??= nowMs + (settings.attachmentScanMs ?? Infinity);
    const leftMs = Math.max(0, this.#endsAtMs - nowMs);
    const scan = await deps.scan(attachment, leftMs, this.#of.sender);
    this.#known ??= new Map();
    this.#known.set(sha256, scan);
    return scan;
  }
}
