import { parentPort, workerData } from "node:worker_threads";
import { type IncidentReader, openIncidentReader } from "./incident-queries.ts";
import type { QueryReply, QueryRequest } from "./query-client.ts";

/** Entry of the worker thread that reads the incident store for people; query-client.ts starts it. */
const port = parentPort;
let reader: IncidentReader | undefined;

function answer(request: QueryRequest): QueryReply {
  try {
    reader ??= openIncidentReader(String(workerData));
    const value = request.kind === "list" ? reader.list(request.filter) : reader.show(request.id);
    return { seq: request.seq, ok: true, value };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { seq: request.seq, ok: false, message };
  }
}

port?.on("message", (request: QueryRequest) => port.postMessage(answer(request)));
