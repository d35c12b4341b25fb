import { deflateRawSync } from "node:zlib";

/** A file of a cabinet that a test makes. */
export interface CabMember {
  readonly name: string;
  readonly data: Buffer | string;
}

export interface CabOptions {
  /** How they are packed, all together: [MS-CAB] 2.2, typeCompress. */
  readonly method?: "stored" | "mszip" | "quantum" | "lzx";
  /** It says that it goes on in another cabinet. */
  readonly next?: boolean;
  /** Bytes that header, folders and blocks have for others. */
  readonly reserve?: number;
}

const METHODS = { stored: 0, mszip: 1, quantum: 2, lzx: 0x1503 };
const BLOCK = 32 * 1024;

/** A cabinet ([MS-CAB]) with one folder. Of Quantum and LZX the packed bytes are none: nobody here unpacks them. */
export function cabFile(members: readonly CabMember[], options: CabOptions = {}): Buffer {
  const method = options.method ?? "stored";
  const reserve = options.reserve ?? 0;
  const texts = options.next ? Buffer.from("next.cab\0disk\0") : Buffer.alloc(0);
  const reserved =
    reserve > 0
      ? Buffer.concat([fields([2, reserve], [1, reserve], [1, reserve]), Buffer.alloc(reserve)])
      : Buffer.alloc(0);
  const filesAt = 36 + reserved.length + texts.length + 8 + reserve;
  let offset = 0;
  const files = members.map(({ name, data }) => {
    const size = Buffer.from(data).length;
    const isWide = /[^\x20-\x7e]/.test(name);
    const entry = fields([4, size], [4, offset], [2, 0], [2, 0], [2, 0], [2, isWide ? 0x80 : 0x20]);
    offset += size;
    return Buffer.concat([entry, Buffer.from(`${name}\0`)]);
  });
  const blocks = blocksOf(
    Buffer.concat(members.map(({ data }) => Buffer.from(data))),
    method,
    reserve,
  );
  const dataAt = filesAt + files.reduce((sum, { length }) => sum + length, 0);
  const folder = fields([4, dataAt], [2, blocks.length], [2, METHODS[method]]);
  const size = dataAt + blocks.reduce((sum, { length }) => sum + length, 0);
  const flags = (options.next ? 2 : 0) | (reserve > 0 ? 4 : 0);
  const header = Buffer.concat([
    Buffer.from("MSCF\0\0\0\0"),
    fields([4, size], [4, 0], [4, filesAt], [4, 0], [1, 3], [1, 1], [2, 1]),
    fields([2, members.length], [2, flags], [2, 0], [2, 0]),
  ]);
  return Buffer.concat([
    header,
    reserved,
    texts,
    folder,
    Buffer.alloc(reserve),
    ...files,
    ...blocks,
  ]);
}

function blocksOf(data: Buffer, method: string, reserve: number): Buffer[] {
  const blocks: Buffer[] = [];
  for (let at = 0; at < data.length; at += BLOCK) {
    const piece = data.subarray(at, at + BLOCK);
    const dictionary = at > 0 ? { dictionary: data.subarray(at - BLOCK, at) } : {};
    const packed =
      method === "mszip"
        ? Buffer.concat([Buffer.from("CK"), deflateRawSync(piece, dictionary)])
        : piece;
    blocks.push(
      Buffer.concat([
        fields([4, 0], [2, packed.length], [2, piece.length]),
        Buffer.alloc(reserve),
        packed,
      ]),
    );
  }
  return blocks;
}

/** Numbers of one, two or four bytes, the lowest first. */
function fields(...numbers: readonly (readonly [bytes: number, value: number])[]): Buffer {
  return Buffer.concat(
    numbers.map(([bytes, value]) => {
      const field = Buffer.alloc(bytes);
      field.writeUIntLE(value, 0, bytes);
      return field;
    }),
  );
}
