import { createHash } from "node:crypto";
import { CodedError } from "../base/coded-error.ts";
import type { ScanDesk, ScanReport, ScanSource } from "../scan/scan-engine.ts";
import type { HeldFile, RecoveredFile, Spool, SpoolRefusal, SpoolRequest } from "../spool/spool.ts";
import { USER } from "../wire/msnftp/vectors.test-data.ts";
import type { KeepStory } from "./relay.ts";

export const CLEAN: ScanReport = {
  verdict: { kind: "clean", engine: "test", ms: 1 },
  results: [{ kind: "clean", engine: "test", ms: 1 }],
  trueType: undefined,
};

export const STORY: KeepStory = {
  incident: "INC-1",
  callId: "c",
  from: "alice@example.com",
  to: [USER],
  rule: "r",
  name: "a.txt",
  threat: "",
  trueType: undefined,
  scan: [],
};

/** A spool in memory. */
export class MemorySpool implements Spool {
  reservedBytes: number = 0;
  /** As if the disk were full after so many bytes. */
  fullAfter: number = Number.POSITIVE_INFINITY;
  refuses: SpoolRefusal | undefined;
  /** What delivery reads instead of what was written. */
  tampered: Buffer | undefined;
  recovered: RecoveredFile[] = [];
  readonly open: Set<string> = new Set<string>();

  admit(request: SpoolRequest): ReturnType<Spool["admit"]> {
    if (this.refuses !== undefined) return { kind: "refused", reason: this.refuses };
    this.reservedBytes += request.size;
    this.open.add(request.id);
    const pieces: Buffer[] = [];
    let receivedBytes = 0;
    const free = (): void => {
      if (this.open.delete(request.id)) this.reservedBytes -= request.size;
    };
    return {
      kind: "admitted",
      file: {
        get receivedBytes(): number {
          return receivedBytes;
        },
        write: (bytes) => {
          if (receivedBytes + bytes.length > this.fullAfter) {
            throw new CodedError("SPOOL_FULL", "no space");
          }
          pieces.push(Buffer.from(bytes));
          receivedBytes += bytes.length;
        },
        complete: () => this.hold(request.id, Buffer.concat(pieces), free),
        discard: free,
      },
    };
  }

  recover(): readonly RecoveredFile[] {
    return this.recovered;
  }

  hold(id: string, bytes: Buffer, free: () => void): HeldFile {
    return {
      id,
      size: bytes.length,
      sha256: createHash("sha256").update(bytes).digest("hex"),
      sha1: createHash("sha1").update(bytes).digest("hex"),
      read: (buffer, position) => (this.tampered ?? bytes).copy(buffer, 0, position),
      releasing: () => undefined,
      remove: free,
    };
  }
}

/** Scans when it is told to. */
export class TestScan implements ScanDesk {
  readonly scanned: ScanSource[] = [];
  /** Of each of them. */
  readonly owners: (string | undefined)[] = [];
  #hold: PromiseWithResolvers<void> | undefined;

  pause(): () => void {
    const hold = Promise.withResolvers<void>();
    this.#hold = hold;
    return () => hold.resolve();
  }

  async scan(source: ScanSource, _withinMs?: number, owner?: string): Promise<ScanReport> {
    this.scanned.push(source);
    this.owners.push(owner);
    await this.#hold?.promise;
    return CLEAN;
  }

  readonly counts = { hits: 0, misses: 0, shared: 0, entries: 0, emptied: 0 };

  status(): readonly [] {
    return [];
  }

  async test(): Promise<readonly []> {
    return [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.resolve();
  }
}
