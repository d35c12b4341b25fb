import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { freePortRange } from "../support/port-range.ts";
import { SecurityAssociation, type SigningScheme } from "../support/sip-signature.ts";
import type { SipClient } from "../support/sip-client.ts";
import { openTwoCrossings, type TwoCrossings } from "../support/two-crossings.ts";

const RULES = {
  version: 1,
  templates: { off: { en: "[off, {incident.id}]" } },
  rules: [
    {
      id: "no-programs",
      when: { url: { path_extension: ["exe"] } },
      then: {
        block: { reason: "Link not permitted" },
        notify: { sender: "off", recipient: "off" },
      },
    },
    {
      id: "disarm",
      when: { url: { zone: "internet" } },
      then: {
        rewrite: { links: { prefix: "_" } },
        notice: { template: "off", position: "prepend" },
        notify: { recipient: "off" },
      },
    },
  ],
};

const OFFER = [
  "Application-Name: File Transfer",
  "Application-GUID: {5D3E02AB-6190-11d3-BBBB-00C04F795683}",
  "Invitation-Command: INVITE",
  "Invitation-Cookie: 513756658",
  "Application-File: hello.txt",
  "Application-FileSize: 27",
  "Encryption: R",
];
const ACCEPT = [
  "Invitation-Command: ACCEPT",
  "Request-Data: IP-Address:",
  "Invitation-Cookie: 513756658",
];
const KEYS = [
  "Encryption-Key: AAECAwQFBgcICQoLDA0ODxAREhMUFRYX",
  "Hash-Key: QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZX",
];

const NO_PLACE = ["IP-Address: 127.0.0.1", "Port: 80", "AuthCookie: 123456789"];

const REFERENCE = /INC-[0-9A-Z]{8}/;
const ONE = { incidents: 1, events: 1 };
let number = 0;

/** A link to a host that no other test has. */
function link(path: string): string {
  number += 1;
  return `http://host${number}.example/${path}`;
}

describe.each<SigningScheme>(["NTLM", "Kerberos", "TLS-DSK"])(
  "clients whose messages are signed with %s",
  (scheme) => {
    let stage: TwoCrossings;
    let alice: SipClient;
    let bob: SipClient;

    beforeAll(async () => {
      const { text: ports } = await freePortRange();
      stage = await openTwoCrossings(RULES, { settings: { relay: { msnftp: { ports } } } });
      stage.server.recordsRoute = true;
      const signsOn = async (name: string): Promise<SipClient> => {
        const signing = new SecurityAssociation(scheme);
        stage.server.signing.set(`sip:${name}@example.test`, signing);
        return stage.signOn(name, { signing, epid: "01010101" });
      };
      alice = await signsOn("alice");
      bob = await signsOn("bob");
    });

    afterEach(() => {
      stage.server.answering = "forward";
      // Whatever happens, nothing unsigned is for either of them, and what they sign stays whole.
      const strays = [...alice.ignored, ...bob.ignored, ...stage.server.unsigned, ...bob.unread];
      if (strays.length > 0) throw new Error(strays.map((one) => one.bytes.toString()).join("\n"));
    });

    afterAll(async () => {
      await stage[Symbol.asyncDispose]();
    });

    /** What has reached the server of a message, and of the link in it. */
    function reachedServer(word: string): boolean {
      return stage.server.arrived.some((request) => request.bytes.includes(word));
    }

    it("get a disarmed link under a good signature, and so does its sender the answer", async () => {
      const url = link("x");
      expect((await alice.sends(bob.aor, `see ${url}`)).status).toBe(200);
      expect((await bob.receives()).text).toContain(`_${url}`);
      expect((await bob.receivesNotice()).text).toMatch(REFERENCE);
      expect(await stage.counts()).toEqual(ONE);
    });

    it("hear of a link that is refused from their server, and nobody else hears of it", async () => {
      const url = link("a.exe");
      const answer = await alice.sends(bob.aor, `get ${url}`);
      expect(answer.status).toBe(606);
      const reference = REFERENCE.exec(answer.header("warning") ?? "")?.[0] ?? "none";
      expect(answer.header("warning")).toMatch(/^309 .*Link not permitted/);
      expect(answer.header("ms-diagnostics")).toContain(reference);
      expect(reachedServer(url)).toBe(false);
      expect(reachedServer(reference)).toBe(true);
      expect((await alice.receivesNotice()).text).toContain(reference);
      expect((await bob.receivesNotice()).text).toContain(reference);
      expect(await stage.counts()).toEqual(ONE);
    });

    it("hear of it once, on however many devices the receiver is", async () => {
      const signing = stage.server.signing.get(bob.aor);
      if (signing === undefined) throw new Error("bob does not sign");
      const other = await stage.signOn("bob", { signing });
      const answer = await alice.sends(bob.aor, `get ${link("b.exe")}`);
      expect(answer.status).toBe(606);
      expect(await stage.counts()).toEqual(ONE);
      expect(other.unread).toEqual([]);
      await other.register(0);
    });

    it("get the server's own word where it does not go on, and the link has gone nowhere", async () => {
      const url = link("c.exe");
      expect((await alice.sends("sip:nobody@example.test", `get ${url}`)).status).toBe(404);
      expect(reachedServer(url)).toBe(false);
      expect(await stage.counts()).toEqual(ONE);
    });

    it("leave nothing but a sentence in a store", async () => {
      const url = link("d.exe");
      stage.server.answering = "store";
      expect((await alice.sends(bob.aor, `get ${url}`)).status).toBe(202);
      const kept = stage.server.stored.find((request) => request.text.startsWith("This message"));
      expect(kept?.text).toMatch(/^This message was not delivered\. Ref INC-[0-9A-Z]{8}$/);
      expect(await stage.counts()).toEqual(ONE);
    });

    it("do not ring with a refused text in an INVITE, and talk on in a session", async () => {
      const body = Buffer.from(`get ${link("e.exe")}`).toString("base64");
      const format = `text/plain; charset=UTF-8;ms-body=${body}`;
      const { response } = await alice.invites(bob.aor, { headers: [["ms-text-format", format]] });
      expect(response.status).toBe(606);
      expect(reachedServer(body)).toBe(false);
      expect(bob.arrived.filter((request) => request.method === "INVITE")).toEqual([]);
      expect(await stage.counts()).toEqual(ONE);

      const { response: ok, dialog } = await alice.invites(bob.aor);
      expect(ok.status).toBe(200);
      const url = link("x");
      expect((await dialog.sends(`see ${url}`)).status).toBe(200);
      expect((await bob.receives()).text).toContain(`_${url}`);
      expect((await dialog.sends(`get ${link("f.exe")}`)).status).toBe(606);
      expect((await dialog.sends("and on")).status).toBe(200);
      expect((await bob.receives()).text).toBe("and on");
    });

    it("are sent nothing of our own in their session when a file goes wrong, and hear of it all the same", async () => {
      const { dialog } = await alice.invites(bob.aor);
      const back = bob.dialogOf(await bob.receivesRequest("INVITE"));
      const says = async (from: typeof dialog, lines: readonly string[]): Promise<number> => {
        const contentType = "text/x-msmsgsinvite; charset=UTF-8";
        return (await from.sends(`${lines.join("\r\n")}\r\n`, { contentType })).status;
      };
      expect(await says(dialog, OFFER)).toBe(200);
      await bob.receives();
      expect(await says(back, [...ACCEPT, ...KEYS])).toBe(200);
      await alice.receives();
      // The relay dials no such port: Alice's ACCEPT is refused, and Bob's client would be told by a CANCEL of ours.
      expect(await says(dialog, [...ACCEPT, ...NO_PLACE])).toBe(606);
      // What the gateway would have sent first would arrive first.
      expect((await dialog.sends("never mind")).status).toBe(200);
      expect((await bob.receives()).text).toBe("never mind");
    });
  },
);

