import { Messager, Registerer, RegistererState, UserAgent, type Message, type Web } from "sip.js";
import { Inbox } from "../../support/inbox.ts";

export interface SipJsPhoneOptions {
  readonly name: string;
  /** "ws://127.0.0.1:8080" */
  readonly server: string;
  readonly password: string;
}

/** What became of a request: the final response as sip.js read it. */
export interface SipJsAnswer {
  readonly status: number;
  readonly warning: string;
}

/**
 * A browser's telephone: sip.js over the runtime's own WebSocket, as it would run in a page. It answers challenges, keeps
 * its connection by CRLF (RFC 5626) and says yes to every MESSAGE.
 */
export class SipJsPhone implements AsyncDisposable {
  readonly name: string;
  readonly aor: string;
  readonly #agent: UserAgent;
  readonly #registerer: Registerer;
  readonly #messages = new Inbox<string>();
  readonly #keepAlives = new Inbox<string>();

  private constructor({ name, server, password }: SipJsPhoneOptions) {
    this.name = name;
    this.aor = `sip:${name}@example.test`;
    const uri = UserAgent.makeURI(this.aor);
    if (uri === undefined) throw new Error(`sip.js cannot read ${this.aor}`);
    this.#agent = new UserAgent({
      uri,
      authorizationUsername: name,
      authorizationPassword: password,
      transportOptions: { server, keepAliveInterval: 1 },
      logBuiltinEnabled: false,
      delegate: { onMessage: (message) => void this.#arrived(message) },
    });
    this.#registerer = new Registerer(this.#agent);
  }

  /** Connects and registers; rejects when the registrar says no. */
  static async signOn(options: SipJsPhoneOptions): Promise<SipJsPhone> {
    const phone = new SipJsPhone(options);
    await phone.#agent.start();
    (phone.#agent.transport as Web.Transport).ws?.addEventListener("message", ({ data }) => {
      if (data === "\r\n") phone.#keepAlives.put(data);
    });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    await phone.#registerer.register({
      requestDelegate: {
        onAccept: () => resolve(),
        onReject: ({ message }) => reject(new Error(`${options.name}: ${message.statusCode}`)),
      },
    });
    await promise;
    return phone;
  }

  get registered(): boolean {
    return this.#registerer.state === RegistererState.Registered && this.#agent.isConnected();
  }

  /** Sends a MESSAGE and gives its final response. */
  async sends(to: string, text: string): Promise<SipJsAnswer> {
    const target = UserAgent.makeURI(to);
    if (target === undefined) throw new Error(`sip.js cannot read ${to}`);
    const { promise, resolve } = Promise.withResolvers<SipJsAnswer>();
    const answered = ({ message }: Answered): void =>
      resolve({ status: message.statusCode ?? 0, warning: message.getHeader("Warning") ?? "" });
    await new Messager(this.#agent, target, text).message({
      requestDelegate: { onAccept: answered, onReject: answered },
    });
    return promise;
  }

  /** The text of the next MESSAGE. */
  async receives(): Promise<string> {
    return this.#messages.next(`a MESSAGE to ${this.name}`);
  }

  /** The next answer to a keep-alive of sip.js (RFC 5626 §3.5.1). */
  async hearsKeepAlive(): Promise<void> {
    await this.#keepAlives.next(`a keep-alive's answer to ${this.name}`);
  }

  /** Texts that nobody has asked for. */
  get unread(): readonly string[] {
    return this.#messages.items;
  }

  /** The page is closed: the connection ends, and the registrar hears nothing of it. */
  async vanishes(): Promise<void> {
    await this.#agent.transport.disconnect();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.stop();
  }

  async #arrived(message: Message): Promise<void> {
    await message.accept();
    this.#messages.put(message.request.body);
  }
}

/** As much of sip.js's IncomingResponse as is looked at. */
interface Answered {
  readonly message: {
    readonly statusCode: number | undefined;
    getHeader(name: string): string | undefined;
  };
}
