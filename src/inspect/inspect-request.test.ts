import { deflateSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SipRequest } from "../wire/sip/message.ts";
import { parseDatagram } from "../wire/sip/parse-message.ts";
import { inspectMedia } from "./inspect-media.ts";
import { inspectRequest } from "./inspect-request.ts";
import type { Inspection } from "./inspection.ts";

const LIMITS = {
  linksPerMessage: 1000,
  mimeDepth: 10,
  attachmentBytes: 1_048_576,
  textBytes: 131_072,
};
const SIP_LIMITS = { maxHeadBytes: 65_536, maxHeaderCount: 200, maxBodyBytes: 2_097_152 };

interface Given {
  readonly method?: string;
  readonly type?: string | undefined;
  readonly headers?: readonly string[];
  readonly body?: string | Buffer;
}

function request(given: Given): SipRequest {
  const method = given.method ?? "MESSAGE";
  const body = Buffer.isBuffer(given.body) ? given.body : Buffer.from(given.body ?? "", "utf8");
  const head = [
    `${method} sip:bob@example.com SIP/2.0`,
    "Via: SIP/2.0/TCP 192.0.2.10:5060;branch=z9hG4bKtest",
    "Max-Forwards: 70",
    "From: <sip:alice@example.com>;tag=aa11",
    "To: <sip:bob@example.com>",
    "Call-ID: inspect@192.0.2.10",
    `CSeq: 1 ${method}`,
    ...(given.type === undefined ? [] : [`Content-Type: ${given.type}`]),
    ...(given.headers ?? []),
    `Content-Length: ${body.length}`,
    "",
    "",
  ].join("\r\n");
  const read = parseDatagram(Buffer.concat([Buffer.from(head, "utf8"), body]), SIP_LIMITS);
  if (!read.ok || read.value.kind !== "request") throw new Error(JSON.stringify(read));
  return read.value;
}

function inspected(given: Given): Inspection {
  const result = inspectRequest(request(given), LIMITS);
  if (!result.ok) throw new Error(`${result.problem.code}: ${result.problem.detail}`);
  return result.value;
}

function problemOf(given: Given, limits: Partial<typeof LIMITS> = {}): string {
  const result = inspectRequest(request(given), { ...LIMITS, ...limits });
  return result.ok ? "none" : result.problem.code;
}

const b64 = (text: string): string => Buffer.from(text, "utf8").toString("base64");
const crlf = (...lines: readonly string[]): string => lines.join("\r\n");

const INVITATION = crlf(
  "Application-Name: File Transfer",
  "Application-GUID: {5D3E02AB-6190-11d3-BBBB-00C04F795683}",
  "Invitation-Command: INVITE",
  "Invitation-Cookie: 513756658",
  "Application-File: hello.txt",
  "Application-FileSize: 27",
  "Encryption: R",
  "",
);

const CHAT_SDP = crlf(
  "v=0",
  "o=- 0 0 IN IP4 192.0.2.10",
  "s=session",
  "c=IN IP4 192.0.2.10",
  "t=0 0",
  "m=x-ms-message 5060 sip null",
  "a=accept-types:text/plain text/x-msmsgsinvite",
  "",
);

function multipart(boundary: string, ...parts: readonly string[]): string {
  return `${parts.map((part) => `--${boundary}\r\n${part}\r\n`).join("")}--${boundary}--\r\n`;
}

