import { CONTAINERS, type LinkContainer } from "./link-containers.ts";
import {
  HOSTS,
  PATHS,
  PROGRAMS,
  SCHEMES,
  WHOLE,
  type Part,
  type Reach,
} from "./link-evasion-parts.ts";
import { seededRandom } from "./seeded-random.ts";

/** One way to write a link to something that is blocked. */
export interface Evasion {
  readonly name: string;
  readonly reach: Reach;
  readonly container: LinkContainer;
  readonly link: string;
  readonly body: string | Buffer;
}

/**
 * Forms of links to hosts that are blocked (evil.example, evil.com, evil.zip, bücher.example, no-go.example, 192.0.2.7,
 * 2001:db8::bad): every scheme with every host, each in as many places as `share` says (1: all), and every whole form in every
 * place. The same for the same seed.
 */
export function hostEvasions(seed: number, share: number): readonly Evasion[] {
  const random = seededRandom(seed);
  const found = new Map<string, Evasion>();
  for (const scheme of SCHEMES) {
    for (const host of HOSTS) {
      for (const container of CONTAINERS) {
        const path = PATHS[Math.floor(random() * PATHS.length)];
        if (path === undefined || random() > share || !fits(scheme, host)) continue;
        add(found, [scheme, host, path], container);
      }
    }
  }
  for (const whole of WHOLE) for (const container of CONTAINERS) add(found, [whole], container);
  return [...found.values()];
}

/** Forms of links to a program on a host that is not blocked. */
export function programEvasions(): readonly Evasion[] {
  const found = new Map<string, Evasion>();
  for (const scheme of SCHEMES.filter(({ reach }) => reach === "clickable")) {
    const host = { name: "good", text: "good.example", reach: "clickable" } as const;
    for (const program of PROGRAMS)
      for (const container of CONTAINERS.slice(0, 2))
        add(found, [scheme, host, program], container);
  }
  return [...found.values()];
}

/** Names of schemes that take no user, and prefixes of hosts ("www.") before anything but a host. */
function fits(scheme: Part, host: Part): boolean {
  const bare = scheme.text.endsWith(".");
  const user = host.text.includes("@") || host.text.includes("%");
  if (bare && user) return false;
  return !(scheme.name.startsWith("file") && /[@:]|%/.test(host.text));
}

function add(found: Map<string, Evasion>, parts: readonly Part[], container: LinkContainer): void {
  const link = parts.map((part) => part.text).join("");
  const body = container.make(link);
  if (body === undefined) return;
  const name = [...parts.map((part) => part.name), container.name].join(", ");
  const key = `${container.type}\n${body.toString("base64")}`;
  if (!found.has(key)) found.set(key, { name, reach: reachOf(parts), container, link, body });
}

function reachOf(parts: readonly Part[]): Reach {
  const reaches = parts.map((part) => part.reach);
  if (reaches.includes("retyped")) return "retyped";
  return reaches.includes("defanged") ? "defanged" : "clickable";
}
