import type { Duplex } from 'node:stream';
import { ERR_STREAM_DESTROYED } from '../base/errors';
import { uncorkAll } from './unsent';

/**
 * Connections from node:net, whose native write queue is not accessible. The old socket stays until
 * its bytes have left, and data for the new socket waits for that. Each has a descriptor of its
 * own.
 */

type Step = (...args: unknown[]) => void;

const waiting = new WeakSet<Duplex>();

/** Whether the writes of the stream wait for those of the previous socket. */
export const waitsBehind = (stream: Duplex): boolean => waiting.has(stream);

/** Makes a stream keep its writes in its buffer until the returned function is called. */
function holdWrites(stream: Duplex): () => void {
  waiting.add(stream);
  const own = stream as unknown as Record<'_write' | '_final', Step> & { _writev?: null };
  const held: { name: '_write' | '_final'; args: unknown[] }[] = [];
  for (const name of ['_write', '_final'] as const) {
    own[name] = (...args) => held.push({ name, args });
  }
  own._writev = null;
  const destroyed = (): void => {
    for (const { args } of held) (args.at(-1) as Step)(new ERR_STREAM_DESTROYED('write'));
  };
  stream.once('close', destroyed);
  return () => {
    waiting.delete(stream);
    stream.off('close', destroyed);
    for (const name of ['_write', '_final', '_writev'] as const) Reflect.deleteProperty(own, name);
    if (stream.destroyed) return;
    for (const { name, args } of held) own[name](...args);
  };
}

/** Ends the old object after its waiting data, without ending the connection. */
export function finishFirst(old: Duplex, successor: Duplex): void {
  const release = holdWrites(successor);
  const own = old as unknown as { _final: Step; _read: () => void };
  // The successor sends the FIN and reads the bytes.
  own._final = (done) => (done as () => void)();
  own._read = () => {};
  old.once('error', (error) => successor.destroy(error));
  old.once('close', release);
  old.once('finish', () => old.destroy());
  if (old.writableEnded) uncorkAll(old);
  else old.end();
}
