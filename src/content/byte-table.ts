import { TextDecoder } from "node:util";

/** A charset in which every byte is a character. */
export interface ByteTable {
  /** The character of each byte; "" where the byte stands for none. */
  readonly characters: readonly string[];
  readonly bytes: ReadonlyMap<string, number>;
}

const tables = new Map<string, ByteTable | undefined>();

/** Every byte above 127 has one character, and every byte below is ASCII; names of the Encoding standard and of ISO. */
const SINGLE_BYTE =
  /^(?:iso-8859-(?:[2-9]|1[0-6]|8-i)|windows-(?:125[0-8]|874)|koi8-[ru]|ibm866|macintosh|x-mac-cyrillic)$/;

/** The table of a charset by its canonical name; undefined for one that has none, or that this Node does not know. */
export function byteTable(charset: string): ByteTable | undefined {
  if (!SINGLE_BYTE.test(charset) && charset !== "cp037") return undefined;
  if (!tables.has(charset)) tables.set(charset, charset === "cp037" ? ebcdic() : decoded(charset));
  return tables.get(charset);
}

function decoded(charset: string): ByteTable | undefined {
  try {
    const decoder = new TextDecoder(charset, { fatal: true });
    return tableOf((byte) => decodeByte(decoder, byte));
  } catch {
    return undefined; // this Node was built without the charset: unknown, not guessed
  }
}

function tableOf(characterOf: (byte: number) => string): ByteTable {
  const characters: string[] = [];
  const bytes = new Map<string, number>();
  for (let byte = 0; byte < 256; byte++) {
    const character = characterOf(byte);
    characters.push(character);
    if (character !== "") bytes.set(character, byte);
  }
  return { characters, bytes };
}

function decodeByte(decoder: TextDecoder, byte: number): string {
  try {
    return decoder.decode(Uint8Array.of(byte));
  } catch {
    return "";
  }
}

/** EBCDIC of the United States (IBM code page 037): the Latin-1 character of each byte, in hexadecimal. */
const CP037 =
  "000102039c09867f978d8e0b0c0d0e0f101112139d8508871819928f1c1d1e1f80818283840a171b88898a8b8c050607909116939495960498999a9b14159e1a" +
  "20a0e2e4e0e1e3e5e7f1a22e3c282b7c26e9eaebe8edeeefecdf21242a293bac2d2fc2c4c0c1c3c5c7d1a62c255f3e3ff8c9cacbc8cdcecfcc603a2340273d22" +
  "d8616263646566676869abbbf0fdfeb1b06a6b6c6d6e6f707172aabae6b8c6a4b57e737475767778797aa1bfd0dddeae5ea3a5b7a9a7b6bcbdbe5b5dafa8b4d7" +
  "7b414243444546474849adf4f6f2f3f57d4a4b4c4d4e4f505152b9fbfcf9faff5cf7535455565758595ab2d4d6d2d3d530313233343536373839b3dbdcd9da9f";

function ebcdic(): ByteTable {
  const latin1 = Buffer.from(CP037, "hex").toString("latin1");
  return tableOf((byte) => latin1[byte] ?? "");
}
