import { sourceEnd, sourceStart, type MappedText } from "../content/mapped-text.ts";
import { foldLinkText } from "./fold-link-text.ts";
import { describeCandidates, type FoundLink, type LinkSource } from "./found-link.ts";
import { isReachable } from "./host-facts.ts";
import { asSeen, countTurned, refang, type Replaced } from "./refang.ts";
import { isSpent, type LinkBudget, type LinkCandidate } from "./link-run.ts";
import { scanLinks } from "./scan-links.ts";

/**
 * Links that nobody can click and a person may type: "evil[.]example", "evil dot com", written backwards behind a
 * right-to-left override. All are disarmed. Undefined when the budget is used up.
 */
export function searchAsRead(
  mapped: MappedText,
  folded: MappedText,
  place: LinkSource,
  budget: LinkBudget,
): readonly FoundLink[] | undefined {
  const found: FoundLink[] = [];
  budget.units -= countTurned(mapped.text) * UNITS_OF_TURNED;
  if (isSpent(budget)) return undefined;
  const seen = asSeen(mapped);
  if (seen !== undefined) {
    const turned = foldLinkText(seen);
    const candidates = scanLinks(turned.text, budget).filter((one) => isTurned(turned, one));
    found.push(...described(candidates, turned, place), ...searchRefanged(turned, place, budget));
  }
  found.push(...searchRefanged(folded, place, budget));
  return isSpent(budget) ? undefined : found;
}

/** Nobody turns pages round: what is turned is searched twice more, and some 16,000 characters of it use up a budget. */
const UNITS_OF_TURNED = 8;
/** More dots in brackets than links could have are too many links: a text of 64 kB has room for three thousand. */
const UNITS_OF_REPLACED = 100;

function searchRefanged(
  text: MappedText,
  place: LinkSource,
  budget: LinkBudget,
): readonly FoundLink[] {
  const refanged = refang(text);
  if (refanged === undefined) return [];
  const { mapped, replaced } = refanged;
  budget.units -= replaced.length * UNITS_OF_REPLACED;
  if (isSpent(budget)) return [];
  const written = createWrittenTest(mapped.text, replaced);
  return described(scanLinks(mapped.text, budget).filter(written), mapped, place);
}

function described(
  candidates: readonly LinkCandidate[],
  text: MappedText,
  place: LinkSource,
): readonly FoundLink[] {
  return candidates.flatMap((candidate) => {
    const [first, last] = [candidate.start, Math.max(candidate.end, candidate.start + 1) - 1];
    const start = Math.min(sourceStart(text, first), sourceStart(text, last));
    const end = Math.max(sourceEnd(text, first), sourceEnd(text, last));
    const raw = place.source.slice(start, end);
    const links = describeCandidates([candidate], text, place);
    return links.map((link) => ({ ...link, start, end, raw, disarmed: true }));
  });
}

function isTurned(text: MappedText, { start, end }: LinkCandidate): boolean {
  return sourceStart(text, start) > sourceStart(text, Math.max(end, start + 1) - 1);
}

/** Of links in a text with replaced places, asked in their order: whether it takes one of them to read where this one leads. */
function createWrittenTest(
  text: string,
  replaced: readonly Replaced[],
): (candidate: LinkCandidate) => boolean {
  let next = 0;
  return (candidate) => {
    while (next < replaced.length && (replaced[next]?.at ?? 0) < candidate.start) next += 1;
    const end = endOfHost(text, candidate);
    let spelled = true;
    let some = false;
    for (let i = next; i < replaced.length && (replaced[i]?.at ?? end) < end; i += 1) {
      some = true;
      spelled &&= replaced[i]?.spelled === true;
    }
    if (!some || !spelled || candidate.form !== "host") return some;
    return SPELLED_HOST.test(text.slice(candidate.body, end));
  };
}

function endOfHost(text: string, { body, end }: LinkCandidate): number {
  let at = body;
  while (at < end && /[a-z0-9+.:\\/-]/i.test(text.charAt(at)) && !/[\\/]/.test(text.charAt(at)))
    at += 1;
  while (at < end && /[\\/]/.test(text.charAt(at))) at += 1;
  while (at < end && !/[\\/?#]/.test(text.charAt(at))) at += 1;
  return at;
}

/**
 * "example dot com" as somebody spells a host, not "the dot com bubble" or "press dot to stop": the words that stand around a
 * "dot" of prose are no host.
 */
const SPELLED_HOST =
  /^(?!(?:a|an|the|this|that|one|use|with|for|of|or|and|to|is|in|on|by|microsoft|dot)\.)[^]*\.(?:com|net|org|info|biz|edu|gov|mil|top|xyz|zip|site|shop|online|io|ru|cn|de|uk|fr|nl|pl|br|jp|eu|cc|tk|ws|su|ir|ua)$/i;

/**
 * Puts both together in the order of their places. A link whose host goes on behind a bracket ("http://evil[.]example") is no
 * live one beside what it is read as, unless what stands before the bracket is a host by itself ("http://evil.com[.]x").
 */
export function mergeRead(
  live: readonly FoundLink[],
  read: readonly FoundLink[],
): readonly FoundLink[] {
  if (read.length === 0) return live;
  const bracketed = new Set(read.filter(({ raw }) => !/\s/.test(raw)).map(({ start }) => start));
  const kept = live.filter(
    ({ start, host }) => !bracketed.has(start) || (host !== undefined && isReachable(host)),
  );
  return [...kept, ...read].sort((a, b) => a.start - b.start);
}
