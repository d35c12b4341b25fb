import { type FileHandle, open } from "node:fs/promises";
import { QuarantineFailed } from "./quarantine-failed.ts";
import { READ_OURS } from "./read-item.ts";
import {
  type BodyOpener,
  createBodyOpener,
  frameCountOf,
  HEADER_BYTES,
  plainBytesOf,
  SEALED_FRAME_BYTES,
} from "./sealed-body.ts";

/** What is expected of a body: whose it is and how long the file in it. */
export interface ExpectedBody {
  readonly id: string;
  readonly size: number;
}

/** A sealed body, open for reading, any number of times. */
export interface OpenBody extends AsyncDisposable {
  /** The file, frame by frame; each is authenticated before it is given out. Throws QuarantineFailed. */
  frames(): AsyncGenerator<Buffer>;
}

/** Opens and checks header and length. Throws QuarantineFailed (damaged, other key); other errors are the system's. */
export async function openBody(
  path: string,
  keys: readonly Buffer[],
  expected: ExpectedBody,
): Promise<OpenBody> {
  const handle = await open(path, READ_OURS);
  try {
    const status = await handle.stat();
    const frameCount = frameCountOf(status.size) ?? 0;
    if (!status.isFile() || plainBytesOf(status.size) !== expected.size) {
      throw damaged(expected.id, `it does not hold ${expected.size} bytes`);
    }
    const header = await readAt(handle, { position: 0, bytes: HEADER_BYTES }, expected.id);
    const opener = createBodyOpener(keys, expected.id, header);
    return {
      frames: () => framesOf(handle, { opener, bodyBytes: status.size, frameCount }, expected.id),
      [Symbol.asyncDispose]: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

interface BodyShape {
  readonly opener: BodyOpener;
  readonly bodyBytes: number;
  readonly frameCount: number;
}

async function* framesOf(
  handle: FileHandle,
  { opener, bodyBytes, frameCount }: BodyShape,
  id: string,
): AsyncGenerator<Buffer> {
  for (let index = 0; index < frameCount; index += 1) {
    const position = HEADER_BYTES + index * SEALED_FRAME_BYTES;
    const bytes = Math.min(SEALED_FRAME_BYTES, bodyBytes - position);
    const sealed = await readAt(handle, { position, bytes }, id);
    yield opener.openFrame({ index, last: index === frameCount - 1 }, sealed);
  }
}

async function readAt(
  handle: FileHandle,
  { position, bytes }: { readonly position: number; readonly bytes: number },
  id: string,
): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(bytes);
  for (let filled = 0; filled < bytes;) {
    const { bytesRead } = await handle.read(buffer, filled, bytes - filled, position + filled);
    if (bytesRead === 0) throw damaged(id, "it became shorter");
    filled += bytesRead;
  }
  return buffer;
}

function damaged(id: string, why: string): QuarantineFailed {
  return new QuarantineFailed("QUARANTINE_DAMAGED", `the body of ${id} is damaged: ${why}`);
}
