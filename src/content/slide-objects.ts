import { inflateSync } from "node:zlib";

/** [MS-PPT] 2.10.34 ExOleObjStg: an object of a presentation, as a compound file, packed or not. */
const OBJECT_RECORD = 0x1011;
const MAX_RECORDS = 8192;
const MAX_OBJECTS = 64;
/** Of all objects of one presentation, unpacked. */
const MAX_BYTES = 32 * 1024 * 1024;

/** The objects in the stream "PowerPoint Document", as far as there is room for them. Never throws. */
export function objectsOfSlides(stream: Buffer): readonly Buffer[] {
  const objects: Buffer[] = [];
  let left = MAX_BYTES;
  let at = 0;
  for (let i = 0; i < MAX_RECORDS && at + 8 <= stream.length; i += 1) {
    const isPacked = stream.readUInt16LE(at) >> 4 === 1;
    const type = stream.readUInt16LE(at + 2);
    const end = at + 8 + stream.readUInt32LE(at + 4);
    if (type === OBJECT_RECORD && objects.length < MAX_OBJECTS) {
      const bytes = stream.subarray(at + 8, end);
      const object = isPacked ? unpack(bytes.subarray(4), left) : bytes;
      if (object !== undefined) objects.push(object);
      left -= object?.length ?? Math.min(left, bytes.length * MOST_OF_ONE);
    }
    at = end;
  }
  return objects;
}

/** Deflate makes at most so many bytes of one. */
const MOST_OF_ONE = 1032;

function unpack(packed: Buffer, limit: number): Buffer | undefined {
  if (limit <= 0) return undefined;
  try {
    return inflateSync(packed, { maxOutputLength: limit });
  } catch {
    return undefined;
  }
}
