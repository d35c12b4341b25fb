import { dropBody } from "../enforce/close-media.ts";
import type { LinksIn } from "../enforce/disarm-links.ts";
import type { Refusal } from "../enforce/refusal.ts";
import { removeContent } from "../enforce/remove-content.ts";
import { replaceTexts } from "../enforce/replace-texts.ts";
import { rewriteTexts } from "../enforce/rewrite-texts.ts";
import { findHtmlLinks } from "../inspect/find-html-links.ts";
import { findLinks } from "../inspect/find-links.ts";
import { emptyDraft } from "../inspect/inspection-draft.ts";
import type { TextPart } from "../inspect/inspection.ts";
import { linksReadOtherwise } from "../inspect/links-read-otherwise.ts";
import type { HearingContext, Verdict } from "../policy/hearing.ts";
import { renderTemplate } from "../policy/template.ts";
import type { SipMessage, SipRequest } from "../wire/sip/message.ts";
import type { Splice } from "../wire/sip/splice.ts";
import { refusalOf } from "./refusal-of.ts";
import { templateValues, type OutcomeWords } from "./outcome-words.ts";

export type Outcome =
  | { readonly kind: "forward"; readonly splices: readonly Splice[] }
  | { readonly kind: "refuse"; readonly refusal: Refusal };

/**
 * Turns a verdict into what goes out: edits of the request, or the answer that refuses it. The same input always gives
 * the same bytes, and judging the outgoing message again changes nothing.
 */
export function carryOut(
  request: SipRequest,
  context: HearingContext,
  verdict: Verdict,
  words: OutcomeWords,
): Outcome {
  switch (verdict.action) {
    case "allow":
      return { kind: "forward", splices: passOn(request, verdict) };
    case "rewrite":
      return rewrite(request, context, verdict, words);
    case "block":
    case "quarantine":
      return { kind: "refuse", refusal: refusalOf(request, verdict, words) };
  }
}

const UNTOUCHED: readonly Splice[] = [];

/**
 * The edits of a request that is allowed as it is: none, but that a body that came encoded leaves as it was read (decision 036), and
 * that lengths within leave right.
 */
export function passOn(message: SipMessage, { inspection }: Verdict): readonly Splice[] {
  if (inspection === undefined) return UNTOUCHED;
  if (inspection.decoded === undefined && inspection.wrongLengths.length === 0) return UNTOUCHED;
  return replaceTexts(message, inspection, []);
}

function rewrite(
  request: SipRequest,
  context: HearingContext,
  verdict: Verdict,
  words: OutcomeWords,
): Outcome {
  const values = templateValues(context, verdict, words);
  const decisions = verdict.decisions;
  const edited = rewriteTexts(request, verdict.inspection ?? emptyDraft(), {
    linksIn,
    linkRewrites: decisions.flatMap((decision) => decision.linkRewrites),
    strips: decisions.flatMap((decision) => decision.strips),
    notices: decisions.flatMap((decision) =>
      decision.notices.map((notice) => ({
        text: renderTemplate(notice.text, values),
        position: notice.position,
      })),
    ),
  });
  if (edited.ok) return { kind: "forward", splices: edited.value };
  // What must be changed and cannot be written is refused, never passed on unchanged.
  return { kind: "refuse", refusal: refusalOf(request, verdict, words) };
}

/** More than a message may hold, so that none is missed. */
const ALL_LINKS = 100_000;

function linksIn(text: string, markup: boolean, read?: TextPart): ReturnType<LinksIn> {
  if (markup) return findHtmlLinks(text, ALL_LINKS).links;
  const { links } = findLinks(text, ALL_LINKS);
  if (read === undefined) return links;
  return [...links, ...linksReadOtherwise(text, read, links, ALL_LINKS)];
}

/** The edits that leave nothing of a refused request for its receiver but the sentence that it was refused. */
export function withoutContent(request: SipRequest, incident: string): readonly Splice[] {
  return removeContent(request, `This message was not delivered. Ref ${incident}`);
}

/** The edits that take the body out of a message that may have none. */
export function withoutBody(message: SipMessage): readonly Splice[] {
  return dropBody(message);
}

export type { Refusal };
