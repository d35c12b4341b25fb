import { Worker } from "node:worker_threads";
import { workerEntry } from "../base/worker-entry.ts";
import { JournalUnavailable } from "./journal-unavailable.ts";
import type { IncidentFilter, IncidentView, JournalQueries } from "./journal.ts";

/** What the reading worker is asked, and what it says. */
export type QueryRequest =
  | { readonly kind: "list"; readonly seq: number; readonly filter: IncidentFilter }
  | { readonly kind: "show"; readonly seq: number; readonly id: string };

export type QueryReply =
  | { readonly seq: number; readonly ok: true; readonly value: unknown }
  | { readonly seq: number; readonly ok: false; readonly message: string };

const MAX_WAITING = 32;

/** The reading worker starts with the first question and is started anew when it died. At most 32 questions wait. */
export function createQueryClient(storeFile: string): JournalQueries & AsyncDisposable {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let worker: Worker | undefined;
  let seq = 0;

  const failAll = (message: string): void => {
    for (const question of waiting.values()) {
      question.reject(new JournalUnavailable("JOURNAL_UNAVAILABLE", message));
    }
    waiting.clear();
  };
  const start = (): Worker => {
    const started = new Worker(workerEntry(import.meta.url, "query-worker"), {
      workerData: storeFile,
    });
    const lost = (why: string): void => {
      if (worker !== started) return;
      worker = undefined;
      failAll(`the incident store's reader ended: ${why}`);
    };
    started.on("message", (reply: QueryReply) => {
      const question = waiting.get(reply.seq);
      waiting.delete(reply.seq);
      if (reply.ok) question?.resolve(reply.value);
      else question?.reject(new JournalUnavailable("JOURNAL_UNAVAILABLE", reply.message));
    });
    started.on("error", (error) => lost(error.message));
    started.on("exit", (code) => lost(`exit ${code}`));
    return started;
  };
  const ask = async (request: QueryRequest): Promise<unknown> => {
    if (waiting.size >= MAX_WAITING) {
      throw new JournalUnavailable(
        "JOURNAL_OVERLOADED",
        `${MAX_WAITING} questions to the incident store wait already`,
      );
    }
    const question = Promise.withResolvers<unknown>();
    waiting.set(request.seq, question);
    worker ??= start();
    worker.postMessage(request, []);
    return question.promise;
  };

  return {
    async list(filter) {
      return (await ask({ kind: "list", seq: ++seq, filter })) as readonly IncidentView[];
    },
    async show(id) {
      return (await ask({ kind: "show", seq: ++seq, id })) as IncidentView | undefined;
    },
    async [Symbol.asyncDispose]() {
      const running = worker;
      worker = undefined;
      failAll("the journal is closed");
      await running?.terminate();
    },
  };
}
