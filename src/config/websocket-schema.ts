import { z } from "zod";
import { section, text } from "../policy/vocabulary.ts";
import { durationSchema } from "./quantities.ts";

/** `websocket:` of sluice.yaml as written. */
export interface WebSocketData {
  readonly origins?: readonly string[] | undefined;
  readonly ping?: string | undefined;
}

/** The keys of `websocket:`, for config-schema.ts. */
export const webSocketSchema: z.ZodType<WebSocketData> = section({
  origins: z.array(text()).optional().meta({
    description: 'Whose pages may connect: "https://chat.example.com". Default: any.',
  }),
  ping: durationSchema().optional().meta({
    description: "A client that is silent for so long is pinged. Default: 30s.",
  }),
}).meta({ description: "SIP over WebSocket, for the listeners ws:// and wss://." });
