/**
 * Broken machinery (a socket, a disk, a scanner), as opposed to hostile input and to our own bugs.
 * Every code is listed in docs/errors.md.
 */
export class CodedError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}
