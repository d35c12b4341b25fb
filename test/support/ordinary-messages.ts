/**
 * Messages as real clients send them, after their traffic: what must pass byte for byte. A template gets numbers from 0 to 1
 * and words of its variation; none has a link or a forbidden file in it.
 */
import { deflateSync } from "node:zlib";
import type { SipRequest } from "../../src/wire/sip/message.ts";
import { asciiSentence, sentence } from "./ordinary-words.ts";
import { parsedRequest } from "./parsed-request.ts";

export interface OrdinaryMessage {
  /** Client and kind. */
  readonly name: string;
  /** @param text To be said in place of a sentence. */
  readonly build: (random: () => number, text?: string) => SipRequest;
}

interface Words {
  /** Any sentence, UTF-8. */
  readonly text: string;
  /** In ASCII. */
  readonly ascii: string;
  /** Letters and digits for boundaries, ids. */
  readonly id: string;
  /** RFC 3339. */
  readonly date: string;
}

interface Sent {
  readonly method?: string;
  readonly type?: string;
  readonly headers?: readonly string[];
  readonly body: string | Buffer;
  /** User-Agent, after whose traffic the template is made. */
  readonly agent: string;
}

const crlf = (...lines: readonly string[]): string => lines.join("\r\n");
const b64 = (text: string): string => Buffer.from(text, "utf8").toString("base64");
const lines76 = (text: string): string => b64(text).replaceAll(/.{76}(?=.)/g, "$&\r\n");
const html = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
const rtf = (text: string): string =>
  text
    .replaceAll(/[\\{}]/g, "\\$&")
    .replaceAll(/\r?\n/g, "\\par\r\n")
    .replaceAll(/[\u0080-\uffff]/g, (c) => `\\u${(c.charCodeAt(0) << 16) >> 16}?`);
const utf16 = (text: string): string => Buffer.from(text, "utf16le").toString("base64");
const MSGR = utf16("X-MMS-IM-Format: FN=MS%20Shell%20Dlg; EF=; CO=0; CS=0; PF=0\r\n\r\n");
const SDP = crlf(
  "v=0",
  "o=- 3724394400 3724394405 IN IP4 192.0.2.10",
  "s=-",
  "c=IN IP4 192.0.2.10",
  "t=0 0",
  "m=audio 49170 RTP/AVP 0 8 101",
  "a=rtpmap:0 PCMU/8000",
  "a=rtpmap:101 telephone-event/8000",
  "a=fmtp:101 0-15",
  "a=sendrecv",
  "",
);
const CPIM_PEERS: readonly string[] = [
  "From: <sip:alice@example.com>",
  "To: <sip:bob@example.com>",
];

function imdnCpim(w: Words, entity: readonly string[], peers = CPIM_PEERS): string {
  return crlf(
    ...peers,
    `DateTime: ${w.date}`,
    "NS: imdn <urn:ietf:params:imdn>",
    `imdn.Message-ID: ${w.id}`,
    "imdn.Disposition-Notification: positive-delivery, negative-delivery, display",
    "",
    ...entity,
  );
}

function alternative(w: Words, boundary: string): string {
  return crlf(
    `--${boundary}`,
    "Content-Type: text/plain; charset=UTF-8",
    "",
    w.text,
    `--${boundary}`,
    "Content-Type: text/html; charset=UTF-8",
    "",
    `<div>${html(w.text)}</div>`,
    `--${boundary}--`,
    "",
  );
}

function composing(state: string, extra: readonly string[] = []): string {
  return crlf(
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<isComposing xmlns="urn:ietf:params:xml:ns:im-iscomposing">',
    `<state>${state}</state>`,
    "<contenttype>text/plain</contenttype>",
    ...extra,
    "</isComposing>",
    "",
  );
}

