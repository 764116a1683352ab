/** Declares the errors of unacceptable HTTP/1 messages, and the size limits of a message. */

/** Envoy's defaults for what one peer may send, empty line and all. */
export const maxHeadBytes = 60 * 1024;
export const maxResponseHeadBytes = 80 * 1024;
export const maxHeaderCount = 100;

/** Why a message is refused; the number is the status that Envoy's server codec answers with. */
export class HttpProtocolError extends Error {
  readonly status: 400 | 426 | 431 | 501;
  constructor(status: 400 | 426 | 431 | 501, message: string) {
    super(message);
    this.status = status;
  }
}