describe("the same session, unsigned", () => {
  it("gets the CANCEL that a signed one is spared", async () => {
    const { text: ports } = await freePortRange();
    await using stage = await openTwoCrossings(RULES, {
      settings: { relay: { msnftp: { ports } } },
    });
    stage.server.recordsRoute = true;
    const alice = await stage.signOn("alice");
    const bob = await stage.signOn("bob");
    const { dialog } = await alice.invites(bob.aor);
    const back = bob.dialogOf(await bob.receivesRequest("INVITE"));
    const contentType = "text/x-msmsgsinvite; charset=UTF-8";
    const says = async (from: typeof dialog, lines: readonly string[]): Promise<number> =>
      (await from.sends(`${lines.join("\r\n")}\r\n`, { contentType })).status;
    expect(await says(dialog, OFFER)).toBe(200);
    await bob.receives();
    expect(await says(back, [...ACCEPT, ...KEYS])).toBe(200);
    await alice.receives();
    expect(await says(dialog, [...ACCEPT, ...NO_PLACE])).toBe(606);
    expect((await bob.receives()).text).toContain("Invitation-Command: CANCEL");
  });
});

describe("credentials that cover the body", () => {
  it("make a refusal of what would have to be rewritten, and change nothing of the rest", async () => {
    await using stage = await openTwoCrossings(RULES);
    const alice = await stage.signOn("alice");
    const bob = await stage.signOn("bob");
    const credentials =
      'Digest username="alice", realm="example.test", nonce="n", uri="sip:bob@example.test", ' +
      'qop=auth-int, nc=00000001, cnonce="c", response="00112233445566778899aabbccddeeff"';
    const headers = [["Proxy-Authorization", credentials]] as const;
    const refused = await alice.sends(bob.aor, `see ${link("x")}`, { headers });
    expect(refused.status).toBe(403);
    expect(refused.header("warning")).toMatch(REFERENCE);
    expect((await alice.sends(bob.aor, "no link", { headers })).status).toBe(200);
    expect((await bob.receives()).text).toBe("no link");
    expect(await stage.counts()).toEqual({ incidents: 1, events: 2 });
    const notThatOne = [["Proxy-Authorization", credentials.replace("auth-int", "auth")]] as const;
    const url = link("x");
    expect((await alice.sends(bob.aor, `see ${url}`, { headers: notThatOne })).status).toBe(200);
    expect((await bob.receives()).text).toContain(`_${url}`);
  });
});
