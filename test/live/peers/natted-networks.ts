import { NetworkNamespace, shell } from "./network-namespace.ts";
import { NFTABLES, type Requirement } from "./requirements.ts";

/** In the public network, where this process is. */
const GATEWAY = "198.51.100.1";
const SERVER = "198.51.100.3";
const ROUTER = "198.51.100.2";
/** What both users call their own: neither reaches the other's by it. */
const HOME = "192.168.1.10";
const HOME_ROUTER = "192.168.1.1";

const FORWARD = "echo 1 > /proc/sys/net/ipv4/ip_forward";
/** A home router: what goes out bears its address, and nothing comes in that was not asked for. */
const TRANSLATE = `nft -f - <<'RULES'
table ip home {
  chain out { type nat hook postrouting priority srcnat; oifname "outside" masquerade; }
  chain in { type filter hook forward priority filter; ct state established,related accept; iifname "outside" drop; }
}
RULES`;

/**
 * Two users at home, each behind a router that translates addresses, and between them the public network with its router
 * and ourselves:
 *
 *     alice's home 192.168.1.10 ── NAT 203.0.113.2 ──┐
 *                                                   router ── 198.51.100.1 (gateway), .3 (server): this process
 *     bob's home   192.168.1.10 ── NAT 203.0.113.6 ──┘
 *
 * Namespaces, their cables and their rules are gone when this is disposed of, or when this process ends in whatever way.
 * Of this machine's own network it uses one interface with the addresses above, so there can be only one at a time.
 */
export class NattedNetworks implements AsyncDisposable {
  static readonly needs: readonly Requirement[] = [...NetworkNamespace.needs, NFTABLES];
  /** What both clients believe to be reached at. */
  readonly homeAddress: string = HOME;
  readonly gatewayHost: string = GATEWAY;
  readonly serverHost: string = SERVER;
  /** Commands that run what follows them at home. */
  readonly alice: readonly string[];
  readonly bob: readonly string[];
  readonly #stack: AsyncDisposableStack;

  private constructor(alice: NetworkNamespace, bob: NetworkNamespace, stack: AsyncDisposableStack) {
    this.alice = alice.within;
    this.bob = bob.within;
    this.#stack = stack;
  }

  static async open(): Promise<NattedNetworks> {
    await using stack = new AsyncDisposableStack();
    const router = stack.use(await NetworkNamespace.open());
    const link = `slu${process.pid}`;
    stack.defer(async () => shell(`ip link del ${link} 2>/dev/null || true`));
    await shell(`
      ip link add ${link} type veth peer name server netns ${router.pid}
      ip addr add ${GATEWAY}/29 dev ${link}
      ip addr add ${SERVER}/29 dev ${link}
      ip link set ${link} up
      ip route add 203.0.113.0/29 via ${ROUTER}`);
    await router.shell(`
      ip addr add ${ROUTER}/29 dev server
      ip link set server up
      ${FORWARD}`);
    const alice = await openHome(stack, router, ["203.0.113.1", "203.0.113.2"]);
    const bob = await openHome(stack, router, ["203.0.113.5", "203.0.113.6"]);
    return new NattedNetworks(alice, bob, stack.move());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** A home and its router, joined to the public one; the two addresses of the cable between: theirs and the home's. */
async function openHome(
  stack: AsyncDisposableStack,
  router: NetworkNamespace,
  [theirs, ours]: readonly [string, string],
): Promise<NetworkNamespace> {
  const nat = stack.use(await NetworkNamespace.open());
  const home = stack.use(await NetworkNamespace.open());
  const link = `to-${nat.pid}`;
  await router.shell(`
    ip link add ${link} type veth peer name outside netns ${nat.pid}
    ip addr add ${theirs}/30 dev ${link}
    ip link set ${link} up`);
  await nat.shell(`
    ip addr add ${ours}/30 dev outside
    ip link set outside up
    ip link add inside type veth peer name eth0 netns ${home.pid}
    ip addr add ${HOME_ROUTER}/24 dev inside
    ip link set inside up
    ip route add default via ${theirs}
    ${FORWARD}
    ${TRANSLATE}`);
  await home.shell(`
    ip link set lo up
    ip addr add ${HOME}/24 dev eth0
    ip link set eth0 up
    ip route add default via ${HOME_ROUTER}`);
  return home;
}
