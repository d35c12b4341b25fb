import { sourceText } from "../content/mapped-text.ts";
import { percentDecode } from "../content/percent.ts";
import {
  describeLink,
  isSip,
  mayHaveHost,
  type LinkForm,
  type LinkTarget,
} from "./describe-link.ts";
import { foldLinkText } from "./fold-link-text.ts";
import { isReachable } from "./host-facts.ts";

/**
 * Where a link leads for different clients, each host once. The first is what the URL standard makes of it; mostly there is
 * no other. They part where one takes a character for a part of the host and another for the link's end ("http://evil.example,x"),
 * where a backslash is a slash or part of a name ("http://good\\@evil"), where letters of other scripts are glued to an ASCII
 * host, and where only a person would undo an encoding ("%2565vil.example").
 *
 * @example readLink("scheme", "http", "http://evil.example,x").map(({ host }) => host) // ["evil.example,x", "evil.example"]
 */
export function readLink(form: LinkForm, scheme: string, text: string): readonly LinkTarget[] {
  const first = describeLink(form, scheme, text);
  if (!mayHaveHost(first.scheme)) return [first];
  const head = headOf(form, scheme, text);
  const authority = AUTHORITY.exec(text.slice(head.length))?.[0] ?? "";
  if (PLAIN.test(authority) && !text.startsWith("\\", head.length + authority.length))
    return [first];
  const targets = [first];
  const add = (other: string): void => {
    if (targets.length === MOST) return;
    const target = describeLink(form, scheme, other);
    if (target.host === undefined) return;
    if (!targets.some(({ host }) => host === target.host)) targets.push(target);
  };
  const rest = text.slice(head.length);
  const behind = BACKSLASHED.exec(rest);
  if (behind !== null) add(head + rest.slice(behind[0].length));
  for (const written of authority.includes("%") ? [authority, decoded(authority)] : [authority]) {
    const tail = rest.slice(authority.length);
    if (written !== authority) add(head + written + tail);
    const name = written.slice(written.lastIndexOf("@") + 1);
    // some know no user before a host (linkify-it 6), and others only behind a scheme
    for (const whole of name === written || isSip(first.scheme) ? [name] : [name, written]) {
      const cut = cutHost(whole, !isName(first.host));
      if (cut !== undefined) add(head + cut);
    }
    const glued = gluedHost(name, form === "host");
    if (glued !== undefined) add(head + glued + tail);
    // a hyphen that does not break is another character to a parser, and a hyphen to who types it
    if (name.includes("\u2010")) add(head + written.replaceAll("\u2010", "-") + tail);
  }
  return targets;
}

/** More ways to read one link than this are not looked at. */
const MOST = 4;
const AUTHORITY = /^[^\\/?#]*/;
const PLAIN = /^(?!.*\.\.)[\w.-]*(?::[0-9]{1,5})?$/;
/** What stands before an "@" that only some look for behind a backslash. */
const BACKSLASHED = /^[^/?#\\]*\\[^/?#]*@/;

/** The scheme and the slashes, where the form has them. */
function headOf(form: LinkForm, scheme: string, text: string): string {
  if (form === "host" || form === "www" || form === "ftp") return "";
  const colon = form === "scheme" ? scheme.length + 1 : 0;
  return text.slice(0, colon) + (/^[\\/]*/.exec(text.slice(colon))?.[0] ?? "");
}

function decoded(authority: string): string {
  const bare = percentDecode(percentDecode(percentDecode(authority)));
  return foldLinkText(sourceText(bare)).text;
}

/** The host, with its port, as it is for who ends it at the first character that no name in DNS has. */
function cutHost(name: string, isBroken: boolean): string | undefined {
  const host = NAME.exec(name)?.[0] ?? name;
  const next = name[host.length];
  // what comes behind a "%" is a part of the host to who ends it later
  if (next === undefined || (next === "%" && !isBroken && !isReachable(host))) return undefined;
  return host;
}

const LABEL = String.raw`(?:[\w\-]|[[\p{L}\p{N}\p{M}\p{S}]--\p{ASCII}])+`;
const NAME = new RegExp(`^${LABEL}(?:\\.${LABEL})*(?::[0-9]{1,5}(?![0-9\\p{L}]))?`, "v");

/** An ASCII host that letters of other scripts stand behind, or before where no scheme says where it begins. */
function gluedHost(name: string, bare: boolean): string | undefined {
  const [host] = (bare ? GLUED : GLUED_BEHIND).exec(name) ?? [];
  if (host === undefined || host.length === name.length || host.length > 253) return undefined;
  return isReachable(host.toLowerCase()) ? host : undefined;
}

const GLUED =
  /(?<=^|[^\p{ASCII}])[a-z0-9][a-z0-9.-]*\.[a-z]{2,}(?=\.*(?:$|[:?#/\\]|[^\p{ASCII}]))/iu;
const GLUED_BEHIND = /^[a-z0-9][a-z0-9.-]*\.[a-z]{2,}(?=\.*[^\p{ASCII}])/iu;

function isName(host: string | undefined): boolean {
  return host !== undefined && /^[\w.:-]+$/.test(host);
}
