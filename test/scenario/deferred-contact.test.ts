import { afterAll, beforeAll, expect, it } from "vitest";
import { EICAR } from "../support/eicar.ts";
import { FileStory } from "../support/file-story.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { harmlessBytes } from "../support/harmless-bytes.ts";
import { freePortRange } from "../support/port-range.ts";

let gateway: GatewayProcess;
let story: FileStory;

beforeAll(async () => {
  const { text } = await freePortRange(2);
  const relay = { msnftp: { ports: text, contact: "deferred" } };
  gateway = await GatewayProcess.start({ relay });
  story = await FileStory.begin({ gateway: gateway.at("tcp") });
});

afterAll(async () => {
  await story[Symbol.asyncDispose]();
  await gateway[Symbol.asyncDispose]();
});

it("a file is fetched and found clean before its receiver hears where it is", async () => {
  const { alice, bob } = story;
  const bytes = harmlessBytes(50_000);
  const offer = await alice.offers({ name: "holiday.dat", bytes });
  const invitation = await bob.sees("INVITE", offer.cookie);
  const { keys } = await bob.accepts(invitation);
  const accepted = await alice.sees("ACCEPT", offer.cookie);
  const { sender, answer } = await alice.serves(offer, accepted, bob);
  expect(answer.status).toBe(200);
  const address = await bob.sees("ACCEPT", offer.cookie);
  expect((await sender.result).end).toBe("bye");
  const receiver = bob.fetches(invitation, keys, address);
  const got = await receiver.result;
  expect(got.end).toBe("complete");
  expect(got.content.equals(bytes)).toBe(true);
  await alice.says("did you get it?");
  expect(await bob.hears()).toContain("did you get it?");
});

it("the receiver of an infected one hears of no place at all", async () => {
  const { alice, bob } = story;
  const offer = await alice.offers({ name: "notes.txt", bytes: EICAR });
  await bob.accepts(await bob.sees("INVITE", offer.cookie));
  const { sender } = await alice.serves(offer, await alice.sees("ACCEPT", offer.cookie), bob);
  expect((await sender.result).end).toBe("bye");
  const cancel = await bob.sees("CANCEL", offer.cookie);
  expect(cancel.field("Cancel-Code")).toBe("FTTIMEOUT");
  expect(bob.unseenInvitations).toEqual([]);
  const notice = await alice.seesNotice();
  expect(notice.text).toMatch(/^notes\.txt .*INC-/);
});
