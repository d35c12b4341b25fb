/**
 * The calls of our own that are under way towards the server, and which of them a client has challenged on its way out to
 * that client: the server sends our MESSAGE through us to the receiver, and passes the receiver's answer back. A
 * challenge that a client has written is not answered: it would get a digest of the account's password, for a nonce of
 * its choice. Bounded by what may be under way (originate.ts).
 */
export class OwnCalls {
  /** Call-IDs; true: a client has asked for credentials in it. */
  readonly #calls = new Map<string, boolean>();

  begin(callId: string): void {
    this.#calls.set(callId, false);
  }

  end(callId: string): void {
    this.#calls.delete(callId);
  }

  /** A final response has come in from a client. */
  heardFromClient(callId: string, status: number): void {
    if (this.#calls.size === 0 || (status !== 401 && status !== 407)) return;
    if (this.#calls.has(callId)) this.#calls.set(callId, true);
  }

  isChallengedByClient(callId: string): boolean {
    return this.#calls.get(callId) === true;
  }
}
