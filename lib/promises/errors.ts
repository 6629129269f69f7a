/** A read that the peer's end has cut short. */
export class IncompleteRead extends Error {
  readonly code = 'ERR_UVNET_INCOMPLETE_READ';

  /**
   * @param partial - what had come, and is not read again
   * @param wanted - what the read has waited for, as the message calls it
   */
  constructor(
    readonly partial: Buffer,
    wanted: string,
  ) {
    super(`The peer has ended after ${partial.length} bytes, before ${wanted}`);
  }
}

/** A line, or what stands in front of a delimiter, is longer than the caller allows. */
export class MessageTooLong extends Error {
  readonly code = 'ERR_UVNET_MESSAGE_TOO_LONG';

  constructor(max: number) {
    super(`A message is longer than ${max} bytes`);
  }
}

/** An operation has taken longer than its option `timeout`. */
export class OperationTimeout extends Error {
  readonly code = 'ETIMEDOUT';

  constructor(milliseconds: number) {
    super(`The operation has taken more than ${milliseconds} ms`);
  }
}

/** Whether a peer can make an operation fail with this error, on a connection that is as good as any. */
export const isPeersDoing = (error: unknown): boolean =>
  error instanceof IncompleteRead ||
  error instanceof MessageTooLong ||
  error instanceof OperationTimeout;
