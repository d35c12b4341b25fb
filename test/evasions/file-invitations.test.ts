import { describe, expect, it } from "vitest";
import { acceptOf, ADDRESS, KEYS, offerOf } from "../../src/filter/invitations.test-data.ts";
import {
  TransferRig,
  type Person,
  type RequestForm,
} from "../../src/filter/transfer-rig.test-data.ts";

/**
 * Ways past the relay with the invitations of the LCS dialect (lcs.md B10), through the whole filter, with rules that allow
 * everything and the most lenient setting: what a client might read otherwise than we do is refused all the same.
 */
const OFFER = `${offerOf("R").join("\r\n")}\r\n`;
const SDP = [
  "v=0",
  "o=- 0 0 IN IP4 192.0.2.77",
  "s=session",
  "c=IN IP4 192.0.2.77",
  "t=0 0",
  "m=x-ms-message 5060 sip null",
  "",
].join("\r\n");

function rig(): TransferRig {
  return new TransferRig(undefined, "allow");
}

function b64(text: string | Buffer): string {
  return Buffer.from(text).toString("base64");
}

/** In the body of a MESSAGE. */
function body(text: string | Buffer, ...fields: readonly string[]): Sent {
  const type = "Content-Type: text/x-msmsgsinvite; charset=UTF-8";
  return { body: text, form: { fields: fields.length > 0 ? fields : [type] } };
}

/** In the header of an INVITE. */
function header(field: string): Sent {
  return {
    body: SDP,
    form: { method: "INVITE", fields: [field, "Content-Type: application/sdp"] },
  };
}

function inParts(part: string, encoding?: string, boundary = "b"): Sent {
  const content = `--${boundary}\r\n${part}\r\n--${boundary}--\r\n`;
  const field = `Content-Type: multipart/mixed;boundary=${boundary}`;
  return encoding === undefined
    ? body(content, field)
    : body(b64(content), field, `Content-Transfer-Encoding: ${encoding}`);
}

interface Sent {
  readonly body: string | Buffer;
  readonly form: RequestForm;
}

const TYPE = "text/x-msmsgsinvite";
const FORMAT = `${TYPE}; charset=UTF-8;ms-body=`;
const PART = `Content-Type: ${TYPE}\r\n\r\n${OFFER}`;
const OTHER_FILE = OFFER.replace("hello.txt", "other.txt");

