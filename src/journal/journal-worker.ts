import { parentPort, workerData } from "node:worker_threads";
import { systemClock } from "../base/clock.ts";
import { openStoreDesk } from "./store-desk.ts";
import type { StoreReply, StoreRequest, StoreSettings } from "./store-messages.ts";

/** Entry of the worker thread that owns the incident store and the event log; store-client.ts starts it. */
const port = parentPort;
if (port !== null) {
  const desk = openStoreDesk(
    workerData as StoreSettings,
    systemClock,
    (message: StoreReply) => port.postMessage(message),
    () => port.close(),
  );
  if (desk === undefined) port.close();
  else port.on("message", (request: StoreRequest) => desk.receive(request));
}
