import { describe, expect, it } from "vitest";
import { messageRequest, parsedBytes } from "../../test/support/parsed-request.ts";
import { shippedVerdict } from "../../test/support/shipped-verdict.ts";
import { groundsOf } from "../filter/incident-draft.ts";

const crlf = (...lines: readonly string[]): string => lines.join("\r\n");
const LINK = "http://evil.example/page";
const PROGRAM = "http://evil.example/a.exe";

function fateOf(type: string, body: string | Buffer, extra: readonly string[] = []): string {
  const { out, untouched, verdict } = shippedVerdict(messageRequest(body, { type, extra }));
  if (out === undefined) return `refused: ${groundsOf(verdict).rule}: ${groundsOf(verdict).reason}`;
  return untouched ? "passed" : "changed";
}

function cpim(headers: readonly string[], ...inner: readonly string[]): string {
  return crlf("From: <sip:a@example.com>", ...headers, "", ...inner);
}

const NESTED = (depth: number, inner: string): string => {
  let entity = crlf("Content-Type: text/plain", "", inner);
  for (let i = depth; i > 0; i--) {
    const b = `x${i}y`;
    entity = crlf(`Content-Type: multipart/mixed; boundary=${b}`, "", `--${b}`, entity, `--${b}--`);
  }
  return entity;
};

describe("message/cpim under the shipped rules", () => {
  it("has its Subject disarmed where it stands, and the lengths around it right", () => {
    const inner = cpim([`Subject: see ${LINK}`], "Content-Type: text/plain", "", "hello");
    const outer = cpim(
      [],
      "Content-Type: message/cpim",
      `Content-Length: ${inner.length}`,
      "",
      inner,
    );
    const { out = Buffer.alloc(0) } = shippedVerdict(
      messageRequest(outer, { type: "message/cpim" }),
    );
    const text = out.toString();
    expect(text).toContain(`Subject: see _${LINK}\r\n`);
    expect(text).toMatch(/\r\n\r\n\[Links in this message.*\]\nhello$/);
    const [, length = ""] = /message\/cpim\r\nContent-Length: (\d+)/.exec(text) ?? [];
    const start = text.indexOf(
      "From: <sip:a@example.com>",
      text.indexOf("message/cpim\r\nContent-Length"),
    );
    expect(Number(length)).toBe(text.length - start);
    expect(shippedVerdict(parsedBytes(out)).untouched).toBe(true);
  });

  it.each([
    [`Subject: get ${PROGRAM}`, /link-to-/],
    [`Subject:;lang=fr voir ${PROGRAM}`, /link-to-/],
    [`To: "${PROGRAM}" <sip:b@example.com>`, /link-to-/],
    ["Content-Type: text/html", /broken-cpim/],
  ])("is refused with %s", (header, why) => {
    expect(fateOf("message/cpim", cpim([header], "Content-Type: text/plain", "", "x"))).toMatch(
      why,
    );
  });

  it("passes with names and ids of every kind", () => {
    const headers = [
      'To: "Bob (acme.com)" <sip:b@example.com>',
      "cc: <sip:c@example.com>",
      "DateTime: 2024-03-04T09:30:00Z",
      "NS: imdn <urn:ietf:params:imdn>",
      "imdn.Message-ID: 34jk324j",
      "Subject:;lang=de Mittagessen",
    ];
    expect(fateOf("message/cpim", cpim(headers, "Content-Type: text/plain", "", "x"))).toBe(
      "passed",
    );
  });
});

describe("a wrong length in message/cpim", () => {
  const wrong = (length: number, text: string): string =>
    cpim([], "Content-Type: text/plain", `Content-Length: ${length}`, "", text);

  it.each([0, 3, 4, 99, 4_000_000_000])(
    "is made right, and nothing else is touched: %d",
    (length) => {
      const { out = Buffer.alloc(0), verdict } = shippedVerdict(
        messageRequest(wrong(length, "Grüße"), { type: "message/cpim" }),
      );
      expect(verdict.action).toBe("allow");
      const left = parsedBytes(out);
      expect(left.body.toString()).toBe(wrong(7, "Grüße"));
      expect(shippedVerdict(left).untouched).toBe(true);
    },
  );

  it("is made right around an edit, through all levels, digits and all", () => {
    const inner = wrong(5, `see ${LINK}`);
    const middle = cpim([], "Content-Type: message/cpim", "Content-Length: 7", "", inner);
    const outer = cpim(
      [],
      "Content-Type: message/cpim",
      `Content-Length: ${middle.length}`,
      "",
      middle,
    );
    const { out = Buffer.alloc(0) } = shippedVerdict(
      messageRequest(outer, { type: "message/cpim" }),
    );
    const text = parsedBytes(out).body.toString();
    expect(text).toContain(`_${LINK}`);
    const lengths = [...text.matchAll(/Content-Length: (\d+)\r\n\r\n/g)];
    expect(lengths).toHaveLength(3);
    for (const length of lengths)
      expect(Number(length[1])).toBe(text.length - (length.index + length[0].length));
    expect(shippedVerdict(parsedBytes(out)).untouched).toBe(true);
  });

  it("is refused under a signature, and in a part of a multipart", () => {
    const part = crlf("--b", "Content-Length: 9", "", "hello", "--b--");
    expect(fateOf("multipart/mixed; boundary=b", part)).toMatch(/part-content-length/);
    const identity = ["Identity: ..sig;info=<https://x/c>;ppt=msg"];
    expect(fateOf("message/cpim", wrong(3, "hello"), identity)).toMatch(/part-content-length/);
  });
});

