import { accessSync, constants, existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { spawnSync } from "node:child_process";

/** Something a live test needs of the machine. */
export interface Requirement {
  readonly what: string;
  /** What to install where it is missing. */
  readonly debianPackage: string;
  readonly present: () => boolean;
}

function onPath(program: string): boolean {
  // oxlint-disable-next-line node/no-process-env -- where programs are looked for is the machine's affair
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function program(name: string, debianPackage: string): Requirement {
  return { what: name, debianPackage, present: () => onPath(name) };
}

export const KAMAILIO: Requirement = program("kamailio", "kamailio");
export const KAMAILIO_TLS: Requirement = {
  what: "the tls module of Kamailio",
  debianPackage: "kamailio-tls-modules",
  // The folder between is named for the machine's architecture.
  present: () =>
    readdirSync("/usr/lib").some((folder) =>
      existsSync(join("/usr/lib", folder, "kamailio/modules/tls.so")),
    ),
};
export const SIPP: Requirement = program("sipp", "sip-tester");
export const SIPVICIOUS: Requirement = program("svwar", "sipvicious");
export const TCPDUMP: Requirement = program("tcpdump", "tcpdump");
export const IPROUTE: Requirement = program("ip", "iproute2");
export const NFTABLES: Requirement = program("nft", "nftables");
export const NAMESPACES: Requirement = {
  what: "the right to make network namespaces",
  debianPackage: "util-linux",
  present: () => spawnSync("unshare", ["--net", "true"]).status === 0,
};
export const CLAMD: Requirement = program("clamd", "clamav-daemon");
export const C_ICAP: Requirement = program("c-icap", "c-icap");
export const C_ICAP_VIRUS_SCAN: Requirement = {
  what: "the virus_scan service of c-icap",
  debianPackage: "libc-icap-mod-virus-scan",
  // The folder between is named for the machine's architecture.
  present: () =>
    readdirSync("/usr/lib").some((folder) =>
      existsSync(join("/usr/lib", folder, "c_icap/virus_scan.so")),
    ),
};
export const C_COMPILER: Requirement = program("gcc", "gcc");
export const LIBPURPLE: Requirement = {
  what: "libpurple's headers",
  debianPackage: "libpurple-dev pkg-config libc6-dev",
  present: () =>
    onPath("pkg-config") && spawnSync("pkg-config", ["--exists", "purple"]).status === 0,
};
export const PIDGIN_SIPE: Requirement = {
  what: "the sipe plug-in of libpurple",
  debianPackage: "pidgin-sipe",
  // Debian's package installs it beside, not into, the folder that pkg-config names.
  present: () => [pluginFolder(), "/usr/lib/purple-2"].some((folder) => isReadable(folder)),
};

function pluginFolder(): string {
  const asked = spawnSync("pkg-config", ["--variable=plugindir", "purple"], { encoding: "utf8" });
  return (asked.stdout ?? "").trim();
}

function isReadable(folder: string): boolean {
  try {
    accessSync(join(folder, "libsipe.so"), constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Whether a live test must be skipped. Says in one line what is missing. Under REQUIRE_LIVE=1 nothing is skipped: the test
 * then fails by itself, where it needs what is not there.
 */
export function isMissing(requirements: readonly Requirement[]): boolean {
  const missing = requirements.filter((requirement) => !requirement.present());
  if (missing.length === 0) return false;
  const names = missing.map((requirement) => requirement.what).join(", ");
  const packages = missing.map((requirement) => requirement.debianPackage).join(" ");
  console.warn(`skipped: ${names} missing (apt-get install ${packages})`);
  // oxlint-disable-next-line node/no-process-env -- the switch of CI
  return process.env["REQUIRE_LIVE"] !== "1";
}
