import { HeaderId } from "../wire/sip/header-names.ts";
import type { SipResponse } from "../wire/sip/message.ts";
import { expect, incidentIn, type Act } from "./act.ts";

/** Acts 1 to 3: what is written. */
export const TEXT_ACTS: readonly Act[] = [
  {
    title: "A plain message",
    async play({ alice, bob, tell }) {
      const text = "Lunch at noon?";
      tell.says("Alice writes", text);
      const answer = await alice.sends(bob, text);
      expect(answer.status === 200, `it was answered ${answer.status}`);
      const read = await bob.reads("message", /Lunch/);
      tell.says("Bob reads", read);
      expect(read === text, "it was changed on its way");
      return "passed on unchanged: nothing in it concerned any rule";
    },
  },
  {
    title: "A link",
    async play({ alice, bob, gateway, tell }) {
      const text = "The menu: http://www.example.com/menu";
      tell.says("Alice writes", text);
      const answer = await alice.sends(bob, text);
      expect(answer.status === 200, `it was answered ${answer.status}`);
      const read = await bob.reads("message", /menu/);
      tell.says("Bob reads", read);
      expect(/_http:\/\/www\.example\.com\/menu/.test(read), "the link was not disarmed");
      const { id, rule } = await incidentIn(read, gateway);
      return `disarmed, so that a click opens nothing: rule ${rule}, incident ${id}`;
    },
  },
  {
    title: "A link to a program",
    async play({ alice, bob, gateway, tell }) {
      const text = "Get it here: http://www.example.com/setup.exe";
      tell.says("Alice writes", text);
      const answer = await alice.sends(bob, text);
      expect(answer.status >= 400, `it was answered ${answer.status}`);
      const told = refusalOf(answer);
      tell.says("Alice is told", told);
      const { id, rule } = await incidentIn(told, gateway);
      expect(!bob.hasGot(/Get it here/), "Bob got it all the same");
      tell.says("Bob", "gets nothing");
      return `refused: rule ${rule}, incident ${id}`;
    },
  },
];

/** Status and the words for the user, in which the incident is named. */
export function refusalOf(answer: SipResponse): string {
  const warning = answer.value(HeaderId.Warning) ?? "";
  const words = /"([^"]*)"/.exec(warning)?.[1] ?? answer.reason;
  const found = answer.value(HeaderId.MsDiagnostics) ?? "";
  const ref = /INC-[0-9A-Z]{8}/.test(words) ? "" : (/INC-[0-9A-Z]{8}/.exec(found)?.[0] ?? "");
  return `${answer.status} ${words}${ref === "" ? "" : ` (${ref})`}`;
}
