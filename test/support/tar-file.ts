/** A member of a tar that a test makes. */
export interface TarMember {
  readonly name: string;
  readonly data: string | Buffer;
  /** Of the header; "0" is a file. */
  readonly type?: string;
}

/** A tar of these members, in the form of POSIX ustar. */
export function tarFile(members: readonly TarMember[], isOld = false): Buffer {
  const blocks = members.flatMap(({ name, data, type = "0" }) => {
    const bytes = typeof data === "string" ? Buffer.from(data) : data;
    const header = Buffer.alloc(512);
    header.write(name, 0, 100, "utf8");
    header.write("0000644\0", 100);
    header.write("0000000\0", 108);
    header.write("0000000\0", 116);
    header.write(`${bytes.length.toString(8).padStart(11, "0")}\0`, 124);
    header.write("14000000000\0", 136);
    header.write(type, 156);
    if (!isOld) header.write("ustar\x0000", 257, "latin1");
    header.write("        ", 148);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
    const padded = Buffer.alloc(Math.ceil(bytes.length / 512) * 512);
    bytes.copy(padded);
    return [header, padded];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}
