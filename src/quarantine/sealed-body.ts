import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { QuarantineFailed } from "./quarantine-failed.ts";

/**
 * The form of body.enc: a header, then the file in frames of 64 KiB, each sealed with AES-256-GCM.
 *
 *   header  "SLUICEQ" 01 | nonce (12) | data key, sealed with the master key (32) | tag (16)
 *   frame   1 to 65536 bytes sealed with the data key | tag (16); an empty file is one empty frame
 *
 * The data key is random and serves one object only, so the number of the frame can be its nonce. What is authenticated
 * besides: the id of the object, the number of the frame and whether it is the last one. A frame that is changed, moved,
 * dropped, added or taken from another object therefore does not open.
 *
 * Pure: bytes in, bytes out.
 */

/** Bytes of the file in each frame but the last. */
export const FRAME_BYTES: number = 64 * 1024;
export const MASTER_KEY_BYTES = 32;

const CIPHER = "aes-256-gcm";
const MAGIC = Buffer.from("SLUICEQ\u0001", "latin1");
const NONCE_BYTES = 12;
const DATA_KEY_BYTES = 32;
const TAG_BYTES = 16;

export const HEADER_BYTES: number = MAGIC.length + NONCE_BYTES + DATA_KEY_BYTES + TAG_BYTES;
/** A full frame as it stands in body.enc. */
export const SEALED_FRAME_BYTES: number = FRAME_BYTES + TAG_BYTES;

/** Which frame: its number from 0 on, and whether no other follows. */
export interface FramePlace {
  readonly index: number;
  readonly last: boolean;
}

export interface BodySealer {
  readonly header: Buffer;
  sealFrame(place: FramePlace, plain: Buffer): Buffer;
}

export interface BodyOpener {
  /** Throws QuarantineFailed when the frame is not exactly the one that was sealed for this place. */
  openFrame(place: FramePlace, sealed: Buffer): Buffer;
}

/** Begins the body of the object `id` with a data key of its own. */
export function createBodySealer(masterKey: Buffer, id: string): BodySealer {
  const dataKey = randomBytes(DATA_KEY_BYTES);
  const nonce = randomBytes(NONCE_BYTES);
  const wrap = createCipheriv(CIPHER, masterKey, nonce).setAAD(headerContext(id));
  const wrapped = Buffer.concat([wrap.update(dataKey), wrap.final()]);
  const header = Buffer.concat([MAGIC, nonce, wrapped, wrap.getAuthTag()]);
  return {
    header,
    sealFrame(place, plain) {
      const cipher = createCipheriv(CIPHER, dataKey, frameNonce(place));
      cipher.setAAD(frameContext(id, place));
      return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    },
  };
}

/**
 * Reads the header of the object `id`, which one of the keys must open: the present one, or one that was in use before. Throws
 * QuarantineFailed when it is not ours, not of this object, or sealed with another key.
 */
export function createBodyOpener(
  masterKeys: readonly Buffer[],
  id: string,
  header: Buffer,
): BodyOpener {
  if (header.length !== HEADER_BYTES || !header.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw new QuarantineFailed("QUARANTINE_DAMAGED", `the body of ${id} has no header of ours`);
  }
  const dataKey = unwrap(masterKeys, id, header);
  return {
    openFrame(place, sealed) {
      if (sealed.length < TAG_BYTES) throw damaged(id, `frame ${place.index} is cut`);
      try {
        const options = { authTagLength: TAG_BYTES };
        const decipher = createDecipheriv(CIPHER, dataKey, frameNonce(place), options);
        decipher.setAAD(frameContext(id, place));
        decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
        const plain = decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES));
        decipher.final();
        return plain;
      } catch (error) {
        throw damaged(id, `frame ${place.index} is not as it was stored`, error);
      }
    },
  };
}

/** Length of the file in a body of so many bytes; undefined when no body has that length. */
export function plainBytesOf(bodyBytes: number): number | undefined {
  const frames = frameCountOf(bodyBytes);
  if (frames === undefined) return undefined;
  const plain = bodyBytes - HEADER_BYTES - frames * TAG_BYTES;
  // Nothing but an empty file has an empty frame.
  return plain === 0
    ? frames === 1
      ? 0
      : undefined
    : plain > (frames - 1) * FRAME_BYTES
      ? plain
      : undefined;
}

/** Number of frames in a body of so many bytes. */
export function frameCountOf(bodyBytes: number): number | undefined {
  const sealed = bodyBytes - HEADER_BYTES;
  return sealed < TAG_BYTES ? undefined : Math.ceil(sealed / SEALED_FRAME_BYTES);
}

function unwrap(masterKeys: readonly Buffer[], id: string, header: Buffer): Buffer {
  for (const key of masterKeys) {
    const dataKey = unwrapBy(key, id, header);
    if (dataKey !== undefined) return dataKey;
  }
  throw damaged(id, "its key does not open with a key of this gateway");
}

function unwrapBy(masterKey: Buffer, id: string, header: Buffer): Buffer | undefined {
  const nonce = header.subarray(MAGIC.length, MAGIC.length + NONCE_BYTES);
  const keyEnd = HEADER_BYTES - TAG_BYTES;
  try {
    const options = { authTagLength: TAG_BYTES };
    const decipher = createDecipheriv(CIPHER, masterKey, nonce, options);
    decipher.setAAD(headerContext(id));
    decipher.setAuthTag(header.subarray(keyEnd));
    const dataKey = decipher.update(header.subarray(keyEnd - DATA_KEY_BYTES, keyEnd));
    decipher.final();
    return dataKey;
  } catch {
    return undefined;
  }
}

function headerContext(id: string): Buffer {
  return Buffer.concat([MAGIC, Buffer.from(id)]);
}

function frameContext(id: string, { index, last }: FramePlace): Buffer {
  const place = Buffer.alloc(9);
  place.writeBigUInt64BE(BigInt(index));
  place.writeUInt8(last ? 1 : 0, 8);
  return Buffer.concat([MAGIC, Buffer.from(id), place]);
}

function frameNonce({ index }: FramePlace): Buffer {
  const nonce = Buffer.alloc(NONCE_BYTES);
  nonce.writeBigUInt64BE(BigInt(index), NONCE_BYTES - 8);
  return nonce;
}

function damaged(id: string, why: string, cause?: unknown): QuarantineFailed {
  return new QuarantineFailed("QUARANTINE_DAMAGED", `the body of ${id} is damaged: ${why}`, {
    cause,
  });
}
