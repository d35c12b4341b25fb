import { withoutReferences } from "./office-package.ts";

/** What is opened with the document, and may bring macros or be a program. */
const OPENED_WITH_IT = /\/(?:attachedtemplate|oleobject|frame|subdocument|afchunk)$/;

/** On another machine: templates on the writer's own disk are named in most documents. */
const ELSEWHERE =
  /^(?:https?|ftp|mhtml|webdav|ms-[a-z-]+):|^\\\\|^\/\/|^file:(?:[\\/]{4}|\/\/[^\\/])/;

/**
 * Whether a document has a template, an object or a part of it fetched from another machine when it is opened (ISO/IEC 29500-2, 8.5:
 * relationships with an external target). Links that a user follows are none.
 *
 * @param relations one part of the document that names relationships
 */
export function runsFromElsewhere(relations: string): boolean {
  const text = withoutReferences(relations).toLowerCase();
  if (!text.includes("external")) return false;
  for (const [element] of text.matchAll(/<(?:\w{1,20}:)?relationship\s[^<>]{1,8000}/g)) {
    const value = (name: string): string =>
      new RegExp(`\\s${name}\\s{0,9}=\\s{0,9}(?:"([^"]*)"|'([^']*)')`)
        .exec(element)
        ?.slice(1)
        .join("") ?? "";
    if (value("targetmode") !== "external" || !OPENED_WITH_IT.test(value("type"))) continue;
    if (ELSEWHERE.test(value("target").trim())) return true;
  }
  return false;
}
