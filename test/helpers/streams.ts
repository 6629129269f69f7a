// Reading and writing whole streams.
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';

/** Returns all data of a stream until its 'end' (or 'close') as one Buffer. */
export function readAll(stream: Readable): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    const done = (): void => resolve(Buffer.concat(chunks));
    stream.once('end', done);
    stream.once('close', done);
    stream.resume();
  });
}

/** Waits until `length` bytes have arrived, and returns them. The stream flows on. */
export function readBytes(stream: Readable, length: number): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let total = 0;
    const take = (chunk: Buffer): void => {
      chunks.push(chunk);
      total += chunk.length;
      if (total < length) return;
      stream.off('data', take);
      stream.resume();
      resolve(Buffer.concat(chunks));
    };
    stream.on('data', take);
    stream.resume();
  });
}

/**
 * Writes more than the kernel's buffers of both sides hold, so that some data stays in the socket
 * until the peer reads. Returns the number of bytes.
 */
export function fill(socket: Socket, total = 32 * 1024 * 1024): number {
  const chunk = Buffer.alloc(1024 * 1024, 'f');
  for (let written = 0; written < total; written += chunk.length) socket.write(chunk);
  return total;
}
