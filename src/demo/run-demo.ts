/**
 * `sluice demo`: a gateway of its own, two users and six things that happen to what they send, told as they happen. It is
 * a self-test as well: whatever comes out otherwise than it should makes it fail. Everything is on 127.0.0.1, in a
 * temporary folder; nothing is left behind unless asked for.
 * It does not look at the configuration of this machine, and it never talks to a gateway that is running already.
 */
import type { Act, Stage } from "./act.ts";
import type { DemoDeps, DemoOptions } from "./demo-deps.ts";
import { startDemoGateway, type DemoGateway } from "./demo-gateway.ts";
import { DemoUser } from "./demo-user.ts";
import { FILE_ACTS } from "./file-acts.ts";
import { incidentTable } from "./incident-table.ts";
import { createNarrator, type Narrator } from "./narrator.ts";
import { TEXT_ACTS } from "./text-acts.ts";

const ACTS: readonly Act[] = [...TEXT_ACTS, ...FILE_ACTS];

interface Performance {
  readonly deps: DemoDeps;
  readonly options: DemoOptions;
  readonly tell: Narrator;
  /** Aborted by Ctrl-C, and when the terminal is closed. */
  readonly signal: AbortSignal;
}

/** True: everything went as told. Never rejects; everything is cleaned up when it resolves. */
export async function runDemo(deps: DemoDeps, options: DemoOptions): Promise<boolean> {
  const tell = createNarrator(deps);
  const interruption = new AbortController();
  const { signal } = interruption;
  const removals = (["SIGINT", "SIGTERM", "SIGHUP"] as const).map((name) =>
    deps.onSignal(name, () => interruption.abort()),
  );
  try {
    const isGood = await perform({ deps, options, tell, signal });
    if (!signal.aborted) tell.line(closingWords(options));
    else tell.line("\nInterrupted; everything has been cleaned up.");
    return isGood && !signal.aborted;
  } catch (error) {
    if (signal.aborted) tell.line("\nInterrupted; everything has been cleaned up.");
    else tell.bad(messageOf(error));
    return false;
  } finally {
    for (const remove of removals) remove();
  }
}

async function perform(performance: Performance): Promise<boolean> {
  const { deps, options, tell, signal } = performance;
  const startedAt = deps.clock.monotonicMs();
  tell.line("Starting a gateway of its own …");
  await using gateway = await startDemoGateway(deps, options);
  tell.line(
    `It listens on 127.0.0.1:${gateway.port}, with the rules as shipped. Alice and Bob sign on.`,
  );
  using users = new DisposableStack();
  const signOn = async (name: string): Promise<DemoUser> =>
    users.adopt(await DemoUser.signOn(name, gateway.port, deps.clock), (user) => user.close());
  const [alice, bob] = [await signOn("Alice"), await signOn("Bob")];
  const stage = { alice, bob, gateway, tell, clock: deps.clock };
  // Whatever an act waits for: it ends when the users' connections do.
  const failures = await Promise.race([playAll(stage, signal), aborted(signal)]);
  if (failures === undefined) return false;
  const seconds = ((deps.clock.monotonicMs() - startedAt) / 1000).toFixed(1);
  const good = `All ${ACTS.length} came out as they should, in ${seconds} s.`;
  const bad = `${failures} of ${ACTS.length} came out otherwise than they should (${seconds} s).`;
  tell.line(`\n${tell.strong(failures === 0 ? good : bad)}`);
  await tellIncidents(gateway, tell);
  if (options.keep) tellWhereToLook(gateway, tell);
  return failures === 0;
}

/** How many came out otherwise. */
async function playAll(stage: Stage, signal: AbortSignal): Promise<number> {
  let failures = 0;
  for (const [index, act] of ACTS.entries()) {
    stage.tell.act(index + 1, act.title);
    try {
      stage.tell.good(await act.play(stage));
    } catch (error) {
      if (signal.aborted) return failures;
      failures += 1;
      stage.tell.bad(messageOf(error));
    }
  }
  return failures;
}

async function aborted(signal: AbortSignal): Promise<undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  if (signal.aborted) resolve(undefined);
  else signal.addEventListener("abort", () => resolve(undefined), { once: true });
  return promise;
}

async function tellIncidents(gateway: DemoGateway, tell: Narrator): Promise<void> {
  const { stdout } = await gateway.cli("incidents", "list", "-o", "ndjson");
  tell.line("\nWhat the operator sees (sluice incidents list):\n");
  for (const line of incidentTable(stdout)) tell.line(`   ${line}`);
}

function tellWhereToLook({ dir }: DemoGateway, tell: Narrator): void {
  tell.line(`\nLeft in ${dir}:\n`);
  tell.line("   data/events.ndjson   one line for each message and each file");
  tell.line("   data/                the incidents, and the quarantine (encrypted)");
  tell.line("   gateway.log          the program's own log");
  tell.line(`   sluice.yaml          the configuration: sluice run --config ${dir}/sluice.yaml`);
  tell.line("                        brings it back, for sluice incidents and sluice quarantine");
}

function closingWords({ keep }: DemoOptions): string {
  if (keep) return "\nThe gateway has been stopped; the folder is yours to delete.";
  return "\nThe gateway has been stopped and its files are gone; sluice demo --keep leaves them.";
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