describe("inspectRequest", () => {
  it("reads the text of a message with its place and its links", () => {
    const given = { type: "text/plain", body: "see http://www.example.net/setup.exe" };
    const { texts, links, signed } = inspected(given);
    expect(texts).toHaveLength(1);
    const [text] = texts;
    expect(text).toMatchObject({
      type: "text/plain",
      carrier: "body",
      charset: "utf-8",
      markup: false,
    });
    const bytes = request(given).bytes;
    expect(bytes.toString("utf8", text?.start, text?.end)).toBe(given.body);
    expect(links).toMatchObject([
      { part: 0, start: 4, host: "www.example.net", pathExtensions: ["exe"], attribute: false },
    ]);
    expect(signed).toBe(false);
  });

  it("reads the first message of a session from ms-text-format, whatever the case of its name", () => {
    for (const name of ["ms-text-format", "Ms-Text-Format", "MS-TEXT-FORMAT"]) {
      const given = {
        method: "INVITE",
        type: "application/sdp",
        headers: [
          `${name}: Text/Plain; charset=UTF-8;msgr=WAAtAE0ATQBTAC0ASQBNAC0ARgBvAHIAbQBhAHQAOgAgAEYATgA9AE0AUwAlADIAMABTAGgAZQBsAGwAJQAyADAARABsAGcAOwAgAEUARgA9ADsAIABDAE8APQAwADsAIABDAFMAPQAwADsAIABQAEYAPQAwAA0ACgANAAoA;ms-body=${b64("see http://www.example.net/setup.exe")}`,
        ],
        body: CHAT_SDP,
      };
      const { texts, links, media } = inspected(given);
      expect(texts).toMatchObject([
        { type: "text/plain", carrier: "ms-text-format", transferEncoding: "base64" },
      ]);
      const bytes = request(given).bytes.toString("latin1", texts[0]?.start, texts[0]?.end);
      expect(Buffer.from(bytes, "base64").toString()).toBe(texts[0]?.text);
      expect(links[0]?.pathExtensions).toEqual(["exe"]);
      expect(media).toMatchObject([{ kinds: ["chat"], port: 5060 }]);
    }
  });

  it("takes a file invitation for an offer in a body, in ms-text-format and in a part", () => {
    const offer = {
      channel: "msnftp",
      size: 27,
      cookie: "513756658",
      name: { normalized: "hello.txt", extensions: ["txt"] },
    };
    const type = "text/x-msmsgsinvite; charset=UTF-8";
    expect(inspected({ type, body: INVITATION }).offers).toMatchObject([
      { ...offer, carrier: "body" },
    ]);
    const header = `ms-text-format: text/x-msmsgsinvite; charset=UTF-8;ms-body=${b64(INVITATION)}`;
    expect(
      inspected({ method: "INVITE", type: "application/sdp", headers: [header], body: CHAT_SDP })
        .offers,
    ).toMatchObject([{ ...offer, carrier: "ms-text-format" }]);
    const part = `Content-Type: ${type}\r\nContent-Transfer-Encoding: base64\r\n\r\n${b64(INVITATION).replaceAll(/(.{76})/g, "$1\r\n")}`;
    expect(
      inspected({ type: "multipart/mixed; boundary=b", body: multipart("b", part) }).offers,
    ).toMatchObject([offer]);
  });

  it("lets ACCEPT and CANCEL pass, but not with a file or a foreign application in them", () => {
    const type = "text/x-msmsgsinvite";
    const accept = crlf(
      "Invitation-Command: ACCEPT",
      "Request-Data: IP-Address:",
      "Invitation-Cookie: 5",
      "",
    );
    expect(inspected({ type, body: accept }).offers).toEqual([]);
    expect(inspected({ type, body: `${accept}Application-File: a.exe\r\n` }).offers).toHaveLength(
      1,
    );
    const foreign = `${accept}Application-GUID: {00000000-0000-0000-0000-000000000001}\r\n`;
    expect(inspected({ type, body: foreign })).toMatchObject({
      offers: [],
      application: { kinds: ["unknown"], cookie: "5" },
    });
    const cancel = foreign.replace("ACCEPT", "CANCEL");
    expect(inspected({ type, body: cancel })).toMatchObject({ offers: [], application: undefined });
  });

  it("tells a NetMeeting invitation as T.120, but not when it names a file", () => {
    const body = crlf(
      "Application-Name: NetMeeting",
      "Application-GUID: {44BBA842-CC51-11CF-AAFA-00AA00B6015C}",
      "Session-Protocol: SM1",
      "Invitation-Command: INVITE",
      "Invitation-Cookie: 77001",
      "",
    );
    const type = "text/x-msmsgsinvite";
    expect(inspected({ type, body }).offers).toMatchObject([{ channel: "t120" }]);
    const named = inspected({ type, body: `${body}Application-File: x.exe\r\n` });
    expect(named.offers).toMatchObject([{ channel: "msnftp" }]);
    expect(named.application).toBeUndefined();
  });

  it.each([
    ["{44BBA842-CC51-11CF-AAFA-00AA00B6015C}", ["netmeeting", "t120"], ["t120"]],
    ["{F1B1920C-6A3C-4ce7-B18C-AFAB305FD03D}", ["app_sharing", "t120"], ["t120"]],
    ["{1DF57D09-637A-4ca5-91B9-2C3EDAAF62FE}", ["whiteboard", "t120"], ["t120"]],
    ["{56b994a7-380f-410b-9985-c809d78c1bdc}", ["remote_assistance"], []],
    ["{02D3C01F-BF30-4825-A83A-DE7AF41648AA}", ["audio", "video"], []],
    ["{2A23868E-B45F-401d-B8B0-1E16B774A5B7}", ["webcam", "video"], []],
    ["{00000000-0000-0000-0000-000000000001}", ["unknown"], []],
    ["44BBA842-CC51-11CF-AAFA-00AA00B6015C", ["unknown"], []],
    ["{5d3e02ab-6190-11d3-bbbb-00c04f795683}", undefined, ["msnftp"]],
  ])("tells the application of an invitation by its GUID %s", (guid, kinds, channels) => {
    const body = crlf(
      `Application-GUID: ${guid}`,
      "Invitation-Command: INVITE",
      "Invitation-Cookie: 77001",
      "",
    );
    const { application, offers } = inspected({ type: "text/x-msmsgsinvite", body });
    expect(application?.kinds).toEqual(kinds);
    expect(offers.map(({ channel }) => channel)).toEqual(channels);
  });

  it("reads a Lync transfer: offer by name and size, media line", () => {
    const xml =
      '<request xmlns="http://schemas.microsoft.com/rtc/2009/05/filetransfer" requestId="1"><publishFile><fileInfo><id>{1}</id><name>invoice.pdf.exe</name><size>5000</size></fileInfo></publishFile></request>';
    const sdp = crlf(
      "v=0",
      "o=- 0 0 IN IP4 192.0.2.10",
      "s=session",
      "t=0 0",
      "m=data 50002 TCP/RTP/SAVP 127",
      "a=sendonly",
      "",
    );
    const body = multipart(
      "----=_NextPart_1",
      `Content-Type: application/ms-filetransfer+xml\r\nContent-Transfer-Encoding: 7bit\r\nContent-Disposition: render; handling=optional\r\n\r\n${xml}`,
      `Content-Type: application/sdp\r\nContent-Disposition: session; handling=optional\r\n\r\n${sdp}`,
    );
    const given = { method: "INVITE", type: 'multipart/mixed;boundary="----=_NextPart_1"', body };
    const { offers, media, attachments } = inspected(given);
    expect(offers).toMatchObject([
      {
        channel: "lync-ft",
        size: 5000,
        name: { normalized: "invoice.pdf.exe", doubleExtension: true },
      },
    ]);
    expect(attachments).toEqual([]);
    expect(media).toMatchObject([{ kinds: ["file"], port: 50_002 }]);
    const bytes = request(given).bytes;
    expect(bytes.toString("latin1", media[0]?.portStart, media[0]?.portEnd)).toBe("50002");
    const progress =
      '<notify xmlns="x"><fileTransferProgress><transferId>1</transferId></fileTransferProgress></notify>';
    expect(
      inspected({ method: "INFO", type: "application/ms-filetransfer+xml", body: progress }).offers,
    ).toEqual([]);
  });

  it("reads an RCS file by HTTP, with or without a readable name", () => {
    const type = "application/vnd.gsma.rcs-ft-http+xml";
    const xml =
      '<?xml version="1.0" encoding="UTF-8"?><file><file-info type="thumbnail"><file-size>10</file-size><content-type>image/png</content-type></file-info>' +
      '<file-info type="file"><file-size>1234</file-size><file-name>a&amp;b.apk</file-name><content-type>application/vnd.android.package-archive</content-type><data url="https://ft.example/x" until="2030-01-01T00:00:00Z"/></file-info></file>';
    expect(inspected({ type, body: xml }).offers).toMatchObject([
      { channel: "rcs-http", size: 1234, name: { normalized: "a&b.apk", extensions: ["apk"] } },
    ]);
    expect(inspected({ type, body: "<!DOCTYPE x><file/>" }).offers).toMatchObject([
      { channel: "rcs-http", name: { raw: "" }, size: undefined },
    ]);
  });

  it("names media by kind and a file selector as an offer", () => {
    const sdp = crlf(
      "v=0",
      "o=- 0 0 IN IP4 192.0.2.10",
      "s=-",
      "t=0 0",
      "m=audio 4000 RTP/AVP 0",
      "m=video 4002 RTP/AVP 96",
      "m=message 2855 TCP/MSRP *",
      "a=path:msrp://192.0.2.10:2855/x;tcp",
      'a=file-selector:name:"Bill%20.exe" type:application/x-msdownload size:4092',
      "m=message 2856 TCP/TLS/MSRP *",
      "m=message 5060 sip null",
      "m=application 1503 tcp msdata",
      "m=applicationsharing 5000 TCP/RTP/SAVP 127",
      "m=image 5002 udptl t38",
      "",
    );
    const { media, offers } = inspected({ method: "INVITE", type: "application/sdp", body: sdp });
    expect(media.map((line) => line.kinds)).toEqual([
      ["audio"],
      ["video"],
      ["msrp", "file"],
      ["msrp"],
      ["chat"],
      ["t120"],
      ["app_sharing"],
      ["audio"],
    ]);
    expect(offers).toMatchObject([
      {
        channel: "msrp",
        size: 4092,
        declaredType: "application/x-msdownload",
        name: { extensions: ["exe"] },
      },
    ]);
  });

  it("judges every part of an alternative: the link is in the html alone", () => {
    const body = multipart(
      "----=_alt_1",
      "Content-Type: text/plain; charset=UTF-8\r\n\r\nsee the intranet page",
      'Content-Type: text/html; charset=UTF-8\r\n\r\n<a href="http://www.example.net/setup.exe">the intranet page</a>',
    );
    const { texts, links } = inspected({
      type: 'multipart/alternative; boundary="----=_alt_1"',
      body,
    });
    expect(texts.map((text) => text.shown)).toEqual(["see the intranet page", "the intranet page"]);
    expect(links).toMatchObject([{ part: 1, attribute: true, pathExtensions: ["exe"] }]);
  });

  it("decodes quoted-printable and base64 parts, and says how they stand", () => {
    const body = multipart(
      "b",
      "Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nsch=F6n =68ttp://evil.example",
      `Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n${b64("www.evil.example")}`,
    );
    const { texts, links } = inspected({ type: "multipart/mixed; boundary=b", body });
    expect(texts.map((text) => [text.transferEncoding, text.charset, text.text])).toEqual([
      ["quoted-printable", "iso-8859-1", "schön http://evil.example"],
      ["base64", "utf-8", "www.evil.example"],
    ]);
    expect(links.map((link) => link.part)).toEqual([0, 1]);
  });

  it.each([
    ["cp037", Buffer.from("88a3a3977a6161a5a64ba7", "hex")],
    ["utf-7", Buffer.from("+AGgAdAB0AHA-://vw.x/")],
    ["utf-32be", Buffer.from("http://vw.x/".replaceAll(/./g, "\0\0\0$&"))],
    ["utf-16", Buffer.from("http://vw.x/", "utf16le")],
    ["iso-2022-jp", Buffer.from("\x1b$B4A\x1b(Bhttp://vw.x/")],
    ["gbk", Buffer.from("c4e320687474703a2f2f76772e782f", "hex")],
    // not known to the receiver, a text of its own
    ["shift_jis", Buffer.from("\x81http://vw.x/", "latin1")],
    ["utf-8", Buffer.from("+ADw-a href=+ACI-http://vw.x/+ACI")],
    ["us-ascii", Buffer.from("\x1b(Jhttp://vw.x/\x1b(B")],
  ])("finds a link in %s, however a reader takes the bytes", (charset, body) => {
    const { links } = inspected({ type: `text/plain; charset=${charset}`, body });
    expect(links.map((link) => link.scheme)).toContain("http");
  });

  it("bears the charset that a program for HTML writes into everything", () => {
    const meta = '<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-1">';
    expect(inspected({ type: "text/html", body: `${meta}é` }).texts).toHaveLength(1);
  });

  it("reads UTF-16 with a byte order mark", () => {
    const body = Buffer.concat([
      Buffer.from([0xff, 0xfe]),
      Buffer.from("http://evil.example/", "utf16le"),
    ]);
    const { texts, links } = inspected({ type: "text/plain; charset=UTF-16", body });
    expect(texts[0]?.charset).toBe("utf-16le");
    expect(links).toMatchObject([{ start: 1, host: "evil.example" }]);
  });

  it("looks into CPIM, also in CPIM, and names the length fields that an edit must change", () => {
    const inner = "Content-Type: text/plain\r\nContent-Length: 18\r\n\r\nhttp://evil.example";
    const text = inner.replace("18", "19");
    const cpim = `From: <sip:a@x>\r\nTo: <sip:b@y>\r\nNS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: 1\r\n\r\n${text}`;
    const type = "Message/CPIM";
    const given = { type, body: cpim };
    const read = inspected(given);
    expect(read.links).toHaveLength(1);
    const field = read.texts[0]?.lengthFields?.[0];
    expect(request(given).bytes.toString("latin1", field?.start, field?.end)).toBe("19");
    const twice = `From: <sip:a@x>\r\n\r\nContent-Type: message/cpim\r\n\r\n${cpim}`;
    expect(inspected({ type, body: twice }).links).toHaveLength(1);
    const { wrongLengths } = inspected({ type, body: cpim.replace("19", "18") });
    expect(wrongLengths).toMatchObject([{ by: 1, around: [] }]);
  });

  it("takes what is not text for an attachment, and a text with a file name for both", () => {
    expect(inspected({ type: "image/gif", body: "GIF89a" }).attachments).toMatchObject([
      { declaredType: "image/gif", name: { raw: "" } },
    ]);
    const named = { type: "text/plain; name=run.vbs", body: "MsgBox 1" };
    expect(inspected(named).texts).toHaveLength(1);
    expect(inspected(named).attachments).toMatchObject([{ name: { extensions: ["vbs"] } }]);
    const disposed = {
      type: "text/plain",
      headers: ["Content-Disposition: attachment"],
      body: "x",
    };
    expect(inspected(disposed).attachments).toHaveLength(1);
  });

  it("judges every name that a reader may give to one attachment", () => {
    const part =
      "Content-Type: application/octet-stream; name=a.txt\r\n" +
      "Content-Disposition: attachment; filename=b.jpg; filename*=utf-8''c%2Eexe\r\n\r\nx";
    const { attachments } = inspected({
      type: "multipart/mixed; boundary=b",
      body: multipart("b", part),
    });
    expect(new Set(attachments.flatMap((file) => file.name.extensions))).toEqual(
      new Set(["txt", "jpg", "exe"]),
    );
  });

  it("reads inside a signature and says that it is signed", () => {
    const body = multipart(
      "b",
      "Content-Type: text/plain\r\n\r\nhttp://evil.example",
      "Content-Type: application/pkcs7-signature\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA",
    );
    const read = inspected({
      type: 'multipart/signed; boundary=b; protocol="application/pkcs7-signature"',
      body,
    });
    expect(read.signed).toBe(true);
    expect(read.links).toHaveLength(1);
  });

  it.each([
    ["application/pkcs7-mime; smime-type=enveloped-data", "x"],
    ["multipart/encrypted; boundary=b", "anything"],
    ["application/pgp-encrypted", "Version: 1"],
    ["text/plain", "?OTR:AAMC"],
    ["text/html", "<p>?OTRv23?</p>"],
    ["text/plain", "hi\r\n-----BEGIN PGP MESSAGE-----\r\n"],
  ])("says that %s is opaque", (type, body) => {
    expect(inspected({ type, body }).opaque).toHaveLength(1);
  });

  it.each([
    [
      "application/im-iscomposing+xml",
      '<?xml version="1.0"?><isComposing xmlns="urn:ietf:params:xml:ns:im-iscomposing"><state>active</state></isComposing>',
    ],
    ["application/xml", '<KeyboardActivity><status status="type"/></KeyboardActivity>'],
    ["message/imdn+xml", "<imdn><message-id>1</message-id></imdn>"],
  ])("lets a small %s pass unlisted, a large or strange one is a file", (type, body) => {
    const read = inspected({ method: "INFO", type, body });
    expect([read.texts, read.attachments]).toEqual([[], []]);
    expect(
      inspected({ method: "INFO", type, body: body + " ".repeat(4100) }).attachments,
    ).toHaveLength(1);
    expect(inspected({ method: "INFO", type, body: "<other/>" }).attachments).toHaveLength(1);
  });

  it("bears a message without a body", () => {
    expect(inspected({}).texts).toEqual([]);
    expect(inspected({ type: "text/plain" }).texts).toEqual([]);
  });

  it("never throws on broken structures", () => {
    const seeds = [
      [
        "multipart/mixed; boundary=b",
        multipart("b", "Content-Type: text/html\r\n\r\n<a href=x>", "\r\nplain"),
      ],
      ["message/cpim", "From: <sip:a@x>\r\n\r\nContent-Type: text/plain\r\n\r\nhi"],
      ["text/x-msmsgsinvite", INVITATION],
      ["application/sdp", CHAT_SDP],
      ["text/html", '<a href="http://a.example/&#x41;">&copy<b>x</b></a><!-- x -->'],
      ["text/plain", "http://a.example www.b.example \\\\c\\d"],
      [
        "application/vnd.gsma.rcs-ft-http+xml",
        "<file><file-info><file-name>x</file-name></file-info></file>",
      ],
    ] as const;
    const edit = fc.tuple(fc.nat(400), fc.nat(12), fc.string({ unit: "binary", maxLength: 6 }));
    fc.assert(
      fc.property(
        fc.constantFrom(...seeds),
        fc.array(edit, { maxLength: 6 }),
        ([type, seed], edits) => {
          let body: string = seed;
          for (const [at, cut, text] of edits)
            body = body.slice(0, at) + text + body.slice(at + cut);
          const bytes = Buffer.from(body, "latin1");
          const result = inspectRequest(request({ type, body: bytes }), LIMITS);
          expect(result.ok || result.problem.code.length > 0).toBe(true);
          const headers = ["Content-Encoding: deflate"];
          const same = inspectRequest(request({ type, headers, body: deflateSync(bytes) }), LIMITS);
          expect(same.ok || same.problem).toEqual(result.ok || result.problem);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe("inspectRequest on malformed and lying bodies", () => {
  const PNG = "Content-Type: image/png\r\n\r\nx";
  const mixed = "multipart/mixed; boundary=b";
  const nested = (depth: number): string =>
    depth === 0
      ? "Content-Type: text/plain\r\n\r\nx"
      : `Content-Type: multipart/mixed; boundary=n${depth}n\r\n\r\n${multipart(`n${depth}n`, nested(depth - 1)).trimEnd()}`;
  const cases: readonly (readonly [title: string, code: string, given: Given])[] = [
    ["no type", "body-without-type", { body: "x" }],
    ["an empty type", "body-without-type", { type: "", body: "x" }],
    ["a type without subtype", "bad-media-type", { type: "text", body: "x" }],
    ["a type with a blank", "bad-media-type", { type: "text /plain", body: "x" }],
    ["text after the type", "bad-parameter", { type: "text/plain charset=utf-8", body: "x" }],
    [
      "a parameter twice",
      "duplicate-parameter",
      { type: "text/plain; charset=utf-8; Charset=utf-7", body: "x" },
    ],
    ["a blank before =", "bad-parameter", { type: "text/plain; charset =utf-8", body: "x" }],
    ["a blank after =", "bad-parameter", { type: "text/plain; charset= utf-8", body: "x" }],
    ["an open quote", "bad-parameter", { type: 'text/plain; charset="utf-8', body: "x" }],
    ["a parameter without value", "bad-parameter", { type: "text/plain; charset", body: "x" }],
    ["an empty parameter", "bad-parameter", { type: "text/plain;; charset=utf-8", body: "x" }],
    ["a comment in the type", "bad-parameter", { type: "text/plain (hello)", body: "x" }],
    [
      "a split charset",
      "bad-parameter",
      { type: "text/plain; charset*0=utf; charset*1=-8", body: "x" },
    ],
    [
      "an extended boundary",
      "bad-parameter",
      { type: "multipart/mixed; boundary*=us-ascii''b", body: "x" },
    ],
    [
      "a name in an unknown charset",
      "bad-parameter",
      { type: "image/png; name*=scsu''x", body: "x" },
    ],
    ["a name without charset", "bad-parameter", { type: "image/png; name*=x", body: "x" }],
    ["a piece numbered 01", "bad-parameter", { type: "image/png; name*01=x", body: "x" }],
    [
      "a bad disposition",
      "bad-disposition",
      { type: "image/png", headers: ["Content-Disposition: ;x=y"], body: "x" },
    ],
    [
      "a file name twice",
      "duplicate-parameter",
      {
        type: "image/png",
        headers: ["Content-Disposition: attachment; filename=a; filename=b"],
        body: "x",
      },
    ],
    [
      "what is no gzip",
      "broken-content-encoding",
      { type: "text/plain", headers: ["Content-Encoding: gzip"], body: "x" },
    ],
    [
      "what is no deflate, in compact form",
      "broken-content-encoding",
      { type: "text/plain", headers: ["e: deflate"], body: "x" },
    ],
    [
      "an unknown coding",
      "content-encoding",
      { type: "text/plain", headers: ["Content-Encoding: br"], body: "x" },
    ],
    [
      "a charset beneath a coding that nobody knows",
      "unknown-charset",
      {
        type: "text/plain;charset=x-secret",
        headers: ["Content-Encoding: deflate"],
        body: deflateSync("x"),
      },
    ],
    [
      "base64 of the whole body",
      "top-level-transfer-encoding",
      { type: "text/plain", headers: ["Content-Transfer-Encoding: base64"], body: "eA==" },
    ],
    [
      "quoted-printable of the whole body",
      "top-level-transfer-encoding",
      { type: "text/plain", headers: ["Content-Transfer-Encoding: quoted-printable"], body: "x" },
    ],
    [
      "an unknown encoding of the whole body",
      "top-level-transfer-encoding",
      { type: "text/plain", headers: ["Content-Transfer-Encoding: x-uuencode"], body: "x" },
    ],
    ["broken UTF-7", "bad-encoding", { type: "text/plain; charset=utf-7", body: "+AGh-" }],
    ["broken UTF-32", "bad-encoding", { type: "text/plain; charset=utf-32", body: "x" }],
    ["SCSU", "unknown-charset", { type: "text/plain; charset=scsu", body: "x" }],
    ["ISO-2022-KR", "unknown-charset", { type: "text/plain; charset=iso-2022-kr", body: "x" }],
    [
      "HTML that calls itself UTF-7",
      "ambiguous-charset",
      {
        type: "text/html",
        body: '<meta http-equiv="Content-Type" content="text/html; charset=utf-7">',
      },
    ],
    [
      "HTML that calls itself Shift_JIS",
      "ambiguous-charset",
      { type: "text/html; charset=utf-8", body: "<META CHARSET=shift_jis>" },
    ],
    [
      "a charset that is none",
      "unknown-charset",
      { type: 'text/plain; charset="utf-8 x"', body: "x" },
    ],
    ["an empty charset", "unknown-charset", { type: 'text/plain; charset=""', body: "x" }],
    [
      "bytes that are not UTF-8",
      "bad-encoding",
      { type: "text/plain", body: Buffer.from([0x68, 0xff]) },
    ],
    ["an overlong slash", "bad-encoding", { type: "text/plain", body: Buffer.from([0xc0, 0xaf]) }],
    [
      "a surrogate in UTF-8",
      "bad-encoding",
      { type: "text/plain", body: Buffer.from([0xed, 0xa0, 0x80]) },
    ],
    ["high bytes in us-ascii", "bad-encoding", { type: "text/plain; charset=us-ascii", body: "é" }],
    [
      "half a unit of UTF-16",
      "bad-encoding",
      { type: "text/plain; charset=utf-16le", body: "abc" },
    ],
    [
      "a lone surrogate",
      "bad-encoding",
      { type: "text/plain; charset=utf-16le", body: Buffer.from([0x00, 0xd8]) },
    ],
    [
      "UTF-16 without mark",
      "ambiguous-charset",
      { type: "text/plain; charset=utf-16", body: "abcd" },
    ],
    [
      "UTF-16 with the other mark",
      "ambiguous-charset",
      { type: "text/plain; charset=utf-16be", body: Buffer.from([0xff, 0xfe, 0x41, 0]) },
    ],
    [
      "Latin-1 with a mark of UTF-16",
      "ambiguous-charset",
      { type: "text/plain; charset=iso-8859-1", body: Buffer.from([0xff, 0xfe, 0x41, 0]) },
    ],
    [
      "Latin-1 with a mark of UTF-8",
      "ambiguous-charset",
      { type: "text/plain; charset=iso-8859-1", body: Buffer.from([0xef, 0xbb, 0xbf, 0x41]) },
    ],
    [
      "undeclared UTF-16",
      "nul-in-text",
      { type: "text/plain", body: Buffer.from("http://x", "utf16le") },
    ],
    ["a NUL in the text", "nul-in-text", { type: "text/plain", body: "ht\0tp://x" }],
    ["a NUL in html", "nul-in-text", { type: "text/html", body: "<a hr\0ef=x>" }],
    [
      "a whole message inside",
      "unsupported-message-type",
      { type: "message/rfc822", body: "Subject: x\r\n\r\nx" },
    ],
    ["a SIP message inside", "unsupported-message-type", { type: "message/sip", body: "x" }],
    [
      "a SIP fragment",
      "unsupported-message-type",
      { type: "message/sipfrag", body: "SIP/2.0 200 OK" },
    ],
    [
      "an external body",
      "unsupported-message-type",
      { type: "message/external-body; access-type=URL", body: "x" },
    ],
    ["a partial message", "unsupported-message-type", { type: "message/partial; id=1", body: "x" }],
    ["no boundary", "bad-boundary", { type: "multipart/mixed", body: "x" }],
    [
      "an empty boundary",
      "bad-boundary",
      { type: 'multipart/mixed; boundary=""', body: "--\r\n\r\nx\r\n----" },
    ],
    [
      "a boundary of 71 characters",
      "bad-boundary",
      { type: `multipart/mixed; boundary=${"b".repeat(71)}`, body: "x" },
    ],
    [
      "a boundary that ends with a blank",
      "bad-boundary",
      { type: 'multipart/mixed; boundary="b "', body: "x" },
    ],
    [
      "a boundary with an escaped quote",
      "bad-boundary",
      { type: 'multipart/mixed; boundary="b\\"c"', body: "x" },
    ],
    [
      "a boundary with a star",
      "bad-boundary",
      { type: "multipart/mixed; boundary=b*c", body: "x" },
    ],
    ["no boundary line", "missing-boundary-line", { type: mixed, body: "hello" }],
    ["no part", "missing-boundary-line", { type: mixed, body: "--b--\r\n" }],
    ["no last boundary", "missing-closing-boundary", { type: mixed, body: `--b\r\n${PNG}` }],
    [
      "a boundary in other case at the end",
      "missing-closing-boundary",
      { type: mixed, body: `--b\r\n${PNG}\r\n--B--` },
    ],
    [
      "a last boundary with one dash",
      "ambiguous-boundary",
      { type: mixed, body: `--b\r\n${PNG}\r\n--b-\r\n` },
    ],
    [
      "text after a boundary",
      "ambiguous-boundary",
      { type: mixed, body: `--bx\r\n${PNG}\r\n--b--` },
    ],
    [
      "blanks after a boundary",
      "ambiguous-boundary",
      { type: mixed, body: `--b \r\n${PNG}\r\n--b--` },
    ],
    [
      "a boundary after a bare LF",
      "ambiguous-boundary",
      { type: mixed, body: `--b\r\n${PNG}\n--b\r\n${PNG}\r\n--b--` },
    ],
    [
      "a boundary after a bare CR",
      "ambiguous-boundary",
      { type: mixed, body: `--b\r\n${PNG}\r--b\r\n${PNG}\r\n--b--` },
    ],
    [
      "a boundary line that ends with LF",
      "ambiguous-boundary",
      { type: mixed, body: `--b\n${PNG}\r\n--b--` },
    ],
    [
      "a boundary inside a line",
      "ambiguous-boundary",
      { type: mixed, body: `--b\r\n${PNG} --b--\r\n--b--` },
    ],
    [
      "text before the first boundary",
      "multipart-preamble",
      { type: mixed, body: `http://evil.example\r\n--b\r\n${PNG}\r\n--b--` },
    ],
    [
      "text after the last boundary",
      "multipart-epilogue",
      { type: mixed, body: `--b\r\n${PNG}\r\n--b--\r\nhttp://evil.example` },
    ],
    [
      "a part after the last boundary",
      "multipart-epilogue",
      { type: mixed, body: `--b\r\n${PNG}\r\n--b--\r\n--b\r\n${PNG}\r\n--b--` },
    ],
    [
      "a boundary that begins the outer one",
      "ambiguous-boundary",
      {
        type: "multipart/mixed; boundary=bb",
        body: multipart("bb", `Content-Type: multipart/mixed; boundary=b\r\n\r\nx`),
      },
    ],
    [
      "the same boundary inside",
      "ambiguous-boundary",
      { type: mixed, body: multipart("b", `Content-Type: multipart/mixed; boundary=b\r\n\r\nx`) },
    ],
    [
      "a part without a blank line",
      "broken-part-header",
      { type: mixed, body: "--b\r\nContent-Type: text/plain\r\n--b--" },
    ],
    [
      "a part header without colon",
      "broken-part-header",
      { type: mixed, body: multipart("b", "Content-Type text/plain\r\n\r\nx") },
    ],
    [
      "a blank before a colon",
      "broken-part-header",
      { type: mixed, body: multipart("b", "Content-Type : text/plain\r\n\r\nx") },
    ],
    [
      "a part header with LF",
      "broken-part-header",
      { type: mixed, body: multipart("b", "Content-Type: text/plain\nX: y\r\n\r\nx") },
    ],
    [
      "a part header with CR",
      "broken-part-header",
      { type: mixed, body: multipart("b", "Content-Type: text/plain\rX: y\r\n\r\nx") },
    ],
    [
      "a part header with NUL",
      "broken-part-header",
      { type: mixed, body: multipart("b", "Content-Type: text/plain\0\r\n\r\nx") },
    ],
    [
      "a part that begins with a fold",
      "broken-part-header",
      { type: mixed, body: multipart("b", " x\r\n\r\ny") },
    ],
    [
      "a fold of blanks",
      "broken-part-header",
      { type: mixed, body: multipart("b", "Content-Type: text/plain\r\n \r\nX: y\r\n\r\nz") },
    ],
    [
      "Content-Type twice in a part",
      "duplicate-part-header",
      {
        type: mixed,
        body: multipart("b", "Content-Type: text/plain\r\ncontent-type: text/html\r\n\r\nx"),
      },
    ],
    [
      "two transfer encodings in a part",
      "duplicate-part-header",
      {
        type: mixed,
        body: multipart(
          "b",
          "Content-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: base64\r\n\r\nx",
        ),
      },
    ],
    [
      "a lying Content-Length in a part",
      "part-content-length",
      { type: mixed, body: multipart("b", "Content-Length: 2\r\n\r\nx") },
    ],
    [
      "a Content-Length that is none",
      "part-content-length",
      { type: mixed, body: multipart("b", "Content-Length: +1\r\n\r\nx") },
    ],
    [
      "gzip in a part",
      "content-encoding",
      { type: mixed, body: multipart("b", "Content-Encoding: gzip\r\n\r\nx") },
    ],
    [
      "an unknown transfer encoding",
      "unknown-transfer-encoding",
      { type: mixed, body: multipart("b", "Content-Transfer-Encoding: uuencode\r\n\r\nx") },
    ],
    [
      "junk in base64",
      "bad-transfer-encoding",
      { type: mixed, body: multipart("b", "Content-Transfer-Encoding: base64\r\n\r\nZXZ-pbA==") },
    ],
    [
      "padding inside base64",
      "bad-transfer-encoding",
      { type: mixed, body: multipart("b", "Content-Transfer-Encoding: base64\r\n\r\neA==eA==") },
    ],
    [
      "missing padding",
      "bad-transfer-encoding",
      { type: mixed, body: multipart("b", "Content-Transfer-Encoding: base64\r\n\r\neA") },
    ],
    [
      "stray bits in base64",
      "bad-transfer-encoding",
      { type: mixed, body: multipart("b", "Content-Transfer-Encoding: base64\r\n\r\neB==") },
    ],
    [
      "LF in base64",
      "bad-transfer-encoding",
      { type: mixed, body: multipart("b", "Content-Transfer-Encoding: base64\r\n\r\neHh4\neHh4") },
    ],
    [
      "a broken escape",
      "bad-transfer-encoding",
      {
        type: mixed,
        body: multipart("b", "Content-Transfer-Encoding: quoted-printable\r\n\r\n=6"),
      },
    ],
    [
      "an escape in small letters",
      "bad-transfer-encoding",
      {
        type: mixed,
        body: multipart("b", "Content-Transfer-Encoding: quoted-printable\r\n\r\n=3d"),
      },
    ],
    [
      "a blank at the end of a line",
      "bad-transfer-encoding",
      {
        type: mixed,
        body: multipart("b", "Content-Transfer-Encoding: quoted-printable\r\n\r\na \r\nb"),
      },
    ],
    [
      "raw bytes in quoted-printable",
      "bad-transfer-encoding",
      { type: mixed, body: multipart("b", "Content-Transfer-Encoding: quoted-printable\r\n\r\né") },
    ],
    [
      "a multipart in base64",
      "encoded-composite",
      {
        type: mixed,
        body: multipart(
          "b",
          "Content-Type: multipart/mixed; boundary=c\r\nContent-Transfer-Encoding: base64\r\n\r\neA==",
        ),
      },
    ],
    [
      "SDP in base64",
      "encoded-composite",
      {
        type: mixed,
        body: multipart(
          "b",
          `Content-Type: application/sdp\r\nContent-Transfer-Encoding: base64\r\n\r\n${b64("v=0\r\n")}`,
        ),
      },
    ],
    [
      "11 levels",
      "mime-too-deep",
      { type: "multipart/mixed; boundary=nXn", body: multipart("nXn", nested(10)) },
    ],
    [
      "CPIM without headers",
      "broken-cpim",
      { type: "message/cpim", body: "\r\nContent-Type: text/plain\r\n\r\nx" },
    ],
    [
      "CPIM with LF",
      "broken-cpim",
      { type: "message/cpim", body: "From: <sip:a@x>\n\nContent-Type: text/plain\n\nx" },
    ],
    [
      "CPIM without content",
      "broken-part-header",
      { type: "message/cpim", body: "From: <sip:a@x>\r\n\r\nContent-Type: text/plain\r\n" },
    ],
    [
      "CPIM with a header of no name",
      "broken-cpim",
      { type: "message/cpim", body: "From\r\n\r\nContent-Type: text/plain\r\n\r\nx" },
    ],
    [
      "CPIM with gzip inside",
      "content-encoding",
      {
        type: "message/cpim",
        body: "From: <sip:a@x>\r\n\r\nContent-Type: text/plain\r\nContent-Encoding: gzip\r\n\r\nx",
      },
    ],
    [
      "an invitation with LF",
      "broken-invitation",
      { type: "text/x-msmsgsinvite", body: INVITATION.replaceAll("\r\n", "\n") },
    ],
    [
      "an invitation with one bare LF",
      "broken-invitation",
      { type: "text/x-msmsgsinvite", body: INVITATION.replace("hello.txt", "a\nb") },
    ],
    [
      "an invitation with a short line",
      "broken-invitation",
      {
        type: "text/x-msmsgsinvite",
        body: INVITATION.replace("Application-File:", "x\r\nApplication-File:"),
      },
    ],
    [
      "an invitation with an empty line inside",
      "broken-invitation",
      {
        type: "text/x-msmsgsinvite",
        body: INVITATION.replace("Application-File:", "\r\nApplication-File:"),
      },
    ],
    [
      "an invitation with a field twice",
      "broken-invitation",
      { type: "text/x-msmsgsinvite", body: `Application-File: a.txt\r\n${INVITATION}` },
    ],
    [
      "an invitation with a line that is no field",
      "broken-invitation",
      { type: "text/x-msmsgsinvite", body: `hello\r\n${INVITATION}` },
    ],
    [
      "a folded invitation",
      "broken-invitation",
      { type: "text/x-msmsgsinvite", body: INVITATION.replace("hello.txt", "a.txt\r\n .exe") },
    ],
    [
      "an invitation with NUL",
      "broken-invitation",
      { type: "text/x-msmsgsinvite", body: INVITATION.replace("hello.txt", "a.exe\0.txt") },
    ],
    [
      "an invitation with a blank at the end of a name",
      "broken-invitation",
      { type: "text/x-msmsgsinvite", body: INVITATION.replace("hello.txt", "a.exe ") },
    ],
    [
      "a blank before the colon of a field",
      "broken-invitation",
      {
        type: "text/x-msmsgsinvite",
        body: INVITATION.replace("Application-File:", "Application-File :"),
      },
    ],
    [
      "a command in small letters",
      "broken-invitation",
      { type: "text/x-msmsgsinvite", body: INVITATION.replace("INVITE", "invite") },
    ],
    [
      "an invitation without command",
      "broken-invitation",
      { type: "text/x-msmsgsinvite", body: "Application-File: a.exe\r\n" },
    ],
    [
      "a negative size",
      "broken-invitation",
      { type: "text/x-msmsgsinvite", body: INVITATION.replace("27", "-27") },
    ],
    [
      "a size beyond 2^53",
      "broken-invitation",
      { type: "text/x-msmsgsinvite", body: INVITATION.replace("27", "9007199254740993") },
    ],
    [
      "a cookie that is no number",
      "broken-invitation",
      { type: "text/x-msmsgsinvite", body: INVITATION.replace("513756658", "0x12") },
    ],
    [
      "an invitation in another charset",
      "unknown-charset",
      { type: "text/x-msmsgsinvite; charset=utf-16le", body: INVITATION },
    ],
    [
      "a NUL in SDP",
      "broken-sdp",
      { method: "INVITE", type: "application/sdp", body: `${CHAT_SDP}\0` },
    ],
    [
      "a bare CR in SDP",
      "broken-sdp",
      { method: "INVITE", type: "application/sdp", body: `v=0\r\ns=x\rm=data 1 TCP x\r\n` },
    ],
    [
      "a media line behind a blank",
      "broken-sdp",
      { method: "INVITE", type: "application/sdp", body: "v=0\r\n m=data 1 TCP x\r\n" },
    ],
    [
      "a media line in a capital letter",
      "broken-sdp",
      { method: "INVITE", type: "application/sdp", body: "v=0\r\nM=data 1 TCP x\r\n" },
    ],
    [
      "a media line after an empty line",
      "broken-sdp",
      { method: "INVITE", type: "application/sdp", body: "v=0\r\n\r\nm=data 1 TCP x\r\n" },
    ],
    [
      "a port beyond 65535",
      "broken-sdp",
      { method: "INVITE", type: "application/sdp", body: "v=0\r\nm=data 70000 TCP x\r\n" },
    ],
    [
      "a port that is no number",
      "broken-sdp",
      { method: "INVITE", type: "application/sdp", body: "v=0\r\nm=data 0x10 TCP x\r\n" },
    ],
    [
      "a media line without protocol",
      "broken-sdp",
      { method: "INVITE", type: "application/sdp", body: "v=0\r\nm=data 10\r\n" },
    ],
  ];
  const headerCases: readonly (readonly [title: string, header: string])[] = [
    ["no type", ";ms-body=eA=="],
    ["no body", "text/plain; charset=UTF-8"],
    ["another charset", `text/plain; charset=UTF-16;ms-body=${b64("x")}`],
    ["ms-body twice", "text/plain;ms-body=eA==;ms-body=eQ=="],
    ["charset twice", "text/plain; charset=UTF-8; charset=UTF-8;ms-body=eA=="],
    ["ms-body hidden in a parameter", "text/plain; x=ms-body=eA==;ms-body=eQ=="],
    ["blanks in ms-body", "text/plain;ms-body=eHh4 eHh4"],
    ["the url-safe alphabet", "text/plain;ms-body=_-_-"],
    ["missing padding", "text/plain;ms-body=eA"],
    ["a parameter after ms-body", "text/plain;ms-body=eA==;charset=UTF-8"],
    ["a quoted ms-body", 'text/plain;ms-body="eA=="'],
    [
      "text in msgr",
      `text/plain;msgr=${Buffer.from("see http://evil.example", "utf16le").toString("base64")};ms-body=eA==`,
    ],
    [
      "a link in the font",
      `text/plain;msgr=${Buffer.from("X-MMS-IM-Format: FN=http://evil.example; EF=; CO=0; CS=0; PF=0", "utf16le").toString("base64")};ms-body=eA==`,
    ],
    ["a type that is no text", "image/gif;ms-body=eA=="],
    ["a fold in ms-body", "text/plain;ms-body=eHh4\r\n eHh4"],
    [
      "an invitation with LF",
      `text/x-msmsgsinvite;ms-body=${b64(INVITATION.replaceAll("\r\n", "\n"))}`,
    ],
  ];

  it.each(cases)("refuses %s as %s", (_title, code, given) => {
    expect(problemOf(given)).toBe(code);
  });

  it.each(headerCases)("refuses ms-text-format with %s", (_title, header) => {
    const given = { method: "INVITE", type: "application/sdp", body: CHAT_SDP };
    expect(problemOf({ ...given, headers: [`ms-text-format: ${header}`] })).toMatch(
      /^broken-(?:ms-text-format|invitation)$/,
    );
  });

  it("holds the limits: links, depth, size of an attachment", () => {
    const links = { type: "text/plain", body: "http://a.example ".repeat(4) };
    expect(problemOf(links, { linksPerMessage: 3 })).toBe("too-many-links");
    expect(problemOf(links, { linksPerMessage: 4 })).toBe("none");
    const image = { type: "image/png", body: "x".repeat(11) };
    expect(problemOf(image, { attachmentBytes: 10 })).toBe("attachment-too-large");
    expect(problemOf(image, { attachmentBytes: 11 })).toBe("none");
    const text = { type: "text/plain", body: "hello bob" };
    expect(problemOf(text, { textBytes: 8 })).toBe("text-too-large");
    expect(problemOf(text, { textBytes: 9 })).toBe("none");
    const deep = { type: "multipart/mixed; boundary=nXn", body: multipart("nXn", nested(2)) };
    expect(problemOf(deep, { mimeDepth: 2 })).toBe("mime-too-deep");
    expect(problemOf(deep, { mimeDepth: 3 })).toBe("none");
  });

  it("takes a long word about a transfer under way for a file besides", () => {
    const said = (data: string) => {
      const body = `<notify><fileTransferProgress>${data}</fileTransferProgress></notify>`;
      return inspected({ type: "application/ms-filetransfer+xml", body }).attachments.length;
    };
    expect(said("<transferId>1</transferId>")).toBe(0);
    expect(said(`<transferId>${"A".repeat(5000)}</transferId>`)).toBe(1);
  });

  it("counts the links of all documents of a message together", () => {
    const document = `<x>${"<a href='http://a.example/'/>".repeat(3)}</x>`;
    const part = crlf("--b", "Content-Type: application/foo+xml", "", document, "");
    const parts = { type: "multipart/mixed; boundary=b", body: `${part}${part}--b--\r\n` };
    expect(problemOf(parts, { linksPerMessage: 6 })).toBe("none");
    expect(problemOf(parts, { linksPerMessage: 5 })).toBe("too-many-links");
  });

  it("counts links that bear our marker with the others, in all texts of a message", () => {
    const marked = { type: "text/plain", body: "_http://a.b<".repeat(3) };
    expect(problemOf(marked, { linksPerMessage: 3 })).toBe("none");
    expect(problemOf(marked, { linksPerMessage: 2 })).toBe("too-many-links");
    const part = crlf("--b", "Content-Type: text/plain", "", "_http://a.b http://a.b", "");
    const parts = { type: "multipart/mixed; boundary=b", body: `${part}${part}--b--\r\n` };
    expect(problemOf(parts, { linksPerMessage: 4 })).toBe("none");
    expect(problemOf(parts, { linksPerMessage: 3 })).toBe("too-many-links");
  });

  it("counts of rich text what is read in another way, but no line twice", () => {
    const rich = (text: string): Given => ({ type: "text/rtf", body: `{\\rtf1 ${text}}` });
    const lines = `${"see you at three ".repeat(10)}\\par `.repeat(300);
    expect(problemOf(rich(`{\\v x}\\u104?\\par ${lines}`))).toBe("none");
    const one = "see you at three ".repeat(3000);
    expect(problemOf(rich(`{\\v x}\\u104?${one}`))).toBe("text-too-large");
    const hidden = inspected(rich("see\\par {\\v http://a.example\\par }http://b.example\\par "));
    const hosts = new Set(hidden.links.map(({ host }) => host));
    expect(hosts).toEqual(new Set(["a.example", "b.example"]));
  });
});

describe("inspectRequest on a message of very many parts", () => {
  const file = "Content-Type: application/x-a;name=a\r\n\r\nx\r\n";
  const words = "Content-Type: text/plain\r\n\r\nx\r\n";
  const group = (count: number, part: string): string =>
    `Content-Type: multipart/mixed;boundary=I\r\n\r\n${`--I\r\n${part}`.repeat(count)}--I--\r\n`;
  const message = (count: number, part: string): Given => ({
    type: "multipart/mixed;boundary=O",
    body: `${`--O\r\n${part}`.repeat(count)}--O--\r\n`,
  });

  it("counts parts over all levels", () => {
    expect(problemOf(message(180, group(180, file)))).toBe("too-many-parts");
    expect(problemOf(message(10, group(19, words)))).toBe("none");
    expect(problemOf(message(10, group(20, words)))).toBe("too-many-parts");
  });

  it("counts attachments, and every name of one", () => {
    expect(problemOf(message(32, file))).toBe("none");
    expect(problemOf(message(33, file))).toBe("too-many-attachments");
    const twice = `Content-Disposition: attachment; filename=b\r\n${file}`;
    expect(problemOf(message(17, twice))).toBe("too-many-attachments");
  });
});

describe("inspectRequest on a text that clients read in several ways", () => {
  const hosts = (given: Given): readonly (string | undefined)[] =>
    inspected(given).links.map((link) => link.host);

  it.each(["iso-8859-1", "windows-1252", "koi8-r", "gbk"])(
    "finds the host that a client sees which takes %s for UTF-8",
    (charset) => {
      const type = `text/plain;charset=${charset}`;
      const link = "http://\u043f\u0440.\u0440\u0444/";
      expect(hosts({ type, body: link })).toContain(new URL(link).hostname);
    },
  );

  it("finds a link that only a client sees which takes every text for HTML", () => {
    const body = '<a href="ht&#116;p:&#47;&#47;evil&period;example/a&period;exe">x</a>';
    const { links, texts } = inspected({ type: "text/plain", body });
    expect(links.map((link) => [link.host, link.pathExtensions])).toEqual([
      ["evil.example", ["exe"]],
    ]);
    expect(texts.map(({ shown }) => shown)).toEqual([body, "x"]);
  });

  it.each(["x-unknown", "o:p", "u"])(
    "reads on behind a tag that browsers show in the line: %s",
    (tag) => {
      const body = `<p>go to http://ev<${tag}>il.example/a.exe</p>`;
      expect(hosts({ type: "text/html", body })).toContain("evil.example");
    },
  );

  it.each([
    ["text/vcard", "BEGIN:VCARD\r\nURL:http://ev\r\n il.example/a\r\nEND:VCARD"],
    ["text/calendar", "BEGIN:VCALENDAR\r\nATTACH:http://ev\r\n\til.example/a\r\nEND:VCALENDAR"],
    ["text/x-whatever", '<a href="http://evil&#46;example/a">x</a>'],
  ])("finds the link in %s as its reader joins it", (type, body) => {
    expect(hosts({ type, body })).toContain("evil.example");
  });

  it.each([
    [
      "application/pidf+xml",
      '<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="pres:alice@example.com"/>',
    ],
    ["text/html", '<a href="im:alice@example.com">write to me</a>'],
    ["text/html", '<a href="pres:alice@example.com">see where I am</a>'],
  ])("takes the address of a person in %s for no program (.com)", (type, body) => {
    const { links, outside } = inspected({ type, body });
    expect([...links, ...outside].flatMap((link) => link.pathExtensions)).toEqual([]);
  });

  it.each([
    ["application/json", '{"u":"http:\\/\\/evil.example\\/a"}'],
    ["application/vnd.gsma.botmessage.v1.0+json", '{"u":["\\u0068ttp://evil.example/a"]}'],
    [
      "application/vnd.gsma.rcs-ft-http+xml",
      '<file><file-info><file-name>\\\\\\\\host\\\\c\\\\a</file-name><data url="http://evil.example/a"/></file-info></file>',
    ],
  ])("finds where a document of %s leads", (type, body) => {
    const { outside } = inspected({ type, body });
    expect(outside.map(({ host, carrier }) => [host, carrier])).toEqual([
      ["evil.example", "session"],
    ]);
  });

  it.each([
    ["text/plain", 'see <a href="http://a.example/x">http://b.example/</a> & <b>c</b>', 2],
    ["text/plain;charset=iso-8859-1", "sch\u00f6n: http://a.example/x", 1],
    ["text/plain;charset=windows-1252", "\u20ac http://a.example/ _http://b.example/", 1],
  ])("counts a link once that is the same in every reading of %s", (type, body, count) => {
    expect(inspected({ type, body }).links).toHaveLength(count);
  });
});

describe("inspectMedia", () => {
  it("reads the media lines of an answer and does not mind other content", () => {
    const body = multipart(
      "b",
      "Content-Type: application/sdp\r\n\r\nv=0\r\nm=message 9 TCP/MSRP *",
      "Content-Type: message/sipfrag\r\n\r\nx",
    );
    const result = inspectMedia(
      request({ method: "ACK", type: "multipart/mixed; boundary=b", body }),
      LIMITS,
    );
    expect(result).toMatchObject({ ok: true, value: { media: [{ kinds: ["msrp"], port: 9 }] } });
    expect(
      inspectMedia(request({ method: "ACK", type: "text/plain", body: "\0" }), LIMITS),
    ).toEqual({ ok: true, value: { media: [], decoded: undefined } });
  });
});