describe("depth under the shipped rules", () => {
  const nested = (depth: number): [string, string] => {
    const [head = "", ...rest] = NESTED(depth, "hello").split("\r\n\r\n");
    return [head.replace("Content-Type: ", ""), rest.join("\r\n\r\n")];
  };

  it("may be ten", () => {
    expect(fateOf(...nested(10))).toBe("passed");
    expect(fateOf(...nested(11))).toMatch(/mime-too-deep/);
  });

  it("hides no link", () => {
    const [type, body] = nested(10);
    expect(fateOf(type, body.replace("hello", PROGRAM))).toMatch(/link-to-/);
    expect(fateOf(type, body.replace("hello", LINK))).toBe("changed");
  });
});

describe("messages about messages under the shipped rules", () => {
  const composing = (inside: string): string =>
    `<?xml version="1.0"?><isComposing xmlns="urn:ietf:params:xml:ns:im-iscomposing"><state>active</state>${inside}</isComposing>`;
  const COMPOSING = "application/im-iscomposing+xml";

  it.each([
    [COMPOSING, composing("<contenttype>text/plain</contenttype>")],
    [
      "message/imdn+xml",
      `<imdn xmlns="urn:ietf:params:xml:ns:imdn"><message-id>a</message-id><recipient-uri>im:bob@example.com</recipient-uri><delivery-notification><status><delivered/></status></delivery-notification></imdn>`,
    ],
  ])("pass as %s", (type, body) => {
    expect(fateOf(type, body)).toBe("passed");
  });

  it.each([
    [COMPOSING, composing(`<note>${LINK}</note>`)],
    [COMPOSING, composing(`<contenttype>${LINK}</contenttype>`)],
    [COMPOSING, composing(`<a href="&#104;ttp://evil.example">x</a>`)],
    [COMPOSING, `see ${LINK}`],
    ["message/imdn+xml", `<imdn><message-id>${LINK}</message-id></imdn>`],
    ["application/ms-imdn+xml", `<imdn><reason>${LINK}</reason></imdn>`],
  ])("are refused as %s with a link in them: %s", (type, body) => {
    expect(fateOf(type, body)).toMatch(/^refused: disable-internet-links/);
  });

  it("are scanned when there is more in them", () => {
    const { verdict } = shippedVerdict(
      messageRequest(composing("<data>aGVsbG8=</data>"), { type: COMPOSING }),
    );
    expect(verdict.inspection?.attachments).toHaveLength(1);
  });

  it.each(["message/rfc822", "message/sip", "message/sipfrag", "message/global", "message/http"])(
    "are refused as %s, by name",
    (type) => {
      const body = crlf("Subject: x", "Content-Type: text/plain", "", "hello");
      expect(fateOf(type, body)).toBe(`refused: parse_problem: unsupported-message-type: ${type}`);
    },
  );
});

describe("documents that clients work with, under the shipped rules", () => {
  const place = (inside: string): string =>
    `<?xml version="1.0"?><presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">${inside}</presence>`;

  it("pass with an address in them: an emergency call has its place in one", () => {
    expect(fateOf("application/pidf+xml", place("<NAM>www.hotel.example.com</NAM>"))).toBe(
      "passed",
    );
  });

  it.each([
    ["application/xml", "UTF-16", (text: string) => Buffer.from(text, "utf16le")],
    [
      "application/xml",
      "UTF-16, high byte first",
      (text: string) => Buffer.from(text, "utf16le").swap16(),
    ],
    [
      "application/pidf+xml",
      "Latin-1",
      (text: string) => Buffer.from(`${text}<!--\u00e9-->`, "latin1"),
    ],
    ["application/json", "UTF-16", (text: string) => Buffer.from(text, "utf16le")],
    [
      "application/json",
      "what is no UTF-8",
      (text: string) => Buffer.from(`${text}\u00ff`, "latin1"),
    ],
  ])("finds a program in %s in %s", (type, _, encoded) => {
    const text = type.endsWith("json") ? `{"url":"${PROGRAM}"}` : `<a href="${PROGRAM}">x</a>`;
    expect(fateOf(type, encoded(text))).toMatch(/^refused: link-to-blocked-extension/);
  });

  it.each(["application/pidf+xml", "application/ms-conf-invite+xml", "application/xml"])(
    "are refused with a link to a program: %s",
    (type) => {
      expect(fateOf(type, place(`<a>&#x68;ttp://evil.example/a.exe</a>`))).toMatch(/link-to-/);
    },
  );
});

