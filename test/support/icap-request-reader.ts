/** An ICAP request as far as it has come. */
export interface IcapRequestSeen {
  readonly method: string;
  /** Its ICAP head, without the empty line. */
  readonly head: string;
  /** The encapsulated heads. */
  readonly http: string;
  /** The file, without the chunks around it. */
  readonly body: Buffer;
  /** Sizes of the chunks before the rest was asked for, and after. */
  readonly chunks: readonly number[];
  /** "preview": it ends with the preview, and there is more. */
  readonly state: "part" | "preview" | "whole";
  /** "0; ieof" ended the preview. */
  readonly ieof: boolean;
  /** Bytes of the whole. */
  readonly length: number;
}

/** Reads one request from the beginning of `bytes`; undefined until its heads are there. `asked`: 100 Continue was said. */
export function readIcapRequest(bytes: Buffer, asked: boolean): IcapRequestSeen | undefined {
  const headEnd = bytes.indexOf("\r\n\r\n");
  if (headEnd === -1) return undefined;
  const head = bytes.toString("latin1", 0, headEnd);
  const method = head.split(" ", 1)[0] ?? "";
  const offset = /^Encapsulated: .*-body=(\d+)$/m.exec(head)?.[1] ?? "0";
  const bodyAt = headEnd + 4 + Number(offset);
  const has = { method, head, http: bytes.toString("latin1", headEnd + 4, bodyAt) };
  if (head.includes("null-body")) {
    const nothing = { body: Buffer.alloc(0), chunks: [], ieof: false };
    return { ...has, ...nothing, state: "whole", length: bodyAt };
  }
  if (bytes.length < bodyAt) return undefined;
  const previews = /^Preview: /m.test(head);
  const pieces: Buffer[] = [];
  let ends = 0;
  for (let at = bodyAt; ;) {
    const lineEnd = bytes.indexOf("\r\n", at);
    const line = lineEnd === -1 ? "" : bytes.toString("latin1", at, lineEnd);
    const size = Number.parseInt(line, 16);
    const next = lineEnd + 2 + size + 2;
    const body = (): Buffer => Buffer.concat(pieces);
    const chunks = pieces.map((piece) => piece.length);
    if (line === "" || bytes.length < next) {
      const arrived = line === "" ? Buffer.alloc(0) : bytes.subarray(lineEnd + 2);
      return {
        ...has,
        body: Buffer.concat([...pieces, arrived]),
        chunks,
        ieof: false,
        state: "part",
        length: 0,
      };
    }
    at = next;
    if (size > 0) {
      pieces.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
      continue;
    }
    const ieof = line === "0; ieof";
    ends += 1;
    if (!previews || ieof || ends === 2)
      return { ...has, body: body(), chunks, ieof, state: "whole", length: at };
    if (!asked) return { ...has, body: body(), chunks, ieof, state: "preview", length: at };
  }
}
