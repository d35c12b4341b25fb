import type { TrueType } from "./true-type.ts";

/** An Office document that is one XML, and whether it has macros in it. */
export interface OfficeXml {
  readonly type: TrueType;
  readonly hasMacros: boolean;
}

/** Within so much of the beginning a document says what it is. */
const BEGINNING = 4096;

/** The root element or instruction by which Office knows a document of its own, and LibreOffice one in a single XML. */
const KINDS: readonly (readonly [sign: RegExp, type: string])[] = [
  [
    /<\?mso-application\s|<(?:\w+:)?worddocument[\s>]|schemas-microsoft-com:office:spreadsheet|<pkg:package[\s>]/,
    "application/x-office-xml",
  ],
  [/<office:document[\s>]/, "application/vnd.oasis.opendocument.flat-xml"],
];

/**
 * What stands for macros in them: ActiveMime in base64, the part of a package (also as a name), scripts of OpenDocument with a
 * library or a program in them.
 */
const MACROS = [
  "QWN0aXZlTWltZ",
  "vbaProject",
  "vnd.ms-office.vba",
  "ooo:source-code",
  "<script:module",
  "<script:event-listener",
];

/**
 * Word and Excel open such a file under any of their extensions, macros and all. Undefined: it is none. A web archive of Office (MHTML)
 * has its macros in ActiveMime too: `hasActiveMime`.
 *
 * @param lower the text at the beginning, in small letters
 */
export function readOfficeXml(lower: string, bytes: readonly Buffer[]): OfficeXml | undefined {
  const beginning = lower.slice(0, BEGINNING);
  const kind = KINDS.find(([sign]) => sign.test(beginning));
  if (kind === undefined) return undefined;
  return {
    type: { type: kind[1], group: "office" },
    hasMacros: MACROS.some((sign) => bytes.some((one) => one.includes(sign))),
  };
}

/** The group of a type that is known by its root element. */
export function groupOfOfficeXml(type: string): TrueType["group"] | undefined {
  return KINDS.some(([, one]) => one === type) ? "office" : undefined;
}

/** Does a text hold the container of Office's macros, in base64? */
export function hasActiveMime(bytes: readonly Buffer[]): boolean {
  return bytes.some((one) => one.includes(MACROS[0] ?? ""));
}
