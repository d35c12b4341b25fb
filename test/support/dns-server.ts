import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";

/** Records of one name, by kind; what is not there is answered "no such name". */
export interface DnsZone {
  readonly a?: readonly string[];
  readonly aaaa?: readonly string[];
  readonly srv?: readonly (readonly [
    priority: number,
    weight: number,
    port: number,
    name: string,
  ])[];
  /** Order, preference, flags, service, replacement. */
  readonly naptr?: readonly (readonly [number, number, string, string, string])[];
}

const KINDS: Readonly<Record<number, keyof DnsZone>> = {
  1: "a",
  28: "aaaa",
  33: "srv",
  35: "naptr",
};

/** A name server on loopback, over UDP (RFC 1035 §4, RFC 2782, RFC 3403): what it is asked, and what it knows. */
export class DnsServer implements AsyncDisposable {
  readonly zones: Map<string, DnsZone>;
  /** "srv _sip._udp.a.example", in order. */
  readonly asked: string[] = [];
  ttlS = 60;
  silent = false;
  readonly #socket: Socket;

  private constructor(socket: Socket, zones: Readonly<Record<string, DnsZone>>) {
    this.#socket = socket;
    this.zones = new Map(Object.entries(zones));
  }

  static async open(zones: Readonly<Record<string, DnsZone>>): Promise<DnsServer> {
    const socket = createSocket("udp4");
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    const server = new DnsServer(socket, zones);
    socket.on("message", (query, from) => {
      const answer = server.#answer(query);
      if (!server.silent) socket.send(answer, from.port, from.address);
    });
    return server;
  }

  /** For `dns.servers`. */
  get address(): string {
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#socket, "close");
    this.#socket.close();
    await closed;
  }

  #answer(query: Buffer): Buffer {
    const { name, end } = readName(query, 12);
    const kind = KINDS[query.readUInt16BE(end)] ?? "a";
    this.asked.push(`${kind} ${name}`);
    const zone = this.zones.get(name);
    const data = zone === undefined ? [] : recordData(kind, zone);
    const header = Buffer.alloc(12);
    query.copy(header, 0, 0, 2);
    // Answer, recursion desired and available; 3: no such name.
    header.writeUInt16BE(0x8180 | (zone === undefined ? 3 : 0), 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(data.length, 6);
    const question = query.subarray(12, end + 4);
    const answers = data.map((bytes) => {
      const fixed = Buffer.alloc(12);
      // The name by reference to the question; type and class as asked.
      fixed.writeUInt16BE(0xc00c, 0);
      query.copy(fixed, 2, end, end + 4);
      fixed.writeUInt32BE(this.ttlS, 6);
      fixed.writeUInt16BE(bytes.length, 10);
      return Buffer.concat([fixed, bytes]);
    });
    return Buffer.concat([header, question, ...answers]);
  }
}

function readName(bytes: Buffer, start: number): { readonly name: string; readonly end: number } {
  const labels: string[] = [];
  let at = start;
  for (let length = bytes[at] ?? 0; length > 0; length = bytes[at] ?? 0) {
    labels.push(bytes.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join(".").toLowerCase(), end: at + 1 };
}

function writeName(name: string): Buffer {
  const labels = name.split(".").filter(Boolean);
  return Buffer.concat([...labels.map(writeText), Buffer.from([0])]);
}

/** A length and the text, as in labels and character strings. */
function writeText(text: string): Buffer {
  return Buffer.concat([Buffer.from([text.length]), Buffer.from(text, "latin1")]);
}

function recordData(kind: keyof DnsZone, zone: DnsZone): readonly Buffer[] {
  switch (kind) {
    case "a":
      return (zone.a ?? []).map((address) => Buffer.from(address.split(".").map(Number)));
    case "aaaa":
      return (zone.aaaa ?? []).map(ipv6Bytes);
    case "srv":
      return (zone.srv ?? []).map(([priority, weight, port, name]) =>
        Buffer.concat([numbers(priority, weight, port), writeName(name)]),
      );
    case "naptr":
      return (zone.naptr ?? []).map(([order, preference, flags, service, replacement]) =>
        Buffer.concat([
          numbers(order, preference),
          writeText(flags),
          writeText(service),
          writeText(""),
          writeName(replacement),
        ]),
      );
  }
}

function numbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(2 * values.length);
  for (const [i, value] of values.entries()) bytes.writeUInt16BE(value, 2 * i);
  return bytes;
}

/** "fd00::5": groups, with one gap. */
function ipv6Bytes(address: string): Buffer {
  const [head = "", tail = ""] = address.split("::");
  const groups = (text: string): number[] =>
    text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
  const [front, back] = [groups(head), groups(tail)];
  const gap = Array.from({ length: 8 - front.length - back.length }, () => 0);
  return numbers(...front, ...gap, ...back);
}