const REFUSED: readonly (readonly [string, Sent])[] = [
  // The header.
  ["ms-text-format with a blank in ms-body", header(`ms-text-format: ${FORMAT}QXBw ${b64(OFFER)}`)],
  ["... with another alphabet", header(`ms-text-format: ${FORMAT}${b64(OFFER)}-_`)],
  [
    "... without its padding",
    header(`ms-text-format: ${FORMAT}${b64(`${OFFER}\r\n`).replace(/=*$/, "")}`),
  ],
  [
    "... with ms-body twice",
    header(`ms-text-format: ${FORMAT}${b64(OTHER_FILE)};ms-body=${b64(OFFER)}`),
  ],
  [
    "... with ms-body in another parameter",
    header(`ms-text-format: ${TYPE};msgr=ms-body=;ms-body=${b64(OFFER)}`),
  ],
  [
    "... with another charset",
    header(`ms-text-format: ${TYPE}; charset=UTF-16;ms-body=${b64(Buffer.from(OFFER, "utf16le"))}`),
  ],
  ["... folded", header(`ms-text-format: ${TYPE};\r\n ms-body=${b64(OFFER)}`)],
  [
    "... in capitals, and broken",
    header(`MS-TEXT-FORMAT: TEXT/X-MSMSGSINVITE; ms-body=${b64(OFFER)}=`),
  ],
  [
    "... beside an invitation in the body",
    {
      body: OTHER_FILE,
      form: { fields: [`ms-text-format: ${FORMAT}${b64(OFFER)}`, `Content-Type: ${TYPE}`] },
    },
  ],
  // The structure.
  ["two invitations in parts", inParts(`${PART}\r\n--b\r\n${PART.replace("hello", "other")}`)],
  [
    "a part in an alternative",
    inParts(`Content-Type: text/plain; charset=x-unheard-of\r\n\r\nx\r\n--b\r\n${PART}`),
  ],
  ["parts in base64", inParts(PART, "base64")],
  ["parts in base64, in capitals and folded", inParts(PART, "\r\n BASE64")],
  [
    "parts in base64 within parts",
    inParts(
      `Content-Type: multipart/mixed; boundary=c\r\nContent-Transfer-Encoding: base64\r\n\r\n${b64(`--c\r\n${PART}\r\n--c--\r\n`)}`,
    ),
  ],
  [
    "a name of the type in quoted-printable",
    inParts(
      `Content-Type: multipart/mixed; boundary=c\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n--c\r\nContent-Type: text/x-msmsgs=69nvite\r\n\r\n${OFFER}\r\n--c--`,
    ),
  ],
  ["an unknown coding", body(OFFER, `Content-Type: ${TYPE}`, "Content-Encoding: br")],
  ["another charset", body(Buffer.from(OFFER, "utf16le"), `Content-Type: ${TYPE}; charset=utf-16`)],
  ["UTF-7", body(OFFER, `Content-Type: ${TYPE}; charset=utf-7`)],
  ["a byte order mark", body(`\uFEFF${OFFER}`)],
  ["bytes that are no UTF-8", body(Buffer.concat([Buffer.from(OFFER), Buffer.from([0xff])]))],
  ["UTF-16 that calls itself UTF-8", body(Buffer.from(OFFER, "utf16le"))],
  ["another method", { body: OFFER, form: { method: "INFO", fields: [`Content-Type: ${TYPE}`] } }],
  // The lines.
  ["LF for line ends", body(OFFER.replaceAll("\r\n", "\n"))],
  ["CR for line ends", body(OFFER.replaceAll("\r\n", "\r"))],
  ["a bare LF in a name", body(OFFER.replace("hello", "a.exe\nhello"))],
  ["a line separator in a name", body(OFFER.replace("hello", "a.exe\u2028"))],
  ["a NUL in a name", body(OFFER.replace("hello", "a.exe\0"))],
  ["a tab before a value", body(OFFER.replace("File: hello", "File:\thello"))],
  ["a folded name", body(OFFER.replace("hello.txt", "hello.txt\r\n .exe"))],
  [
    "an empty line before the file",
    body(OFFER.replace("Application-File:", "\r\nApplication-File:")),
  ],
  [
    "a short line before the file",
    body(OFFER.replace("Application-File:", "x\r\nApplication-File:")),
  ],
  ["a line without a colon", body(`${OFFER}nothing\r\n`)],
  ["the file twice", body(`${OFFER}Application-File: a.exe\r\n`)],
  ["the file twice, in another case", body(`application-FILE: a.exe\r\n${OFFER}`)],
  ["the size twice", body(`${OFFER}Application-FileSize: 1\r\n`)],
  ["the command twice", body(`${OFFER}Invitation-Command: CANCEL\r\n`)],
  ["the cookie twice", body(`${OFFER}Invitation-Cookie: 1\r\n`)],
  ["Encryption twice", body(`${OFFER}Encryption: S\r\n`)],
  // The fields.
  ["another command", body(OFFER.replace("INVITE", "Invite"))],
  ["no cookie", body(OFFER.replace(/Invitation-Cookie.*\r\n/, ""))],
  ["a cookie that is no number", body(OFFER.replace("513756658", "5137566b8"))],
  ["no size", body(OFFER.replace(/Application-FileSize.*\r\n/, ""))],
  ["a negative size", body(OFFER.replace(": 27", ": -27"))],
  ["a size with a plus", body(OFFER.replace(": 27", ": +27"))],
  ["a size beyond 2^53", body(OFFER.replace(": 27", ": 9007199254740993"))],
  ["a size with a zero in front", body(OFFER.replace(": 27", ": 027"))],
  ["a size in hexadecimal", body(OFFER.replace(": 27", ": 0x1b"))],
  [
    "an unknown application that names no file",
    body(OFFER.replace("5D3E", "5D3F").replace(/Application-File:.*\r\n/, "")),
  ],
  ["no application, and no file", body(OFFER.replace(/Application-(?:GUID|File):.*\r\n/g, ""))],
  ["an address in the offer", body(`${OFFER}IP-Address: 192.0.2.10\r\nPort: 6891\r\n`)],
  ["an internal address in the offer", body(`${OFFER}ip-address-internal: 192.0.2.10\r\n`)],
];

