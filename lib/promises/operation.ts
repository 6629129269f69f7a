import { Buffer } from 'node:buffer';
import { AbortError, ERR_INVALID_ARG_TYPE } from '../internal/base/errors';
import { validateAbortSignal, validateInteger, validateObject } from '../internal/base/validators';
import { TIMEOUT_MAX } from '../internal/base/timers';

/** What every operation that may wait takes. */
export interface OperationOptions {
  /**
   * An abort rejects the operation with an `AbortError`, whose `cause` is the signal's reason. The
   * stream stays as it is: a read takes nothing then, and what `write` was given is sent all the same.
   * If the signal is aborted already, the operation does not begin.
   */
  signal?: AbortSignal | undefined;
  /** Milliseconds after which the operation is rejected with the code ETIMEDOUT. Default: never. */
  timeout?: number | undefined;
}

export const abortError = ({ reason }: AbortSignal): AbortError =>
  new AbortError(undefined, { cause: reason });

/** @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE */
export function checkOperationTypes(
  options: unknown,
): asserts options is OperationOptions | undefined {
  if (options === undefined) return;
  validateObject(options, 'options');
  const { signal, timeout } = options as OperationOptions;
  if (timeout !== undefined) validateInteger(timeout, 'options.timeout', 0, TIMEOUT_MAX);
  if (signal !== undefined) validateAbortSignal(signal, 'options.signal');
}

/** @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; an AbortError if the signal is aborted already */
export function checkOperation(options: unknown): asserts options is OperationOptions | undefined {
  if (options === undefined) return;
  checkOperationTypes(options);
  const { signal } = options;
  if (signal?.aborted) throw abortError(signal);
}

/**
 * Wrong arguments of a write are reported before the state of the stream, as Node does it.
 *
 * @throws ERR_INVALID_ARG_TYPE; ERR_UNKNOWN_ENCODING
 */
export function checkData(data: unknown, encoding?: BufferEncoding): void {
  if (typeof data === 'string') Buffer.from('x', encoding);
  else if (!(data instanceof Uint8Array)) {
    throw new ERR_INVALID_ARG_TYPE('data', ['string', 'Buffer', 'Uint8Array'], data);
  }
}

/** @throws ERR_INVALID_ARG_TYPE */
export function checkChunks(chunks: readonly unknown[]): void {
  for (const chunk of chunks) checkData(chunk);
}
