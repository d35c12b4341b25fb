/** A service of an ICAP server: `icap://host:port/path?query` (RFC 3507 §4.2). */
export interface IcapAddress {
  /** A name or a literal address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** With its query, from the slash on; printable ASCII without blanks. */
  readonly path: string;
}

/** In what dress a file is sent: as the body of an HTTP response, or of an HTTP request. */
export type IcapMethod = "RESPMOD" | "REQMOD";

export interface IcapModRequest {
  readonly method: IcapMethod;
  /** Bytes of the file. */
  readonly size: number;
  /** Hex; the name under which the server sees the file. */
  readonly sha256: string;
  /** Bytes that go ahead (RFC 3507 §4.5); undefined: all of it goes at once. */
  readonly preview: number | undefined;
}

/** As in the log and in `sluice engines`, and in the first line of every request. */
export function icapUrl({ host, port, path }: IcapAddress): string {
  return `icap://${authority({ host, port })}${path}`;
}

/** The question what a service offers (RFC 3507 §4.10). */
export function optionsRequest(address: IcapAddress): Buffer {
  return Buffer.from(
    `${firstLines("OPTIONS", address)}Encapsulated: null-body=0\r\n\r\n`,
    "latin1",
  );
}

/**
 * The head of a request for a file: everything before its first chunk. The HTTP message around the file says nothing of who
 * sends it to whom, nor its name: the host is `sluice.invalid`, and the path its hash.
 */
export function modRequestHead(address: IcapAddress, request: IcapModRequest): Buffer {
  const { method, size, sha256, preview } = request;
  const about = `Content-Type: application/octet-stream\r\nContent-Length: ${size}\r\n\r\n`;
  const verb = method === "RESPMOD" ? "GET" : "POST";
  const target = `${verb} http://sluice.invalid/${sha256} HTTP/1.1\r\nHost: sluice.invalid\r\n`;
  const heads =
    method === "RESPMOD" ? [`${target}\r\n`, `HTTP/1.1 200 OK\r\n${about}`] : [`${target}${about}`];
  const length = heads.join("").length;
  const sections =
    method === "RESPMOD"
      ? `req-hdr=0, res-hdr=${heads[0]?.length ?? 0}, res-body=${length}`
      : `req-hdr=0, req-body=${length}`;
  return Buffer.from(
    firstLines(method, address) +
      "Allow: 204\r\n" +
      (preview === undefined ? "" : `Preview: ${preview}\r\n`) +
      `Encapsulated: ${sections}\r\n\r\n${heads.join("")}`,
    "latin1",
  );
}

function firstLines(method: string, address: IcapAddress): string {
  return `${method} ${icapUrl(address)} ICAP/1.0\r\nHost: ${authority(address)}\r\nUser-Agent: Sluice\r\n`;
}

function authority({ host, port }: Pick<IcapAddress, "host" | "port">): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}
