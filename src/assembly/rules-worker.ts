/**
 * The worker thread in which rules and lists are read, checked and tested anew, so that SIP does not wait for it (DESIGN §4).
 * It is started for a reload and ends when there is none for a while; rules-desk.ts is its other end.
 */
import { parentPort } from "node:worker_threads";
import { runInlineTest } from "./run-inline-test.ts";
import { runRulesJob, type RulesJob } from "./rules-job.ts";

const port = parentPort;
if (port === null) throw new Error("rules-worker.ts is a worker's entry");

port.on("message", ({ seq, job }: { seq: number; job: RulesJob }) => {
  port.postMessage({ seq, answer: runRulesJob(job, runInlineTest) });
});
