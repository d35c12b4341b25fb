import { BlockList, isIP, isIPv4 } from "node:net";
import { isWildcard } from "../transport/endpoint.ts";
import { deriveKeys, type SecureKeys } from "../wire/msnftp/secure-keys.ts";
import { failed, ok, type Result } from "../base/result.ts";
import { plainAddress } from "../base/plain-address.ts";
import type { RelayOptions } from "./relay-options.ts";
import type { RelayRefusal, TransferPlan } from "./relay.ts";

/** Addresses of nobody, or of many. */
const NOBODY = new BlockList();
NOBODY.addSubnet("0.0.0.0", 8, "ipv4");
NOBODY.addSubnet("224.0.0.0", 3, "ipv4");
NOBODY.addAddress("::", "ipv6");
NOBODY.addSubnet("ff00::", 8, "ipv6");

/** Below are services that a peer must not make us talk to. */
const LOWEST_PORT = 1024;
/** Printable and without blanks, so that it cannot end its control line, and short enough for one. */
const USER = /^[!-~]{1,200}$/;
const COOKIE = /^\d{1,10}$/;

/** What a checked plan is carried out with. */
export interface CheckedPlan {
  /** Undefined: the plain variant. */
  readonly keys: SecureKeys | undefined;
}

/** Where a peer says that it listens. */
interface Target {
  readonly address: string;
  readonly port: number;
}

/** Reads what peers have put into a plan, and checks that we may act on it. */
export function checkPlan(
  plan: TransferPlan,
  options: RelayOptions,
  isOurPort: (port: number) => boolean,
): Result<CheckedPlan, RelayRefusal> {
  const { size, user } = plan;
  if (!Number.isSafeInteger(size) || size < 0 || size > options.maxFileBytes) {
    return failed("too-large");
  }
  const keys = plan.keys && deriveKeys(plan.keys.encryptionKey, plan.keys.hashKey);
  if (keys?.ok === false) return failed("bad-keys");
  const dialled = [plan.sender, plan.receiver].filter((leg) => leg.kind === "dial");
  const areAllowed = dialled.every(
    (leg) => COOKIE.test(leg.authCookie) && mayDial(leg) && !isOurselves(leg, options, isOurPort),
  );
  if (!USER.test(user) || !areAllowed) return failed("bad-address");
  if (keys === undefined && isSenderAnybody(plan)) return failed("unproven-sender");
  return ok({ keys: keys?.value });
}

/** A sender that dials us shows no cookie; without a MAC, and without an address to dial from, it could be anybody. */
function isSenderAnybody({ sender }: TransferPlan): boolean {
  return sender.kind === "await" && sender.onlyFrom === undefined;
}

/** A literal unicast address; a name would be looked up, and a zone names an interface of ours. */
function mayDial({ address, port }: Target): boolean {
  if (isIP(address) === 0 || address.includes("%")) return false;
  const plain = plainAddress(address);
  if (NOBODY.check(plain, isIPv4(plain) ? "ipv4" : "ipv6")) return false;
  return Number.isInteger(port) && port >= LOWEST_PORT && port <= 65_535;
}

/** A transfer that dials another one's port would let peers of two transfers meet. */
function isOurselves(
  { address, port }: Target,
  { address: ours, isOwnAddress }: RelayOptions,
  isOurPort: (port: number) => boolean,
): boolean {
  if (!isOurPort(port)) return false;
  const plain = plainAddress(address);
  if (plain === ours || isOwnAddress(plain)) return true;
  return isWildcard(ours) && (plain.startsWith("127.") || plain === "::1");
}
