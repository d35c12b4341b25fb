/** A SIP server as a process of its own, for server-process.ts: answers 200 to everything, and says what it got. */
import { openDatagramSocket, openStreamServer, type Reply } from "./sip-socket.ts";
import type { SipText } from "./sip-text.ts";

const [address = "127.0.0.1", port = "0"] = process.argv.slice(2);

function onMessage(message: SipText, reply: Reply): void {
  if (!message.isRequest || message.method === "ACK") return;
  if (message.method !== "OPTIONS") console.log(message.header("call-id"));
  const copied = message.headers
    .filter(({ name }) => ["via", "from", "to", "call-id", "cseq"].includes(name))
    .map(({ raw, name }) => (name === "to" ? `${raw};tag=s` : raw));
  const lines = ["SIP/2.0 200 OK", ...copied, "Content-Length: 0", "", ""];
  reply(Buffer.from(lines.join("\r\n"), "latin1"));
}

const local = { address, port: Number(port) };
await openDatagramSocket(local, undefined, onMessage);
await openStreamServer(local, onMessage);
console.log("ready");
