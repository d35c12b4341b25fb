import { request } from "node:http";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import type { GatewayProcess } from "./gateway-process.ts";

/** Asks the gateway over its admin socket and gives the answer's body, which is an object. */
export async function askAdmin(
  gateway: GatewayProcess,
  method: "GET" | "POST" | "DELETE",
  path: string,
  body?: object,
): Promise<Readonly<Record<string, unknown>>> {
  const socketPath = join(gateway.dir, "data", "admin.sock");
  const headers = body === undefined ? {} : { "content-type": "application/json" };
  const answered = Promise.withResolvers<unknown>();
  const asked = request({ socketPath, method, path, headers }, (response) => {
    answered.resolve(json(response));
  });
  asked.on("error", answered.reject);
  asked.end(body === undefined ? undefined : JSON.stringify(body));
  return (await answered.promise) as Readonly<Record<string, unknown>>;
}
