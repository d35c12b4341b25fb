/**
 * Who may import whom (DESIGN §3 as data). A target is a room, or a room with "(types)": then `import type` alone.
 * A room is a folder of src; wire's folders are rooms of their own; a file directly in src is a room by its name.
 * Changing this table is a decision about the architecture: say why in docs/decisions.
 */
export interface Room {
  readonly may: readonly string[];
  /** npm packages; nothing else from node_modules. */
  readonly packages: readonly string[];
  /** May touch fs, net, dgram, tls, http, dns, child_process, worker_threads, timers, process. */
  readonly io: boolean;
}

const WIRE = ["wire/sip", "wire/sdp", "wire/mime", "wire/msrp", "wire/msnftp", "wire/rcs"] as const;

function pure(may: readonly string[], packages: readonly string[] = []): Room {
  return { may, packages, io: false };
}

function machinery(may: readonly string[], packages: readonly string[] = []): Room {
  return { may, packages, io: true };
}

export const ROOMS: Readonly<Record<string, Room>> = {
  base: pure([]),
  content: pure(["base"], ["mime-types"]),
  "wire/sip": pure(["base", "content"]),
  "wire/mime": pure(["base", "content"]),
  "wire/sdp": pure(["base", "content", "wire/mime"]),
  "wire/msnftp": pure(["base", "content", "wire/mime"]),
  "wire/msrp": pure(["base", "content", "wire/mime"]),
  "wire/rcs": pure(["base", "content"]),
  inspect: pure(["base", "content", ...WIRE], ["parse5", "tldts"]),
  policy: pure(["base", "content", "inspect(types)"], ["re2js", "tldts", "ipaddr.js", "zod"]),
  enforce: pure(["base", "content", ...WIRE, "inspect(types)", "policy(types)"]),
  judge: pure(["base", ...WIRE, "inspect", "policy", "enforce"]),
  transport: machinery(["base"], ["ipaddr.js", "ws"]),
  dns: machinery(["base"]),
  location: machinery(["base", "wire/sip"], ["ipaddr.js"]),
  proxy: machinery(["base", "wire/sip", "transport", "location", "dns(types)"]),
  spool: machinery(["base"]),
  scan: machinery(
    ["base", "content", "wire/mime"],
    ["clamscan", "file-type", "@virustotal/yara-x"],
  ),
  relay: machinery(["base", "content", ...WIRE, "transport", "spool", "scan(types)"]),
  quarantine: machinery(["base", "spool", "scan(types)"]),
  journal: machinery(["base"], ["zod"]),
  notify: machinery(["base", "policy(types)"]),
  config: machinery(["base", "policy"], ["yaml", "zod", "ipaddr.js"]),
  filter: pure([
    "base",
    ...WIRE,
    "judge",
    "journal",
    "notify",
    "inspect(types)",
    "policy(types)",
    "proxy(types)",
    "relay(types)",
    "scan(types)",
  ]),
  review: machinery(["base", "journal", "judge", "policy(types)"], ["fastify", "zod"]),
  cli: machinery(
    ["base", "wire/sip", "config", "policy", "judge", "journal"],
    ["commander", "pino"],
  ),
  // Peers for a demonstration: outside of the gateway, on the same codecs.
  demo: machinery(["base", "wire/sip", "wire/msnftp"]),
  gateway: machinery(["*"], ["pino"]),
  // Pieces of the composition root that outgrew gateway.ts.
  assembly: machinery(["*", "cli(types)"], ["pino"]),
  main: machinery(["base", "cli", "config", "gateway", "assembly", "scan", "demo"], ["pino"]),
};

/** What "node I/O" means in the table. */
export const NODE_IO: readonly string[] = [
  "fs",
  "fs/promises",
  "net",
  "dgram",
  "tls",
  "http",
  "https",
  "http2",
  "dns",
  "dns/promises",
  "child_process",
  "worker_threads",
  "cluster",
  "timers",
  "timers/promises",
  "process",
  "os",
  "readline",
  "stream",
  "stream/promises",
  "sqlite",
  "vm",
  "repl",
  "inspector",
];

/** Files that may read the time or wait by themselves: everybody else is given a Clock. */
export const CLOCK_FILES: readonly string[] = ["src/base/clock.ts"];

/** The table as data is exempt from the length limit; nothing else. */
export const CODE_LINES_PER_FILE = 400;
