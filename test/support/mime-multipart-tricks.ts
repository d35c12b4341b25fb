/**
 * Multipart structures that MIME readers are known to take apart differently, each around one evil part. Text is latin1.
 */

/** A whole body and its Content-Type. */
export interface Structure {
  readonly type: string;
  readonly body: string;
}

export interface MultipartTrick {
  readonly name: string;
  /** `part`: header lines, blank line and content of the evil part. */
  readonly build: (part: string) => Structure;
}

const HARMLESS = "Content-Type: text/plain\r\n\r\nhello";
const MIXED = "multipart/mixed; boundary=b1";

/** The honest frame. */
export function multipart(part: string, boundary = "b1"): string {
  return `--${boundary}\r\n${HARMLESS}\r\n--${boundary}\r\n${part}\r\n--${boundary}--\r\n`;
}

const inMixed = (body: (part: string) => string) => (part: string) => ({
  type: MIXED,
  body: body(part),
});

/** Other ways to write the Content-Type of the honest frame. */
const TYPES: readonly string[] = [
  'multipart/mixed; boundary="b1"',
  "Multipart/Mixed; BOUNDARY=b1",
  "multipart/mixed ;boundary=b1",
  "multipart/mixed; boundary=b1;",
  "multipart/mixed;; boundary=b1",
  "multipart/mixed; boundary = b1",
  "multipart/mixed; boundary= b1",
  'multipart/mixed; boundary=" b1"',
  'multipart/mixed; boundary="b1 "',
  "multipart/mixed; boundary='b1'",
  "multipart/mixed; boundary=b1; boundary=b2",
  "multipart/mixed; boundary=b2; boundary=b1",
  "multipart/mixed; boundary=b2; Boundary=b1",
  "multipart/mixed; boundary*=us-ascii''b1",
  "multipart/mixed; boundary*0=b; boundary*1=1",
  "multipart/mixed; boundary=b2; boundary*=us-ascii''b1",
  "multipart/mixed; boundary=b2; boundary*0=b; boundary*1=1",
  "multipart/mixed; boundary=b2; boundary*0*=us-ascii''%62%31",
  'multipart/mixed; boundary="b\\1"',
  'multipart/mixed; boundary="b1',
  'multipart/mixed; boundary=b1"',
  'multipart/mixed; boundary="b1"x',
  'multipart/mixed; boundary="b" "1"',
  "multipart/mixed; boundary=(x)b1",
  "multipart/mixed; boundary=b1(x)",
  "multipart/mixed; (x) boundary=b1",
  "multipart/mixed (x); boundary=b1",
  "multipart/(x)mixed; boundary=b1",
  "multipart / mixed; boundary=b1",
  "multipart/mixed, text/plain; boundary=b1",
  "text/plain, multipart/mixed; boundary=b1",
  "multipart/mixed boundary=b1",
  "multipart/mixed, boundary=b1",
  "multipart/mixed; charset=utf-8, boundary=b1",
  'multipart/mixed; x="; boundary=b2; y="; boundary=b1',
  'multipart/mixed; x="a\\"; boundary=b2; y="; boundary=b1',
  "multipart/mixed; boundary==?us-ascii?Q?b1?=",
  "multipart/mixed; boundary=%62%31",
  "multipart/mixed; boundary=B1",
  "multipart/mixed; boundary=",
  'multipart/mixed; boundary=""',
  "multipart/mixed",
  "multipart/; boundary=b1",
  "multipart; boundary=b1",
  "multipart/x-nobody; boundary=b1",
  "multipart/appledouble; boundary=b1",
  "multipart/form-data; boundary=b1",
  "multipart/byteranges; boundary=b1",
  "multipart/related; boundary=b1",
  "multipart/alternative; boundary=b1",
  "multipart/digest; boundary=b1",
  "multipart/parallel; boundary=b1",
  "multipart/report; report-type=delivery-status; boundary=b1",
  "multipart/signed; boundary=b1; protocol=x; micalg=y",
  "multipart/encrypted; boundary=b1; protocol=x",
  "multipart/mixed\\; boundary=b1",
  "text/plain; boundary=b1",
  "text/html; boundary=b1",
  "application/octet-stream; boundary=b1",
  "message/rfc822; boundary=b1",
  "message/global; boundary=b1",
  "message/sipfrag; boundary=b1",
  "message/sip; boundary=b1",
  "xmultipart/mixed; boundary=b1",
  "multipart/mixed\xa0; boundary=b1",
  "multipart/mixed; boundary=b1\xa0",
  "multipart/mixed; boundary\xad=b1",
];

