/** A zip with one member that is marked as encrypted; what the member holds does not matter. */
export function encryptedZip(): Buffer {
  const name = Buffer.from("a.txt");
  const data = Buffer.alloc(24, 0x5a);
  // version, flag "encrypted", stored, time and date, checksum, both sizes, lengths of name and extra field (APPNOTE 4.3.7)
  const common = Buffer.alloc(26);
  common.writeUInt16LE(20, 0);
  common.writeUInt16LE(1, 2);
  common.writeUInt32LE(0x5a5a5a5a, 10);
  common.writeUInt32LE(data.length, 14);
  common.writeUInt32LE(data.length - 12, 18);
  common.writeUInt16LE(name.length, 22);
  const local = Buffer.concat([Buffer.from("PK\x03\x04", "latin1"), common, name, data]);
  const entry = Buffer.concat([
    Buffer.from("PK\x01\x02\x14\0", "latin1"),
    common,
    Buffer.alloc(14),
    name,
  ]);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(entry.length, 12);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, entry, end]);
}