describe("signed and encrypted content under the shipped rules", () => {
  it.each([
    [
      "application/pkcs7-mime; smime-type=enveloped-data",
      "x",
      [],
      /encrypted \(application\/pkcs7-mime\)/,
    ],
    ["application/cms", "x", [], /encrypted \(application\/cms\)/],
    [
      "application/octet-stream; name=smime.p7m",
      "x",
      [],
      /encrypted \(application\/octet-stream\)/,
    ],
    [
      "multipart/encrypted; protocol=x; boundary=b",
      "--b\r\n\r\nx\r\n--b--",
      [],
      /multipart\/encrypted/,
    ],
    [
      "text/plain",
      "?OTR:AAMDJ+MVmSfjFZcAAAAAAQAAAAIAAAAD.",
      [],
      /encrypted \(text\/plain \(OTR\)\)/,
    ],
    ["text/html", "<b>?OTR</b>v23?", [], /\(OTR\)/],
    ["text/plain", "-----BEGIN PGP MESSAGE-----\n\nhQEM", [], /\(PGP\)/],
    ["text/plain", `-----BEGIN PGP SIGNED MESSAGE-----\n\n${LINK}`, [], /edited under a signature/],
    [
      "multipart/signed; protocol=x; micalg=y; boundary=b",
      crlf("--b", "", LINK, "--b", "Content-Type: application/pkcs7-signature", "", "x", "--b--"),
      [],
      /edited under a signature/,
    ],
    [
      "text/plain",
      LINK,
      ['Identity: "abc="', "Identity-Info: <https://x/c>;alg=rsa-sha1"],
      /edited under a signature/,
    ],
    [
      "text/plain",
      LINK,
      ["Identity: ..sig;info=<https://x/c>;alg=ES256;ppt=msg"],
      /edited under a signature/,
    ],
    [
      "text/plain",
      LINK,
      [
        `Identity: e30.${Buffer.from('{"msgi":"sha256-x"}').toString("base64url")}.sig;info=<https://x/c>`,
      ],
      /edited under a signature/,
    ],
  ] as const)("never has it edited: %s %j", (type, body, extra, reason) => {
    expect(fateOf(type, body, extra)).toMatch(/^refused: opaque: /);
    expect(fateOf(type, body, extra)).toMatch(reason);
  });

  it("edits what an Identity of RFC 8224 signs, for that is not the body", () => {
    const identity =
      "Identity: e30.eyJvcmlnIjp7fX0.sig;info=<https://c.example.net/x.pem>;alg=ES256";
    expect(fateOf("text/plain", LINK, [identity])).toBe("changed");
  });

  it("passes what is signed and need not be edited", () => {
    const body = crlf(
      "--b",
      "",
      "hello",
      "--b",
      "Content-Type: application/pgp-signature",
      "",
      "x",
      "--b--",
    );
    expect(fateOf("multipart/signed; protocol=x; micalg=y; boundary=b", body)).toBe("passed");
  });

  it("does not take the coding off a body that an Identity covers", () => {
    const extra = ["Identity: ..sig;info=<https://x/c>;ppt=msg", "Content-Encoding: deflate"];
    expect(fateOf("text/plain", "x", extra)).toMatch(/content-encoding|broken-content-encoding/);
  });
});

