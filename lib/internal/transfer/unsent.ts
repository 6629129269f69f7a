import { Buffer } from 'node:buffer';
import type { Duplex } from 'node:stream';
import { binding } from '../native/binding';
import { errnoException } from '../base/system-errors';
import type { Handle } from '../native/handle';
import type { SocketImpl, WriteCallback } from '../socket/socket-state';
import { kShutdownCallback, kWriteCallback } from '../base/symbols';

/** Data that was written to a socket and not yet passed to the kernel. */

interface WritableState {
  readonly _writableState: { readonly finalCalled: boolean };
}

/** An entry of a Writable's buffer. */
interface Waiting {
  readonly chunk: string | Uint8Array;
  readonly encoding: BufferEncoding;
  callback: WriteCallback;
}

/** Whether `_final` was called, which shuts the write side down after the waiting data. */
const finalCalled = (stream: Duplex): boolean =>
  (stream as unknown as WritableState)._writableState.finalCalled;

/**
 * Whether writes with callbacks wait to be sent, or a FIN does. This does not include data that
 * only the native queue has, gathered or from an earlier owner, because it has no callbacks.
 */
export const awaitsSending = (stream: Duplex): boolean =>
  stream.writableLength > 0 || (finalCalled(stream) && !stream.writableFinished);

/** Whether the FIN was sent, so that no more data can be written. */
export function isShutDown(stream: Duplex): boolean {
  const { [kShutdownCallback]: pending = null } = stream as Partial<SocketImpl>;
  return finalCalled(stream) && pending === null;
}

/** Bytes that the new owner must send, and the callbacks that wait for them. */
export interface Unsent {
  readonly bytes: Buffer;
  readonly callbacks: readonly WriteCallback[];
}

/** Returns a copy of the bytes in the native queue. */
export function queuedBytes(handle: Handle): Buffer {
  const bytes = binding.copyUnsent(handle.id);
  if (typeof bytes === 'number') throw errnoException(bytes, 'write');
  return bytes;
}

/**
 * Uncorks a stream that its owner cannot uncork any more. This sends the data that it holds back,
 * and the FIN of an `end()` before the `cork()`.
 */
export function uncorkAll(stream: Duplex): void {
  while (stream.writableCorked > 0) stream.uncork();
}

const nothing = (): void => {};

/**
 * Copies the waiting bytes, in order: first those of the native queue, then those of the stream's
 * buffer. Nothing changes until {@link Claim.take} is called. From then on, the old socket no
 * longer calls the callbacks.
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
 * Makes the new owner send them, in one write. A user of its handle that bypasses the stream (TLS)
 * also comes after them.
 */
export function sendUnsent(successor: Duplex, { bytes, callbacks }: Unsent): void {
  const settle = (error?: Error | null): void => {
    for (const callback of callbacks) process.nextTick(callback, error);
  };
  if (bytes.length > 0) successor.write(bytes, settle);
  else settle(null);
}