function imdn(w: Words, kind: "delivery" | "display", status: string): string {
  return crlf(
    '<?xml version="1.0" encoding="UTF-8" standalone="no" ?>',
    `<imdn xmlns="urn:ietf:params:xml:ns:imdn">`,
    `<message-id>${w.id}</message-id>`,
    `<datetime>${w.date}</datetime>`,
    `<${kind}-notification><status><${status}/></status></${kind}-notification>`,
    "</imdn>",
    "",
  );
}

function rtfOf(w: Words, head = "\\ansi\\ansicpg1252\\deff0\\deflang1033"): string {
  return crlf(
    `{\\rtf1${head}{\\fonttbl{\\f0\\fswiss\\fcharset0 Segoe UI;}}`,
    "{\\colortbl ;\\red0\\green0\\blue0;}",
    "{\\*\\generator Riched20 14.0.7006.1000;}",
    `\\viewkind4\\uc1\\pard\\cf1\\f0\\fs20 ${rtf(w.text)}\\par`,
    "}",
    "",
  );
}

/** The beginning of a PNG. */
const PICTURE = Buffer.from("89504e470d0a1a0a0000000d49484452", "hex").toString("base64");

const TEMPLATES: Readonly<Record<string, (w: Words) => Sent>> = {
  "text/plain": (w) => ({ agent: "Linphone/5.2", type: "text/plain", body: w.text }),
  "text/plain, UTF-8": (w) => ({
    agent: "sip.js/0.21",
    type: "text/plain;charset=UTF-8",
    body: w.text,
  }),
  "text/plain, blank before charset": (w) => ({
    agent: "Zoiper rv2.10",
    type: "text/plain; charset=utf-8",
    body: w.text,
  }),
  "text/plain, quoted charset": (w) => ({
    agent: "Bria 6",
    type: 'text/plain; charset="UTF-8"',
    body: w.text,
  }),
  "text/plain, upper case": (w) => ({
    agent: "Jitsi 2.11",
    type: "TEXT/PLAIN; CHARSET=UTF-8",
    body: w.text,
  }),
  "text/plain, format": (w) => ({
    agent: "Blink Pro",
    type: "text/plain; charset=utf-8; format=flowed",
    body: w.text,
  }),
  "text/plain, ASCII": (w) => ({
    agent: "kamailio",
    type: "text/plain; charset=us-ascii",
    body: w.ascii,
  }),
  "text/plain, Latin-1": (w) => ({
    agent: "X-Lite",
    type: "text/plain; charset=ISO-8859-1",
    body: Buffer.from(`Grüße, ${w.ascii}`, "latin1"),
  }),
  "text/plain, windows-1252": (w) => ({
    agent: "eyeBeam",
    type: "text/plain; charset=windows-1252",
    body: Buffer.from(`\x93${w.ascii}\x94`, "latin1"),
  }),
  "text/plain, KOI8-R": (w) => ({
    agent: "SJphone",
    type: "text/plain; charset=koi8-r",
    body: Buffer.concat([
      Buffer.from([0xf0, 0xd2, 0xc9, 0xd7, 0xc5, 0xd4]),
      Buffer.from(` ${w.ascii}`),
    ]),
  }),
  "text/plain, UTF-16 with mark": (w) => ({
    agent: "MicroSIP",
    type: "text/plain; charset=utf-16",
    body: Buffer.from(`\ufeff${w.text}`, "utf16le"),
  }),
  "text/plain, GB18030": (w) => ({
    agent: "Yealink",
    type: "text/plain; charset=GB18030",
    body: Buffer.concat([
      Buffer.from("c4e3bac3a3ac", "hex"),
      Buffer.from(` ${w.ascii.replaceAll("\\", "/")}`),
    ]),
  }),
  "text/plain, Shift_JIS": (w) => ({
    agent: "NEC UNIVERGE",
    type: "text/plain; charset=Shift_JIS",
    body: Buffer.concat([
      Buffer.from("82a8948e82ea976c", "hex"),
      Buffer.from(` ${w.ascii.replaceAll(/[\\~]/g, "/")}`),
    ]),
  }),
  "text/plain, Euro sign": (w) => ({
    agent: "Snom",
    type: "text/plain; charset=iso-8859-15",
    body: Buffer.concat([Buffer.from([0xa4]), Buffer.from(` 5 ${w.ascii}`)]),
  }),
  "text/plain, 8bit": (w) => ({
    agent: "PJSUA",
    type: "text/plain",
    headers: ["Content-Transfer-Encoding: 8bit"],
    body: w.text,
  }),
  "text/plain, render": (w) => ({
    agent: "Ekiga",
    type: "text/plain",
    headers: ["Content-Disposition: render"],
    body: w.text,
  }),
  "text/plain, MIME-Version": (w) => ({
    agent: "Cisco-CSF",
    type: "text/plain",
    headers: ["MIME-Version: 1.0", "Content-Language: en"],
    body: w.text,
  }),
  "text/plain, subject": (w) => ({
    agent: "SIP Communicator",
    type: "text/plain",
    headers: [
      `Subject: ${w.ascii.replaceAll(/\s+/g, " ").trim() || "x"}`,
      "Date: Mon, 04 Mar 2024 09:30:00 GMT",
    ],
    body: w.text,
  }),
  "text/plain, msgr": (w) => ({
    agent: "UCCAPI/2.0.6362.67 OC/2.0.6362.67",
    type: `text/plain; charset=UTF-8;msgr=${MSGR}`,
    body: w.text,
  }),
  "text/html, Lync": (w) => ({
    agent: "UCCAPI/15.0.4420.1017 OC/15.0.4420.1017 (Microsoft Lync)",
    type: "text/html;charset=UTF-8",
    headers: ["ms-sender: alice"],
    body: `<div><span style="font-size:10pt; color:#000000; font-family:Segoe UI,Tahoma">${html(w.text)}</span></div>`,
  }),
  "text/html, pidgin-sipe": (w) => ({
    agent: "Purple/2.14.12 Sipe/1.25.0 (linux-x86_64; LYNC2013/4.0.7577.4378)",
    type: `text/html;charset=UTF-8;msgr=${MSGR}`,
    body: `<font face="MS Shell Dlg" color="#000000">${html(w.text)}</font>`,
  }),
  "text/html, Qt": (w) => ({
    agent: "Blink Qt 5.8",
    type: "text/html; charset=utf-8",
    body: `<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.0//EN" "http://www.w3.org/TR/REC-html40/strict.dtd">\n<html><head><meta name="qrichtext" content="1" /><style type="text/css">\np, li { white-space: pre-wrap; }\n</style></head><body style=" font-family:'Sans Serif'; font-size:9pt;">\n<p style=" margin-top:0px; text-indent:0px;">${html(w.text)}</p></body></html>`,
  }),
  "text/html, Cocoa": (w) => ({
    agent: "Blink 6.2 (MacOSX)",
    type: "text/html",
    body: `<!DOCTYPE html PUBLIC "-//W3C//DTD HTML 4.01//EN" "http://www.w3.org/TR/html4/strict.dtd">\n<html>\n<head>\n<meta http-equiv="Content-Type" content="text/html; charset=UTF-8">\n<meta http-equiv="Content-Style-Type" content="text/css">\n<title></title>\n<meta name="Generator" content="Cocoa HTML Writer">\n</head>\n<body>${html(w.text)}</body>\n</html>\n`,
  }),
  "text/html, Jitsi": (w) => ({
    agent: "Jitsi2.10.5550Windows 10",
    type: "text/html",
    headers: ["Content-Encoding: identity"],
    body: `${html(w.text)}<br/>\n<b>bold</b> <i>italic</i>`,
  }),
  "text/html, list": (w) => ({
    agent: "Bria 5",
    type: "text/html; charset=utf-8",
    body: `<ul><li>${html(w.text)}</li><li>&nbsp;&copy; 2024&hellip;</li></ul><hr>`,
  }),
  "text/html, emoticon": (w) => ({
    agent: "Wildix",
    type: "text/html; charset=utf-8",
    body: `<p class="m">${html(w.text)} <span title=":-)">&#x1F642;</span></p>`,
  }),
  "text/rtf, Communicator": (w) => ({
    agent: "UCCAPI/3.5.6907.0 OC/3.5.6907.0",
    type: "text/rtf; charset=UTF-8",
    body: rtfOf(w),
  }),
  "text/rtf, Lync flags": (w) => ({
    agent: "UCCAPI/4.0.7577.0 OC/4.0.7577.0 (Microsoft Lync 2010)",
    type: "text/rtf",
    body: `{\\rtf1\\fbidis\\ansi\\ansicpg1252\\deff0\\nouicompat\\deflang1033{\\fonttbl{\\f0\\fnil\\fcharset0 Segoe UI;}}\r\n{\\colortbl ;\\red51\\green51\\blue51;}\r\n{\\*\\generator Riched20 15.0.4454}{\\*\\mmathPr\\mwrapIndent1440 }\\viewkind4\\uc1 \r\n\\pard\\cf1\\embo\\f0\\fs20 ${rtf(w.text)}\\embo0\\par\r\n{\\*\\lyncflags<rtf=1>}}\r\n`,
  }),
  "text/rtf, Windows Messenger": (w) => ({
    agent: "RTC/1.3.5470 (Messenger 5.1.0680)",
    type: "text/rtf",
    body: rtfOf(w, "\\ansi\\deff0"),
  }),
  "text/x-msrtc-rtf": (w) => ({
    agent: "RTC/2.0",
    type: "text/x-msrtc-rtf; charset=UTF-8",
    body: rtfOf(w),
  }),
  "multipart/alternative, Lync": (w) => ({
    agent: "UCCAPI/16.0 OC/16.0 (Skype for Business)",
    type: `multipart/alternative;boundary="----=_NextPart_${w.id}"`,
    body: alternative(w, `----=_NextPart_${w.id}`),
  }),
  "multipart/alternative, Bria": (w) => ({
    agent: "Bria 4",
    type: `multipart/alternative; boundary=${w.id}`,
    body: alternative(w, w.id),
  }),
  "multipart/alternative, no line behind": (w) => ({
    agent: "Cisco Jabber",
    type: `multipart/alternative; boundary=${w.id}`,
    body: alternative(w, w.id).trimEnd(),
  }),
  "multipart/alternative, base64": (w) => ({
    agent: "Mitel MiCollab",
    type: `multipart/alternative; boundary="${w.id}"`,
    body: crlf(
      `--${w.id}`,
      "Content-Type: text/plain; charset=utf-8",
      "Content-Transfer-Encoding: base64",
      "",
      lines76(w.text),
      `--${w.id}`,
      "Content-Type: text/html; charset=utf-8",
      "Content-Transfer-Encoding: base64",
      "",
      lines76(`<p>${html(w.text)}</p>`),
      `--${w.id}--`,
      "",
    ),
  }),
  "multipart/alternative, quoted-printable": (w) => ({
    agent: "Avaya Equinox",
    type: `multipart/alternative; boundary="${w.id}"`,
    body: crlf(
      `--${w.id}`,
      "Content-Type: text/plain; charset=iso-8859-1",
      "Content-Transfer-Encoding: quoted-printable",
      "",
      "Gr=FC=DFe, =\r\nbis morgen=2E",
      `--${w.id}--`,
      "",
    ),
  }),
  "multipart/related, picture": (w) => ({
    agent: "UCCAPI/15 (ink)",
    type: `multipart/related; type="text/html"; boundary="${w.id}"`,
    body: crlf(
      `--${w.id}`,
      "Content-Type: text/html; charset=utf-8",
      "",
      `<div>${html(w.text)}<img src="cid:ink1" alt="ink"></div>`,
      `--${w.id}`,
      "Content-Type: image/png",
      "Content-ID: <ink1>",
      "Content-Transfer-Encoding: base64",
      "",
      PICTURE,
      `--${w.id}--`,
      "",
    ),
  }),
  "multipart/mixed, texts": (w) => ({
    agent: "FreeSWITCH",
    type: `multipart/mixed; boundary="${w.id}"`,
    body: crlf(
      `--${w.id}`,
      "Content-Type: text/plain",
      "",
      w.ascii,
      `--${w.id}`,
      "Content-Type: text/plain; charset=utf-8",
      "Content-Disposition: inline",
      "Content-Language: de",
      "",
      w.text,
      `--${w.id}--`,
      "",
    ),
  }),
  "multipart/mixed, picture": (w) => ({
    agent: "Linphone-desktop",
    type: `multipart/mixed; boundary=${w.id}`,
    body: crlf(
      `--${w.id}`,
      "Content-Type: text/plain; charset=utf-8",
      "",
      w.text,
      `--${w.id}`,
      'Content-Type: image/png; name="photo.png"',
      'Content-Disposition: attachment; filename="photo.png"',
      "Content-Transfer-Encoding: base64",
      "Content-Description: a picture",
      "",
      PICTURE,
      `--${w.id}--`,
      "",
    ),
  }),
  "multipart/report": (w) => ({
    agent: "IP-SM-GW",
    type: `multipart/report; report-type=disposition-notification; boundary=${w.id}`,
    body: crlf(
      `--${w.id}`,
      "Content-Type: text/plain",
      "",
      "Delivered.",
      `--${w.id}`,
      "Content-Type: message/disposition-notification",
      "",
      "Final-Recipient: rfc822;bob",
      "Disposition: automatic-action/MDN-sent-automatically; displayed",
      `--${w.id}--`,
      "",
    ),
  }),
  "message/cpim": (w) => ({
    agent: "Linphone/4.4",
    type: "message/cpim",
    body: crlf(
      ...CPIM_PEERS,
      `DateTime: ${w.date}`,
      "",
      "Content-Type: text/plain;charset=UTF-8",
      "",
      w.text,
    ),
  }),
  "message/cpim, IMDN asked": (w) => ({
    agent: "Linphone/5.3",
    type: "message/cpim",
    body: imdnCpim(w, [
      "Content-Type: text/plain",
      `Content-Length: ${Buffer.byteLength(w.text)}`,
      "",
      w.text,
    ]),
  }),
  "message/cpim, display names": (w) => ({
    agent: "Blink",
    type: "message/cpim",
    body: crlf(
      'From: "Alice Müller" <sip:alice@example.com>',
      "To: Bob <sip:bob@example.com>",
      `DateTime: ${w.date}`,
      "Subject: about lunch",
      "Subject:;lang=fr le repas",
      "",
      "Content-Type: text/html; charset=utf-8",
      "",
      `<p>${html(w.text)}</p>`,
    ),
  }),
  "message/cpim, other prefix": (w) => ({
    agent: "RCS-client/UP_2.4",
    type: "message/cpim;charset=utf-8",
    body: crlf(
      ...CPIM_PEERS,
      "NS: MyFeatures <mid:MessageFeatures@id.foo.com>",
      "Require: MyFeatures.VitalMessageOption",
      "MyFeatures.VitalMessageOption: Confirmation-requested",
      "",
      "Content-type: text/plain; charset=utf-8",
      `Content-ID: <${w.id}@example.com>`,
      "",
      w.text,
    ),
  }),
  "message/cpim, anonymous": (w) => ({
    agent: "RCS-client/UP_1.0 IM-client/OMA1.0",
    type: "message/cpim",
    body: imdnCpim(
      w,
      ["Content-Type: text/plain;charset=UTF-8", "", w.text],
      ["From: <sip:anonymous@anonymous.invalid>", "To: <sip:anonymous@anonymous.invalid>"],
    ),
  }),
  "message/cpim, base64": (w) => ({
    agent: "RCS Joyn",
    type: "message/cpim",
    body: imdnCpim(w, [
      "Content-Type: text/plain; charset=UTF-8",
      "Content-Transfer-Encoding: base64",
      "",
      lines76(w.text),
    ]),
  }),
  "message/cpim, is composing": () => ({
    agent: "Linphone group chat",
    type: "message/cpim",
    body: crlf(
      ...CPIM_PEERS,
      "",
      "Content-Type: application/im-iscomposing+xml",
      "",
      composing("active"),
    ),
  }),
  "message/cpim, IMDN": (w) => ({
    agent: "Linphone/5.1",
    type: "message/cpim",
    headers: ["Content-Disposition: Notification"],
    body: crlf(
      ...CPIM_PEERS,
      `DateTime: ${w.date}`,
      "NS: imdn <urn:ietf:params:imdn>",
      `imdn.Message-ID: ${w.id}`,
      "",
      "Content-Type: message/imdn+xml",
      "Content-Disposition: notification",
      "",
      imdn(w, "delivery", "delivered"),
    ),
  }),
  "message/cpim, IMDN displayed": (w) => ({
    agent: "Samsung RCS",
    type: "Message/CPIM",
    body: crlf(
      ...CPIM_PEERS,
      "NS: imdn <urn:ietf:params:imdn>",
      `imdn.Message-ID: ${w.id}`,
      "",
      "Content-type: message/imdn+xml",
      "Content-Disposition: notification",
      `Content-length: ${imdn(w, "display", "displayed").length}`,
      "",
      imdn(w, "display", "displayed"),
    ),
  }),
  "message/cpim, multipart": (w) => ({
    agent: "Linphone 5 multipart",
    type: "message/cpim",
    body: imdnCpim(w, [
      `Content-Type: multipart/mixed; boundary=${w.id}`,
      "",
      crlf(
        `--${w.id}`,
        "Content-Type: text/plain",
        "",
        w.text,
        `--${w.id}`,
        "Content-Type: text/plain",
        "",
        "second",
        `--${w.id}--`,
      ),
    ]),
  }),
  "message/cpim, location": (w) => ({
    agent: "RCS location",
    type: "message/cpim",
    body: imdnCpim(w, [
      "Content-Type: application/vnd.gsma.rcspushlocation+xml",
      "",
      crlf(
        '<?xml version="1.0" encoding="UTF-8"?>',
        `<rcsenvelope xmlns="urn:gsma:params:xml:ns:rcs:rcs:geolocation" entity="sip:alice@example.com"><rcspushlocation id="${w.id}"><timestamp>${w.date}</timestamp></rcspushlocation></rcsenvelope>`,
      ),
    ]),
  }),
  "is composing, active": () => ({
    agent: "Jitsi",
    type: "application/im-iscomposing+xml",
    body: composing("active", ["<refresh>60</refresh>"]),
  }),
  "is composing, idle": (w) => ({
    agent: "PJSUA v2.13",
    type: "application/im-iscomposing+xml",
    body: composing("idle", [`<lastactive>${w.date}</lastactive>`]),
  }),
  "is composing, pjsip": () => ({
    agent: "Zoiper",
    type: "application/im-iscomposing+xml",
    body: '<?xml version="1.0" encoding="UTF-8"?>\n<isComposing xmlns="urn:ietf:params:xml:ns:im-iscomposing" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="urn:ietf:params:xml:ns:im-composing iscomposing.xsd">\n <state>active</state>\n <contenttype>text/plain</contenttype>\n</isComposing>\n',
  }),
  "is composing, Linphone": () => ({
    agent: "LinphoneiOS",
    type: "application/im-iscomposing+xml",
    body: '<?xml version="1.0" encoding="UTF-8" standalone="no" ?>\n<isComposing xmlns="urn:ietf:params:xml:ns:im-iscomposing" xmlns:xsd="http://www.w3.org/2001/XMLSchema">\n<state>active</state>\n<refresh>60</refresh>\n</isComposing>',
  }),
  "keyboard activity": () => ({
    agent: "UCCAPI/3.5",
    method: "INFO",
    type: "application/xml",
    body: '<?xml version="1.0"?>\r\n<KeyboardActivity>\r\n  <status status="type" />\r\n</KeyboardActivity>\r\n',
  }),
  "message/imdn+xml": (w) => ({
    agent: "Linphone",
    type: "message/imdn+xml",
    body: imdn(w, "display", "displayed"),
  }),
  "ms-imdn": (w) => ({
    agent: "Lync conference",
    type: "application/ms-imdn+xml",
    body: `<?xml version="1.0"?><imdn xmlns="urn:microsoft:rtc"><message-id>${w.id}</message-id><recipient uri="sip:bob@example.com"><status>200</status></recipient></imdn>`,
  }),
  "offline, MSILO": (w) => ({
    agent: "kamailio (5.7.4 (x86_64/linux))",
    type: "text/plain",
    headers: ["Contact: <sip:msilo@example.com>"],
    body: `[Offline message - Mon Mar  4 09:30:00 2024] ${w.text}`,
  }),
  "offline, MSILO with Date": (w) => ({
    agent: "kamailio",
    type: "text/plain;charset=UTF-8",
    headers: ["Date: Mon, 04 Mar 2024 09:30:00 GMT", "X-Offline: yes"],
    body: w.text,
  }),
  Asterisk: (w) => ({
    agent: "Asterisk PBX 20.5.0",
    type: "text/plain;charset=UTF-8",
    headers: ["Contact: <sip:asterisk@192.0.2.5:5060>"],
    body: w.text,
  }),
  FreeSWITCH: (w) => ({
    agent: "FreeSWITCH-mod_sofia/1.10.9",
    type: "text/plain",
    headers: ["X-FS-Sending-Message: 1", "Allow-Events: message-summary, refer"],
    body: w.text,
  }),
  "empty text": () => ({ agent: "PJSUA", type: "text/plain", body: "" }),
  "no body": () => ({ agent: "OPTIONS-like ping", body: "" }),
  compressed: (w) => ({
    agent: "Linphone deflate",
    type: "text/plain",
    headers: ["Content-Encoding: deflate"],
    body: deflateSync(Buffer.from(w.text)),
  }),
  "INVITE, audio": () => ({
    agent: "Yealink SIP-T46S",
    method: "INVITE",
    type: "application/sdp",
    headers: [
      "Call-Info: <sip:192.0.2.5>;appearance-index=1",
      "Alert-Info: <urn:alert:service:normal>",
    ],
    body: SDP,
  }),
  "INVITE, answer after": () => ({
    agent: "Grandstream GXP2170",
    method: "INVITE",
    headers: [
      "Alert-Info: ;info=alert-autoanswer;delay=0",
      "Call-Info: <sip:example.com>;answer-after=0",
    ],
    body: "",
  }),
  "INVITE, ISUP": () => ({
    agent: "ISUP gateway",
    method: "INVITE",
    type: "multipart/mixed; boundary=unique-boundary-1",
    headers: ["MIME-Version: 1.0"],
    body: Buffer.from(
      crlf(
        "--unique-boundary-1",
        "Content-Type: application/SDP; charset=ISO-10646",
        "",
        `${SDP}--unique-boundary-1`,
        "Content-Type: application/ISUP; version=nxv3; base=etsi121",
        "Content-Disposition: signal; handling=optional",
        "",
        "\x01\x00\x49\x00\x00\x03\x02\x00\x07\x04\x10\x00\x33\x63\x21\x43\x00\x00",
        "--unique-boundary-1--",
        "",
      ),
      "latin1",
    ),
  }),
  "INVITE, place of an emergency call": (w) => ({
    agent: "Cisco/CUCM",
    method: "INVITE",
    type: `multipart/mixed;boundary=${w.id}`,
    headers: ["Geolocation: <cid:alice@example.com>"],
    body: crlf(
      `--${w.id}`,
      "Content-Type: application/sdp",
      "",
      `${SDP}--${w.id}`,
      "Content-Type: application/pidf+xml",
      "Content-ID: <alice@example.com>",
      "",
      `<?xml version="1.0"?><presence xmlns="urn:ietf:params:xml:ns:pidf" entity="pres:alice@example.com"/>`,
      `--${w.id}--`,
      "",
    ),
  }),
  "INVITE, conference": (w) => ({
    agent: "Linphone conference",
    method: "INVITE",
    type: `multipart/mixed;boundary=${w.id}`,
    headers: ["Require: recipient-list-invite"],
    body: crlf(
      `--${w.id}`,
      "Content-Type: application/sdp",
      "",
      `${SDP}--${w.id}`,
      "Content-Type: application/resource-lists+xml",
      "Content-Disposition: recipient-list",
      "",
      '<?xml version="1.0"?><resource-lists xmlns="urn:ietf:params:xml:ns:resource-lists"><list><entry uri="sip:carol@example.com"/></list></resource-lists>',
      `--${w.id}--`,
      "",
    ),
  }),
  "INVITE, first message": (w) => ({
    agent: "UCCAPI/2.0 OC/2.0",
    method: "INVITE",
    type: "application/sdp",
    headers: [
      `ms-text-format: text/plain; charset=UTF-8;msgr=${MSGR};ms-body=${b64(w.text)}`,
      "Roster-Manager: sip:alice@example.com",
      "EndPoints: <sip:alice@example.com>, <sip:bob@example.com>",
    ],
    body: crlf(
      "v=0",
      "o=- 0 0 IN IP4 192.0.2.1",
      "s=session",
      "c=IN IP4 192.0.2.1",
      "t=0 0",
      "m=message 5060 sip sip:alice@example.com",
      "",
    ),
  }),
  "INVITE, first rich text": (w) => ({
    agent: "RTC/1.3",
    method: "INVITE",
    type: "application/sdp",
    headers: [`ms-text-format: text/rtf;charset=UTF-8;ms-body=${b64(rtfOf(w))}`],
    body: crlf(
      "v=0",
      "o=- 0 0 IN IP4 192.0.2.1",
      "s=session",
      "c=IN IP4 192.0.2.1",
      "t=0 0",
      "m=x-ms-message 5060 sip null",
      "",
    ),
  }),
  "REFER progress": () => ({
    agent: "Polycom",
    method: "NOTIFY",
    type: "message/sipfrag;version=2.0",
    headers: ["Event: refer", "Subscription-State: terminated;reason=noresource"],
    body: "SIP/2.0 200 OK\r\n",
  }),
};

