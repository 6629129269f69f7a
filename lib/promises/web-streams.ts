import * as web from 'node:stream/web';
import { ERR_SOCKET_CLOSED } from '../internal/base/errors';

/** A stream's two sides as WHATWG streams. */

/** A stream, as its WHATWG streams see it. */
interface Stream {
  readonly closed: Promise<void>;
  read(max: number): Promise<Buffer | null>;
  write(data: string | Uint8Array): Promise<void>;
  end(): Promise<void>;
  destroy(): void;
}

const readables = new WeakMap<Stream, web.ReadableStream<Uint8Array>>();
const writables = new WeakMap<Stream, web.WritableStream<string | Uint8Array>>();

/** Of a stream as large as what BYOB readers ask for, at most. */
const CHUNK = 64 * 1024;

async function pull(stream: Stream, controller: web.ReadableByteStreamController): Promise<void> {
  const request = controller.byobRequest;
  const view = request?.view as Uint8Array | undefined;
  const bytes = await stream.read(view?.byteLength ?? CHUNK);
  if (bytes === null) {
    controller.close();
    // A reader that waits with a view of its own wants it back.
    (request as unknown as { respond(size: number): void } | null)?.respond(0);
  } else if (request !== null && view !== undefined) {
    new Uint8Array(view.buffer, view.byteOffset, view.byteLength).set(bytes);
    (request as unknown as { respond(size: number): void }).respond(bytes.length);
  } else {
    // Its memory is transferred, and Buffers share theirs.
    controller.enqueue(new Uint8Array(bytes));
  }
}

/** See `readable` of a stream. */
export function readableOf(stream: Stream): web.ReadableStream<Uint8Array> {
  let readable = readables.get(stream);
  if (readable === undefined) {
    readable = new web.ReadableStream({
      type: 'bytes',
      pull: (controller) => pull(stream, controller),
      cancel: () => stream.destroy(),
    });
    readables.set(stream, readable);
  }
  return readable;
}

/** See `writable` of a stream. */
export function writableOf(stream: Stream): web.WritableStream<string | Uint8Array> {
  let writable = writables.get(stream);
  if (writable === undefined) {
    writable = new web.WritableStream({
      start(controller) {
        const fail = (error: unknown): void => controller.error(error);
        stream.closed.then(() => fail(new ERR_SOCKET_CLOSED()), fail);
        // An abort would wait for a write that waits for the peer.
        controller.signal.addEventListener('abort', () => stream.destroy());
      },
      write: (chunk: string | Uint8Array) => stream.write(chunk),
      close: () => stream.end(),
    });
    writables.set(stream, writable);
  }
  return writable;
}
