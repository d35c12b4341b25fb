import type { ProblemSink } from "../policy/rule-problem.ts";
import type { WebSocketConfig } from "./config.ts";
import { millisecondsOf } from "./quantities.ts";
import type { WebSocketData } from "./websocket-schema.ts";

const EXAMPLE = 'write "https://chat.example.com", with the port where it is not the usual one';

/** `websocket:` with its defaults. */
export function readWebSocket(data: WebSocketData | undefined, sink: ProblemSink): WebSocketConfig {
  const pingMs = millisecondsOf(data?.ping ?? "30s");
  if (pingMs < 1000) sink.error(["websocket", "ping"], "must be at least 1s");
  const origins: string[] = [];
  for (const [index, written] of (data?.origins ?? []).entries()) {
    const origin = written.toLowerCase();
    if (isOrigin(origin)) origins.push(origin);
    else sink.error(["websocket", "origins", index], `"${written}" is not an origin`, EXAMPLE);
  }
  if (data?.origins?.length === 0) {
    sink.error(["websocket", "origins"], "names no origin", "leave it out to let any page connect");
  }
  return { origins, pingMs };
}

/** As a browser writes it (RFC 6454 §6.2): scheme, host, and the port where it is not the scheme's. */
function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}
