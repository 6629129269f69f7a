import type { Duplex } from 'node:stream';
import { binding } from '../native/binding';
import { errnoException } from '../base/system-errors';
import type { Handle } from '../native/handle';
import type { SocketImpl, WriteCallback } from '../socket/socket-state';
import { kShutdownCallback, kWriteCallback } from '../base/symbols';

/** What a socket was given to send and the kernel does not have yet. */

interface WritableState {
  readonly _writableState: { readonly finalCalled: boolean };
}

/** An entry of a Writable's buffer. */
interface Waiting {
  readonly chunk: string | Uint8Array;
  readonly encoding: BufferEncoding;
  callback: WriteCallback;
}

/** Whether `_final` was called, which shuts the write side down behind what waits. */
const finalCalled = (stream: Duplex): boolean =>
  (stream as unknown as WritableState)._writableState.finalCalled;

/**
 * Whether writes wait whose callbacks will be called when they are sent, or a FIN does. What only the
 * native queue has, gathered or from an earlier owner, is not among it: nobody could wait for that.
 */
export const awaitsSending = (stream: Duplex): boolean =>
  stream.writableLength > 0 || (finalCalled(stream) && !stream.writableFinished);

/** Whether the FIN has left, so that nobody can write any more. */
export function isShutDown(stream: Duplex): boolean {
  const { [kShutdownCallback]: pending = null } = stream as Partial<SocketImpl>;
  return finalCalled(stream) && pending === null;
}

/** Bytes that are the new owner's to send, and the callbacks that wait for it. */
export interface Unsent {
  readonly bytes: Buffer;
  readonly callbacks: readonly WriteCallback[];
}

/** What the native code still has to send: a copy. */
export function queuedBytes(handle: Handle): Buffer {
  const bytes = binding.copyUnsent(handle.id);
  if (typeof bytes === 'number') throw errnoException(bytes, 'write');
  return bytes;
}

/** For a stream that its owner uncorks no more: what it holds back goes, and an `end()` before the `cork()`. */
export function uncorkAll(stream: Duplex): void {
  while (stream.writableCorked > 0) stream.uncork();
}

const nothing = (): void => {};

/**
 * The bytes that wait, in order: those of the native code's queue, then those of the stream's buffer.
 * Nothing changes until {@link Claim.take} is called: from then on the callbacks are no longer the
 * old socket's to call.
 */
export function claimUnsent(socket: SocketImpl, handle: Handle): { take(): Unsent } {
  const queued = queuedBytes(handle);
  const waiting = (socket.writableBuffer ?? []) as unknown as readonly Waiting[];
  const bytes = Buffer.concat([
    queued,
    ...waiting.map(({ chunk, encoding }) =>
      typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk,
    ),
  ]);
  return {
    take() {
      const callbacks = waiting.map(({ callback }) => callback);
      for (const write of waiting) write.callback = nothing;
      const inFlight = socket[kWriteCallback];
      socket[kWriteCallback] = null;
      return { bytes, callbacks: inFlight === null ? callbacks : [inFlight, ...callbacks] };
    },
  };
}

/**
 * Has the new owner send them, in one write: a user of its handle (TLS) that passes the stream by
 * comes behind them, too.
 */
export function sendUnsent(successor: Duplex, { bytes, callbacks }: Unsent): void {
  const settle = (error?: Error | null): void => {
    for (const callback of callbacks) process.nextTick(callback, error);
  };
  if (bytes.length > 0) successor.write(bytes, settle);
  else settle(null);
}
