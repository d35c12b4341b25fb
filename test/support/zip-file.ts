import { crc32, deflateRawSync } from "node:zlib";

/** One member of a zip that a test makes; what differs between its two headers is a trick. */
export interface ZipMember {
  readonly name: string;
  readonly data: string | Buffer;
  /** Default deflated. */
  readonly stored?: boolean;
  readonly encrypted?: boolean;
  /** In the local header, where another name shall stand there. */
  readonly localName?: string;
  readonly localEncrypted?: boolean;
  /** As declared in both headers, where it shall be another. */
  readonly size?: number;
  /** Not in the directory: readers that go by local headers see it all the same. */
  readonly hidden?: boolean;
}

/** A zip of these members (APPNOTE 4.3). */
export function zipFile(members: readonly ZipMember[], comment = ""): Buffer {
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  let offset = 0;
  for (const member of members) {
    const data = typeof member.data === "string" ? Buffer.from(member.data) : member.data;
    const packed = member.stored === true ? data : deflateRawSync(data);
    const flags = member.encrypted === true ? 1 : 0;
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(flags, 2);
    fields.writeUInt16LE(member.stored === true ? 0 : 8, 4);
    fields.writeUInt32LE(crc32(data), 10);
    fields.writeUInt32LE(packed.length, 14);
    fields.writeUInt32LE(member.size ?? data.length, 18);
    const name = Buffer.from(member.name, "utf8");
    const localName = Buffer.from(member.localName ?? member.name, "utf8");
    fields.writeUInt16LE(name.length, 22);
    const localFields = Buffer.from(fields);
    localFields.writeUInt16LE(localName.length, 22);
    if (member.localEncrypted === true) localFields.writeUInt16LE(1, 2);
    const local = Buffer.concat([latin1("PK\x03\x04"), localFields, localName, packed]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    if (member.hidden !== true) {
      centrals.push(Buffer.concat([latin1("PK\x01\x02\x14\0"), fields, rest, name]));
    }
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(centrals);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(centrals.length, 8);
  end.writeUInt16LE(centrals.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  end.writeUInt16LE(comment.length, 20);
  return Buffer.concat([...locals, directory, end, latin1(comment)]);
}

function latin1(text: string): Buffer {
  return Buffer.from(text, "latin1");
}
