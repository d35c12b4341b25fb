/** The entries in one line of a list file; blank lines and lines that begin with # hold nothing. */
export type ListLine = (line: string) => readonly string[];

/** @param format lines, hosts or csv:N, as the schema admits them */
export function listFormat(format: string): ListLine {
  if (format === "hosts") return (line) => entriesOf(line, hostsOf);
  const column = /^csv:(\d+)$/.exec(format)?.[1];
  if (column === undefined) return (line) => entriesOf(line, (entry) => [entry]);
  return (line) => entriesOf(line, (cells) => [cellOf(cells, Number(column))]);
}

function entriesOf(raw: string, itemsOf: ListLine): readonly string[] {
  const line = raw.trim();
  if (line === "" || line.startsWith("#")) return [];
  return itemsOf(line).filter((item) => item !== "");
}

/** The form of /etc/hosts: an address, then names; names of the machine itself are no entries. */
function hostsOf(line: string): readonly string[] {
  const [, ...names] = (line.split("#")[0] ?? "").trim().split(/\s+/);
  return names.filter((name) => !OWN_NAMES.has(name.toLowerCase()));
}

const OWN_NAMES: ReadonlySet<string> = new Set([
  "localhost",
  "localhost.localdomain",
  "local",
  "broadcasthost",
  "ip6-localhost",
  "ip6-loopback",
  "ip6-allnodes",
  "ip6-allrouters",
  "0.0.0.0",
]);

/** One cell of a line of comma separated values; cells may be quoted, and then hold commas and "" for a quote. */
function cellOf(line: string, column: number): string {
  const cells = line.matchAll(/(?:^|,)(?:\s*"((?:[^"]|"")*)"\s*|([^,]*))/g);
  let index = 0;
  for (const cell of cells) {
    index += 1;
    if (index < column) continue;
    return (cell[1]?.replaceAll('""', '"') ?? cell[2] ?? "").trim();
  }
  return "";
}