describe("a file offer", () => {
  it.each(REFUSED)("is refused with %s", async (_what, { body: bytes, form }) => {
    const { outcome } = await rig().outcomeOf("alice", bytes, form);
    expect(outcome.kind).toBe("reply");
  });

  it.each([
    ["an empty file", offerOf("R").map((line) => line.replace(": 27", ": 0"))],
    [
      "a foreign application that names a file",
      offerOf("R").map((line) => line.replace("5D3E", "5D3F")),
    ],
    [
      "an application in small letters",
      offerOf("R").map((line) =>
        line
          .toLowerCase()
          .replace("invite", "INVITE")
          .replace(/^encryption: r/, "Encryption: R"),
      ),
    ],
  ])("is known as one of a file that goes through the relay: %s", async (_what, lines) => {
    const talk = rig();
    expect(
      await talk.sends(
        "alice",
        lines.map((line) =>
          line.replace(/^invitation-command: invite/, "Invitation-Command: INVITE"),
        ),
      ),
    ).toBeDefined();
    await talk.sends("bob", acceptOf(...KEYS));
    await talk.sends("alice", acceptOf(...ADDRESS));
    expect(talk.means.relay.opened).toHaveLength(1);
  });

  it.each([
    [
      "in the header, whatever its case",
      `Ms-Text-Format: TEXT/X-MsMsgsInvite; charset=utf-8;ms-body=${b64(OFFER)}`,
    ],
    ["in the header, without a charset", `ms-text-format: ${TYPE};ms-body=${b64(OFFER)}`],
  ])("is one %s", async (_what, field) => {
    const talk = rig();
    const { form, body: sdp } = header(field);
    expect((await talk.outcomeOf("alice", sdp, form)).passed).toBeDefined();
    await talk.sends("bob", acceptOf(...KEYS));
    await talk.sends("alice", acceptOf(...ADDRESS));
    expect(talk.means.relay.opened).toHaveLength(1);
  });
});

/** What the peers must not learn of each other. */
const SECRETS = /192\.0\.2\.10|10\.1\.2\.3|6891|11178|123456789|55555/;

/** Alice's offer, and Bob's answer to it, have passed. */
async function answered(): Promise<TransferRig> {
  const talk = rig();
  await talk.sends("alice", offerOf("R"));
  await talk.sends("bob", acceptOf(...KEYS));
  return talk;
}

const [IP = "", PORT = "", PORT_X = "", COOKIE = ""] = ADDRESS;