describe("rich text under the shipped rules", () => {
  const rtf = (inside: string): string => `{\\rtf1\\ansi\\ansicpg1252\\uc1 ${inside}}`;

  it.each([
    '{\\field{\\*\\fldinst{HYPERLINK "http://evil.example/a.exe"}}{\\fldrslt{minutes}}}',
    "{\\field{\\*\\fldinst HYPERLINK \\\\l http://evil.example/a.exe }{\\fldrslt x}}",
    "http\\u58?\\u47?\\u47?evil.example\\u47?a.exe",
    "\\'68\\'74\\'74\\'70://evil.example/a\\u46\\'2eexe",
    "ht{\\v hidden}tp://evil.example/a.exe",
    "ht{\\*\\nobody hidden}tp://evil.example/a.exe",
    "{\\v http://evil.example/a.exe}",
    "\\uc3 \\u65 xyz\\uc1 http://evil.example/a.exe",
    "h{\\b t{\\i t{\\ul p}}}://evil.example/a.e\\-xe",
    "\\\\\\\\evil.example\\\\share\\\\a.exe",
  ])("has no link to a program in it: %s", (inside) => {
    expect(fateOf("text/rtf", rtf(inside))).toMatch(/link-to-/);
    expect(fateOf("text/plain", rtf(inside))).toMatch(/link-to-/);
  });

  it.each(["text/rtf", "text/x-msrtc-rtf"])(
    "is looked into in the header of an INVITE: %s",
    (type) => {
      const field = '{\\field{\\*\\fldinst{HYPERLINK "http://evil.example/a.exe"}}{\\fldrslt{x}}}';
      const body = Buffer.from(rtf(field)).toString("base64");
      const extra = [`ms-text-format: ${type}; charset=UTF-8;ms-body=${body}`];
      expect(fateOf("text/plain", "hello", extra)).toMatch(/link-to-/);
    },
  );

  it("is refused with a file in it, by name", () => {
    expect(fateOf("text/rtf", rtf("{\\object\\objemb{\\*\\objdata 01050000}}"))).toMatch(
      /object-in-text/,
    );
  });

  it("is refused rather than edited", () => {
    expect(fateOf("text/rtf", rtf(LINK))).toMatch(/^refused: disable-internet-links/);
  });
});

describe("HTML with an address of its own base", () => {
  it.each([
    "<base href=http://evil.example/><a href=a.exe>x</a>",
    '<p xml:base="http://e.example/">',
  ])("is refused: %s", (html) => {
    expect(fateOf("text/html", html)).toMatch(/base-in-html/);
  });
});

describe("a link to a program, in whatever charset it comes and is said to be", () => {
  const LABELS = [
    "utf-8",
    "us-ascii",
    "iso-8859-1",
    "windows-1252",
    "koi8-r",
    "utf-16",
    "utf-16le",
    "utf-16be",
    "utf-32",
    "utf-7",
    "cp037",
    "gbk",
    "shift_jis",
    "iso-2022-jp",
    "x-nobody",
  ];
  const le16 = Buffer.from(`see ${PROGRAM}`, "utf16le");
  const le32 = Buffer.from(`see ${PROGRAM}`.replaceAll(/[^]/g, "$&\0\0\0"), "latin1");
  const ACTUAL: Readonly<Record<string, Buffer>> = {
    "UTF-8": Buffer.from(`see ${PROGRAM}`),
    "UTF-8 with mark": Buffer.from(`\ufeffsee ${PROGRAM}`),
    "UTF-16LE": le16,
    "UTF-16LE with mark": Buffer.concat([Buffer.from([0xff, 0xfe]), le16]),
    "UTF-16BE": Buffer.from(le16).swap16(),
    "UTF-16BE with mark": Buffer.concat([Buffer.from([0xfe, 0xff]), Buffer.from(le16).swap16()]),
    "UTF-32LE": le32,
    "UTF-32LE with mark": Buffer.concat([Buffer.from([0xff, 0xfe, 0, 0]), le32]),
    "UTF-32BE": Buffer.from(le32).swap32(),
    "UTF-7 that browsers guess": Buffer.from(`+ADw-a href=+ACI-${PROGRAM}+ACI-+AD4-`),
    "ISO-2022-JP": Buffer.from(`\x1b$B4A\x1b(Bsee ${PROGRAM}`),
  };

  it.each(LABELS)("is refused: %s", (label) => {
    const passed: string[] = [];
    for (const [name, body] of Object.entries(ACTUAL))
      for (const type of ["text/plain", "text/html"])
        for (const declared of [
          `${type}; charset=${label}`,
          `${type}; charset="${label.toUpperCase()}"`,
        ])
          if (!fateOf(declared, body).startsWith("refused: "))
            passed.push(`${name} as ${declared}`);
    expect(passed).toEqual([]);
  });

  it.each([
    ["cp037", Buffer.from("a285854088a3a3977a616185a589934b85a7819497938561814b85a785", "hex")],
    ["utf-7", Buffer.from("see +AGgAdAB0AHA-://evil.example/a.+AGUAeABl-")],
  ])("is refused in %s, if it is said to be", (label, body) => {
    expect(fateOf(`text/plain; charset=${label}`, body)).toMatch(/^refused: /);
  });
});
