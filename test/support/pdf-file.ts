import { deflateSync } from "node:zlib";

/** A file that is packed into a PDF that a test makes. */
export interface PdfAttachment {
  readonly name: string;
  readonly data: Buffer | string;
  /** Its name in an object of its own. */
  readonly apart?: boolean;
}

export interface PdfOptions {
  readonly attachments?: readonly PdfAttachment[];
  /** An action when it is opened, as it stands in the file. */
  readonly action?: string;
  /** All objects but streams in an object stream. */
  readonly packed?: boolean;
  /** Keys of the dictionary of the object stream in place of /Filter /FlateDecode. */
  readonly filter?: string;
  /** The trailer says that it is encrypted. */
  readonly encrypted?: boolean;
}

/** A PDF 1.7 of one empty page (ISO 32000-1). */
export function pdfFile(options: PdfOptions = {}): Buffer {
  const attachments = options.attachments ?? [];
  const files = attachments.map((one, i) => ({ ...one, number: 10 + 3 * i }));
  const names = files.map(({ name, number }) => `${hex(name)} ${number} 0 R`).join(" ");
  const embedded = files.length === 0 ? "" : ` /Names << /EmbeddedFiles << /Names [${names}] >> >>`;
  const action = options.action === undefined ? "" : ` /OpenAction ${options.action}`;
  const objects = new Map<number, string>([
    [1, `<< /Type /Catalog /Pages 2 0 R${embedded}${action} >>`],
    [2, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>"],
    [3, "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >>"],
  ]);
  for (const { name, number, apart } of files) {
    const text = apart === true ? `${number + 2} 0 R` : hex(name);
    objects.set(
      number,
      `<< /Type /Filespec /F ${text} /UF ${text} /EF << /F ${number + 1} 0 R >> >>`,
    );
    if (apart === true) objects.set(number + 2, hex(name));
  }
  const streams = new Map(
    files.map(({ number, data }) => [number + 1, stream("/Type /EmbeddedFile", Buffer.from(data))]),
  );
  return options.packed === true
    ? withObjectStream(objects, streams, options)
    : withTable(objects, streams, options);
}

/** UTF-16 in hexadecimal digits. */
function hex(text: string): string {
  return `<FEFF${Buffer.from(text, "utf16le").swap16().toString("hex")}>`;
}

function stream(keys: string, data: Buffer): Buffer {
  const packed = deflateSync(data);
  return Buffer.concat([
    Buffer.from(`<< ${keys} /Filter /FlateDecode /Length ${packed.length} >>\nstream\n`),
    packed,
    Buffer.from("\nendstream"),
  ]);
}

type Objects = ReadonlyMap<number, string>;
type Streams = ReadonlyMap<number, Buffer>;

function body(objects: Objects, streams: Streams): { bytes: Buffer; places: Map<number, number> } {
  const places = new Map<number, number>();
  let bytes = Buffer.from("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "latin1");
  for (const [number, content] of [...objects, ...streams]) {
    places.set(number, bytes.length);
    const begin = Buffer.from(`${number} 0 obj\n`);
    bytes = Buffer.concat([bytes, begin, Buffer.from(content), Buffer.from("\nendobj\n")]);
  }
  return { bytes, places };
}

function withTable(objects: Objects, streams: Streams, { encrypted }: PdfOptions): Buffer {
  const { bytes, places } = body(objects, streams);
  const size = Math.max(...places.keys()) + 1;
  const rows = Array.from({ length: size }, (_, number) => {
    const place = places.get(number);
    if (place === undefined) return "0000000000 65535 f \n";
    return `${String(place).padStart(10, "0")} 00000 n \n`;
  });
  const seal = encrypted === true ? " /Encrypt << /Filter /Standard /V 5 /R 6 >>" : "";
  const end = `xref\n0 ${size}\n${rows.join("")}trailer\n<< /Size ${size} /Root 1 0 R${seal} >>\nstartxref\n${bytes.length}\n%%EOF\n`;
  return Buffer.concat([bytes, Buffer.from(end)]);
}

/** The table of places is a stream as well then (7.5.8). */
function withObjectStream(objects: Objects, streams: Streams, options: PdfOptions): Buffer {
  let text = "";
  const table = [...objects].map(([number, content]) => {
    const row = `${number} ${text.length}`;
    text += `${content}\n`;
    return row;
  });
  const head = `${table.join(" ")}\n`;
  const keys = `/Type /ObjStm /N ${objects.size} /First ${head.length}`;
  const made = stream(keys, Buffer.from(head + text));
  const packed =
    options.filter === undefined
      ? made
      : Buffer.from(
          made.toString("latin1").replace("/Filter /FlateDecode", options.filter),
          "latin1",
        );
  const { bytes, places } = body(new Map(), new Map([...streams, [50, packed]]));
  const inStream = [...objects.keys()];
  const rows = Array.from({ length: 52 }, (_, number) => {
    if (inStream.includes(number)) return row(2, 50, inStream.indexOf(number));
    const place = number === 51 ? bytes.length : places.get(number);
    return place === undefined ? row(0, 0, 0xff) : row(1, place, 0);
  });
  const xref = stream("/Type /XRef /Size 52 /W [1 4 1] /Root 1 0 R", Buffer.concat(rows));
  const end = `\nendobj\nstartxref\n${bytes.length}\n%%EOF\n`;
  return Buffer.concat([bytes, Buffer.from("51 0 obj\n"), xref, Buffer.from(end)]);
}

function row(kind: number, place: number, index: number): Buffer {
  const bytes = Buffer.alloc(6);
  bytes[0] = kind;
  bytes.writeUInt32BE(place, 1);
  bytes[5] = index;
  return bytes;
}
