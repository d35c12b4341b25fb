import { documentText } from "./document-text.ts";
import { readSimpleXml } from "./simple-xml.ts";

/** The topic of a conversation, sent within it by INFO. */
export const TOPIC = "application/xml+conversationinfo";

/** Documents of which clients show the subject as the topic of a conversation (OCS 2007 and later). */
const WITH_SUBJECT: ReadonlySet<string> = new Set(["application/ms-conf-invite+xml", TOPIC]);

/** Is there a subject in documents of this type? */
export function hasSubject(type: string): boolean {
  return WITH_SUBJECT.has(type);
}

/** What a client shows of a document. */
export interface ShownSubject {
  readonly text: string;
  /** Of a text that is not plain. */
  readonly markup: boolean;
}

/** The subjects, one a line; all of a document that cannot be read strictly, which clients may read in ways of their own. */
export function conversationSubject(content: Buffer): ShownSubject {
  const text = documentText(content);
  const elements = readSimpleXml(text);
  if (elements === undefined) return { text, markup: true };
  const subjects = elements.filter(({ name }) => name.toLowerCase() === "subject");
  return { text: subjects.map((element) => element.text).join("\n"), markup: false };
}