describe("an address in an ACCEPT", () => {
  it.each([
    ["as the known client writes it", ADDRESS],
    ["in another order and case", [COOKIE.toUpperCase(), PORT_X, PORT.toLowerCase(), IP]],
    ["with PortX alone", [IP, PORT_X, COOKIE]],
    ["with a PortX that is of another port", [IP, PORT, "PortX: 55555", COOKIE]],
    [
      "with internal ones beside it",
      [...ADDRESS, "IP-Address-Internal: 10.1.2.3", "PortX-Internal: 11178", "Port-Internal: 6891"],
    ],
    [
      "with fields that nobody knows",
      [...ADDRESS, "Context-Data: 10.1.2.3:6891", "X-Server: 10.1.2.3", "Session-ID: 55555"],
    ],
    [
      "with one of IPv6 in a field of its own",
      [...ADDRESS, "IPv6-Address: 2001:db8::1", "IP-Addresses: 10.1.2.3"],
    ],
  ])("is the relay's when it goes on, %s", async (_what, lines) => {
    const talk = await answered();
    const passed = await talk.sends("alice", acceptOf(...lines));
    expect(passed).toContain("198.51.100.5");
    expect(passed).toMatch(/port: 6893/i);
    expect(passed).not.toMatch(SECRETS);
    expect(passed).not.toContain("2001:db8");
    expect(talk.means.relay.opened).toMatchObject([
      { sender: { kind: "dial", address: "192.0.2.10", port: 6891 } },
    ]);
  });

  it.each([
    ["internal ones alone", ["IP-Address-Internal: 10.1.2.3", "PortX-Internal: 11178"]],
    ["a host name", ["IP-Address: peer.example", PORT, COOKIE]],
    ["IPv6", ["IP-Address: 2001:db8::1", PORT, COOKIE]],
    ["an octal number", ["IP-Address: 0300.0.2.10", PORT, COOKIE]],
    ["a decimal number", ["IP-Address: 3221225994", PORT, COOKIE]],
    ["three numbers", ["IP-Address: 192.0.522", PORT, COOKIE]],
    ["no port", [IP, COOKIE]],
    ["port 0", [IP, "Port: 0", COOKIE]],
    ["port 65536", [IP, "Port: 65536", COOKIE]],
    ["a port with a zero in front", [IP, "Port: 06891", COOKIE]],
    ["a port that is none beside a PortX that is one", [IP, "Port: x", PORT_X, COOKIE]],
    ["no AuthCookie", [IP, PORT]],
    ["an AuthCookie that is no number", [IP, PORT, "AuthCookie: 1x"]],
    ["an AuthCookie of eleven digits", [IP, PORT, "AuthCookie: 12345678901"]],
    ["two addresses", [...ADDRESS, "ip-address: 10.1.2.3"]],
    ["two ports", [...ADDRESS, "PORT: 55555"]],
    ["a name that clients might look for", ["Address: 10.1.2.3"]],
    ["a host", ["Host: 10.1.2.3", "Port: 6891"]],
    ["one key of two", [...ADDRESS, KEYS[0] ?? ""]],
  ])("is refused with %s", async (_what, lines) => {
    const talk = await answered();
    expect(await talk.sends("alice", acceptOf(...lines))).toBeUndefined();
    expect(talk.means.relay.opened).toEqual([]);
  });

  it.each([
    ["no offer before it", "alice", [], acceptOf(...ADDRESS)],
    [
      "an offer of another cookie",
      "alice",
      [["alice", offerOf("R")]],
      acceptOf(...ADDRESS).map((line) => line.replace("513756658", "513756659")),
    ],
    [
      "no answer of the receiver before it",
      "alice",
      [["alice", offerOf("R")]],
      acceptOf(...ADDRESS),
    ],
    [
      "another address than before",
      "alice",
      "open",
      acceptOf("IP-Address: 192.0.2.11", PORT, PORT_X, COOKIE),
    ],
    ["another port than before", "alice", "open", acceptOf(IP, "Port: 6892", COOKIE)],
    ["another AuthCookie than before", "alice", "open", acceptOf(IP, PORT, "AuthCookie: 55555")],
    [
      "one of the receiver beside that of the sender",
      "bob",
      "open",
      acceptOf(...KEYS, ...ADDRESS, "Sender-Connect: TRUE"),
    ],
  ] as const)("is refused with %s", async (_what, who, before, lines) => {
    const open = [
      ["alice", offerOf("R")],
      ["bob", acceptOf(...KEYS)],
      ["alice", acceptOf(...ADDRESS)],
    ] as const;
    const talk = rig();
    const steps: readonly (readonly [Person, readonly string[]])[] =
      before === "open" ? open : before;
    for (const [from, step] of steps) expect(await talk.sends(from, step)).toBeDefined();
    expect(await talk.sends(who, lines)).toBeUndefined();
    expect(talk.means.relay.opened).toHaveLength(before === "open" ? 1 : 0);
  });

  it("is refused in a CANCEL, where no client looks for one", async () => {
    const talk = await answered();
    const cancel = ["Invitation-Command: CANCEL", "Invitation-Cookie: 513756658"];
    expect(await talk.sends("alice", [...cancel, ...ADDRESS])).toBeUndefined();
    expect(await talk.sends("alice", [...cancel, "Cancel-Code: REJECT"])).toBeDefined();
  });
});

describe("a flood of offers", () => {
  it("ends at twenty that wait, whatever their cookies", async () => {
    const talk = rig();
    let passed = 0;
    for (let number = 1; number <= 200; number += 1) {
      const cookie = String(100_000 + number);
      const lines = offerOf("R").map((line) => line.replace("513756658", cookie));
      if ((await talk.sends("alice", lines)) !== undefined) passed += 1;
    }
    expect(passed).toBe(20);
  });
});