/** All templates, in the order in which they stand above. */
export function ordinaryMessages(): readonly OrdinaryMessage[] {
  return Object.entries(TEMPLATES).map(([kind, template]) => ({
    name: kind,
    build: (random, text) => requestOf(template(words(random, text)), random),
  }));
}

function words(random: () => number, text: string | undefined): Words {
  const id = Array.from({ length: 12 }, () => Math.floor(random() * 36).toString(36)).join("");
  const day = String(1 + Math.floor(random() * 28)).padStart(2, "0");
  return {
    text: text ?? sentence(random),
    ascii: text ?? asciiSentence(random),
    id: `z${id}`,
    date: `2024-03-${day}T09:30:00Z`,
  };
}

function requestOf(sent: Sent, random: () => number): SipRequest {
  const method = sent.method ?? "MESSAGE";
  const number = Math.floor(random() * 1e6);
  return parsedRequest(
    [
      `${method} sip:bob@example.com SIP/2.0`,
      `Via: SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bK${number}`,
      "Max-Forwards: 70",
      `From: "Alice" <sip:alice@example.com>;tag=${number}`,
      "To: <sip:bob@example.com>",
      `Call-ID: ${number}@192.0.2.1`,
      `CSeq: ${1 + (number % 1000)} ${method}`,
      `User-Agent: ${sent.agent}`,
      ...(sent.headers ?? []),
      ...(sent.type === undefined ? [] : [`Content-Type: ${sent.type}`]),
    ],
    sent.body,
  );
}
