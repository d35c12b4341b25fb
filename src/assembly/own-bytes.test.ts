import { MessageChannel, receiveMessageOnPort } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { ownBytes } from "./own-bytes.ts";

describe("ownBytes", () => {
  it("arrives in another thread without the message around it, which stays as it is", () => {
    const message = Buffer.alloc(100_000, "x");
    const own = ownBytes(message.subarray(50_000, 50_001));
    const { port1, port2 } = new MessageChannel();
    port1.postMessage(own, [own.buffer]);
    const arrived = receiveMessageOnPort(port2)?.message as Uint8Array;
    expect([arrived.length, arrived.buffer.byteLength]).toEqual([1, 1]);
    expect(message.length).toBe(100_000);
    port1.close();
  });
});
