import { request } from "node:http";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import type { GatewayProcess } from "./gateway-process.ts";

/** Asks the gateway over its admin socket and gives the answer's body, which is an object. */
export async function askAdmin(
  gateway: GatewayProcess,
  method: "GET" | "POST",
  path: string,
): Promise<Readonly<Record<string, unknown>>> {
  const socketPath = join(gateway.dir, "data", "admin.sock");
  const answered = Promise.withResolvers<unknown>();
  const asked = request({ socketPath, method, path }, (response) => {
    answered.resolve(json(response));
  });
  asked.on("error", answered.reject);
  asked.end();
  return (await answered.promise) as Readonly<Record<string, unknown>>;
}
