import { documentText } from "./document-text.ts";
import { readSimpleXml } from "./simple-xml.ts";

/** Documents of which clients show the subject as the topic of a conversation (OCS 2007 and later). */
const WITH_SUBJECT: ReadonlySet<string> = new Set([
  "application/ms-conf-invite+xml",
  "application/xml+conversationinfo",
]);

/** Is there a subject in documents of this type? */
export function hasSubject(type: string): boolean {
  return WITH_SUBJECT.has(type);
}

/** What a client shows of it: the subjects, one a line; all of a document that cannot be read strictly. */
export function conversationSubject(content: Buffer): string {
  const text = documentText(content);
  const elements = readSimpleXml(text);
  if (elements === undefined) return text;
  return elements
    .filter(({ name }) => name.toLowerCase() === "subject")
    .map((element) => element.text)
    .join("\n");
}