const FRAMES: Readonly<Record<string, (part: string) => Structure>> = {
  "no last boundary": inMixed((p) => `--b1\r\n${HARMLESS}\r\n--b1\r\n${p}\r\n`),
  "no last boundary nor line end": inMixed((p) => `--b1\r\n${HARMLESS}\r\n--b1\r\n${p}`),
  "no first boundary": inMixed((p) => `${p}\r\n--b1--\r\n`),
  "only the last boundary": inMixed((p) => `${p}\r\n--b1--`),
  "a part before the first boundary": inMixed((p) => `${p}\r\n${multipart(HARMLESS)}`),
  "a part behind the last boundary": inMixed((p) => `${multipart(HARMLESS)}${p}\r\n`),
  "parts behind the last boundary": inMixed((p) => `${multipart(HARMLESS)}${multipart(p)}`),
  "the last boundary, then another part": inMixed(
    (p) => `--b1\r\n${HARMLESS}\r\n--b1--\r\n--b1\r\n${p}\r\n--b1--\r\n`,
  ),
  "the last boundary first": inMixed((p) => `--b1--\r\n${multipart(p)}`),
  "a blank line before": inMixed((p) => `\r\n${multipart(p)}`),
  "line feeds alone at boundaries": inMixed((p) =>
    multipart(p).replaceAll(/\r\n(--b1[^\r]*)\r\n/g, "\n$1\n"),
  ),
  "line feeds alone": inMixed((p) => multipart(p).replaceAll("\r\n", "\n")),
  "carriage returns alone": inMixed((p) => multipart(p).replaceAll("\r\n", "\r")),
  "a line feed before a boundary": inMixed((p) => multipart(p).replaceAll("\r\n--b1", "\n--b1")),
  "a carriage return before a boundary": inMixed((p) =>
    multipart(p).replaceAll("\r\n--b1", "\r--b1"),
  ),
  "a boundary inside a line": inMixed((p) => `--b1\r\n${HARMLESS} --b1\r\n${p}\r\n--b1--\r\n`),
  "blanks behind a boundary": inMixed((p) => multipart(p).replaceAll(/--b1\r/g, "--b1  \r")),
  "a tab behind a boundary": inMixed((p) => multipart(p).replaceAll(/--b1\r/g, "--b1\t\r")),
  "blanks before a boundary": inMixed((p) => multipart(p).replaceAll("\r\n--b1\r", "\r\n --b1\r")),
  "text behind a boundary": inMixed((p) => multipart(p).replaceAll(/--b1\r/g, "--b1x\r")),
  "a NUL behind a boundary": inMixed((p) => multipart(p).replaceAll(/--b1\r/g, "--b1\0\r")),
  "text behind the last boundary": inMixed(
    (p) => `--b1\r\n${HARMLESS}\r\n--b1--x\r\n${p}\r\n--b1--`,
  ),
  "one dash behind the last boundary": inMixed(
    (p) => `--b1\r\n${HARMLESS}\r\n--b1-\r\n${p}\r\n--b1--`,
  ),
  "three dashes before a boundary": inMixed(
    (p) => `--b1\r\n${HARMLESS}\r\n---b1\r\n${p}\r\n--b1--`,
  ),
  "a boundary of another case": inMixed((p) => `--b1\r\n${HARMLESS}\r\n--B1\r\n${p}\r\n--b1--`),
  "a boundary in the header block": inMixed(
    (p) => `--b1\r\nContent-Type: text/plain\r\n--b1\r\n${p}\r\n--b1--\r\n`,
  ),
  "no blank line behind the header": inMixed((p) => multipart(p.replace("\r\n\r\n", "\r\n"))),
  "no header": inMixed((p) => multipart(p.slice(p.indexOf("\r\n\r\n") + 2))),
  "an empty header, then a header": inMixed((p) => multipart(`\r\n${p}`)),
  "a part within a text": inMixed((p) => multipart(`Content-Type: text/plain\r\n\r\n${p}`)),
  "an inner boundary that begins like the outer": inMixed((p) =>
    multipart(`Content-Type: multipart/mixed; boundary=b12\r\n\r\n${multipart(p, "b12")}`),
  ),
  "an outer boundary that begins like the inner": inMixed((p) =>
    multipart(`Content-Type: multipart/mixed; boundary=b\r\n\r\n${multipart(p, "b")}`),
  ),
  "the same boundary inside": inMixed((p) =>
    multipart(`Content-Type: ${MIXED}\r\n\r\n${multipart(p)}`),
  ),
  "an inner multipart without its end": inMixed((p) =>
    multipart(`Content-Type: multipart/mixed; boundary=c2\r\n\r\n--c2\r\n${p}`),
  ),
  "an inner multipart without its beginning": inMixed((p) =>
    multipart(`Content-Type: multipart/mixed; boundary=c2\r\n\r\n${p}\r\n--c2--`),
  ),
  "an inner multipart around the outer end": inMixed(
    (p) =>
      `--b1\r\nContent-Type: multipart/mixed; boundary=c2\r\n\r\n--c2\r\n${HARMLESS}\r\n--b1--\r\n--c2\r\n${p}\r\n--c2--\r\n`,
  ),
  "an inner multipart, honest": inMixed((p) =>
    multipart(`Content-Type: multipart/alternative; boundary=c2\r\n\r\n${multipart(p, "c2")}`),
  ),
  "a multipart in base64": inMixed((p) => multipart(encodedMultipart(p, "base64"))),
  "a multipart in quoted-printable": inMixed((p) =>
    multipart(
      `Content-Type: multipart/mixed; boundary=c2\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n${multipart(p, "c2").replaceAll("=", "=3D")}`,
    ),
  ),
  "a message in a part": inMixed((p) =>
    multipart(`Content-Type: message/rfc822\r\n\r\nSubject: x\r\nMIME-Version: 1.0\r\n${p}`),
  ),
  "a message in base64": inMixed((p) =>
    multipart(
      `Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64(`Subject: x\r\n${p}`)}`,
    ),
  ),
  "a digest": (p) => ({
    type: "multipart/digest; boundary=b1",
    body: multipart(`\r\nSubject: x\r\nMIME-Version: 1.0\r\n${p}`),
  }),
  "a message by itself": (p) => ({
    type: "message/rfc822",
    body: `Subject: x\r\nMIME-Version: 1.0\r\n${p}`,
  }),
  "header fields in a text": (p) => ({ type: "text/plain", body: p }),
  "header fields in a text behind a blank line": (p) => ({ type: "text/plain", body: `\r\n${p}` }),
  "a multipart called text": (p) => ({
    type: "text/plain",
    body: `${MIXED}\r\n\r\n${multipart(p)}`,
  }),
  "CPIM in CPIM": (p) => ({
    type: "message/cpim",
    body: cpim(`Content-Type: message/cpim\r\n\r\n${cpim(p)}`),
  }),
  "CPIM without headers": (p) => ({ type: "message/cpim", body: p }),
  "CPIM with MIME fields among its headers": (p) => ({
    type: "message/cpim",
    body: `From: <sip:alice@example.com>\r\nContent-Type: application/octet-stream\r\n\r\n${p}`,
  }),
  "CPIM with two blank lines": (p) => ({
    type: "message/cpim",
    body: `From: <sip:alice@example.com>\r\n\r\n\r\n${p}`,
  }),
  "CPIM with line feeds alone": (p) => ({
    type: "message/cpim",
    body: cpim(p).replaceAll("\r\n", "\n"),
  }),
  "CPIM in a multipart": inMixed((p) => multipart(`Content-Type: message/cpim\r\n\r\n${cpim(p)}`)),
  "CPIM in base64": inMixed((p) =>
    multipart(
      `Content-Type: message/cpim\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64(cpim(p))}`,
    ),
  ),
};

/** A CPIM message around MIME headers and content. */
export function cpim(entity: string): string {
  return `From: <sip:alice@example.com>\r\nTo: <sip:bob@example.com>\r\n\r\n${entity}`;
}

function encodedMultipart(part: string, encoding: string): string {
  const inner = base64(multipart(part, "c2"));
  return `Content-Type: multipart/mixed; boundary=c2\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n${inner}`;
}

function base64(text: string): string {
  return Buffer.from(text, "latin1").toString("base64").replaceAll(/.{76}/g, "$&\r\n");
}

/** Every trick with the frame. */
export function multipartTricks(): readonly MultipartTrick[] {
  const typed = TYPES.map((type) => ({
    name: JSON.stringify(type),
    build: (part: string) => ({ type, body: multipart(part) }),
  }));
  const long = [70, 71, 200].map((length) => ({
    name: `a boundary of ${length}`,
    build: (part: string) => ({
      type: `multipart/mixed; boundary=${"b".repeat(length)}`,
      body: multipart(part, "b".repeat(length)),
    }),
  }));
  const framed = Object.entries(FRAMES).map(([name, build]) => ({ name, build }));
  return [...typed, ...long, ...framed];
}
