import { CodedError } from "../base/coded-error.ts";

/** Something that should have happened did not; the message says what. */
export class DemoFailed extends CodedError {
  constructor(message: string, options?: ErrorOptions) {
    super("DEMO_FAILED", message, options);
  }
}
