import { AsyncResource } from 'node:async_hooks';
import { Buffer } from 'node:buffer';
import {
  kOnBytes,
  kOnDescriptor,
  kOnPeek,
  kOnReadStatus,
  kOnShutdown,
  kOnUserBytes,
  kOnWriteError,
  kOnWritten,
} from './handle-events';
import { binding, errnoByName, nativeState, SLOT } from './binding';
import { copyChunk } from './chunks';
import { handles } from './handle';
import type { NativeCallback } from './native-types';
import { Pipe } from './pipe';
import { reported, reporting } from './report';
import { TCP } from './tcp';

/**
 * The callbacks of the native code, and its start. Each callback finds the handle and passes the
 * event on.
 */

const UV_ENOMEM = errnoByName('ENOMEM');

/**
 * The class of Buffers. Calling its constructor has the same effect as `slab.subarray()`, and is
 * faster.
 */
const FastBuffer = (Buffer as unknown as Record<symbol, unknown>)[Symbol.species] as new (
  memory: ArrayBufferLike,
  offset: number,
  length: number,
) => Buffer;

/** The slab into which the native code copies short reads. */
let slab: ArrayBufferLike;
let slabStart = 0;

function onReadSlab(id: number, size: number, offset: number): void {
  const owner = handles[id & SLOT]?.owner;
  if (owner == null) return;
  try {
    owner[kOnBytes](new FastBuffer(slab, slabStart + offset, size));
  } catch (error) {
    throw reported(error);
  }
}

function onReadNewSlab(id: number, size: number, offset: number, fresh: Buffer): void {
  slab = fresh.buffer;
  slabStart = fresh.byteOffset;
  onReadSlab(id, size, offset);
}

function onReadBuffer(id: number, buffer: Buffer, size: number): void {
  const bytes = size === buffer.length ? buffer : buffer.subarray(0, size);
  try {
    handles[id & SLOT]?.owner?.[kOnBytes](bytes);
  } catch (error) {
    throw reported(error);
  }
}

/** Only the native code writes to it, and only `onReadArea` reads it. */
const area = Buffer.allocUnsafeSlow(binding.areaSize);

function onReadArea(id: number, size: number): void {
  const owner = handles[id & SLOT]?.owner;
  if (owner == null) return;
  try {
    let chunk: Buffer;
    try {
      chunk = copyChunk(area, 0, size);
    } catch {
      // Bytes that cannot be delivered must not be dropped silently.
      owner[kOnReadStatus](UV_ENOMEM);
      return;
    }
    owner[kOnBytes](chunk);
  } catch (error) {
    throw reported(error);
  }
}

function onReadUserBuffer(id: number, size: number): void {
  try {
    handles[id & SLOT]?.owner?.[kOnUserBytes](size);
  } catch (error) {
    throw reported(error);
  }
}

function onReadStatus(id: number, status: number): void {
  handles[id & SLOT]?.owner?.[kOnReadStatus](status);
}

function deliverConnection(id: number, clientId: number, proxied?: string): void {
  const server = handles[id & SLOT];
  const client = server instanceof TCP ? new TCP(clientId) : new Pipe(clientId);
  if (proxied !== undefined) client.proxied = proxied;
  if (server?.onconnection == null) {
    client.close();
  } else {
    server.onconnection(0, client);
  }
}

function onAcceptError(id: number, status: number): void {
  handles[id & SLOT]?.onconnection?.(status);
}

function deliverDrops(id: number, count: number): void {
  handles[id & SLOT]?.ondrop?.(count);
}

function onConnect(id: number, status: number): void {
  const handle = handles[id & SLOT];
  if (handle === undefined) return;
  const { connectCallback } = handle;
  handle.connectCallback = null;
  connectCallback?.call(handle, status);
}

function onRace(id: number, event: number, candidate: number, status: number): void {
  handles[id & SLOT]?.raceListener?.onRace(event, candidate, status);
}

function onWrite(id: number, status: number): void {
  handles[id & SLOT]?.owner?.[kOnWritten](status);
}

function onShutdown(id: number, status: number): void {
  handles[id & SLOT]?.owner?.[kOnShutdown](status);
}

function onClose(id: number): void {
  const handle = handles[id & SLOT];
  handles[id & SLOT] = undefined;
  // A handle is unknown if an earlier copy of this module made it, as happens under jest.
  handle?.closed();
}

function onWriteError(id: number, status: number): void {
  handles[id & SLOT]?.owner?.[kOnWriteError](status);
}

function onPeek(id: number, result: Buffer | number): void {
  handles[id & SLOT]?.owner?.[kOnPeek]?.(result);
}

function onDescriptor(id: number, fd: number, position: number): void {
  const owner = handles[id & SLOT]?.owner;
  if (owner?.[kOnDescriptor] === undefined) binding.closeDescriptor(fd);
  else owner[kOnDescriptor](fd, position);
}

function onRelay(id: number, status: number, side: 0 | 1, flags: number): void {
  handles[id & SLOT]?.relay?.onRelay(status, side, flags);
}

/** Lets the native code capture a context in which AsyncLocalStorage is empty, for a server. */
function onOrigin(id: number): void {
  const triggerAsyncId = handles[id & SLOT]?.getAsyncId() ?? 0;
  const origin = new AsyncResource('UVNETORIGIN', { triggerAsyncId });
  origin.runInAsyncScope(binding.captureOrigin, undefined, id);
}

/** The descriptor stands in `transit` until this side has it; see AcceptedSockets. */
function deliverSocket(
  id: number,
  fd: number,
  place: number,
  isSniffed: 0 | 1,
  proxied?: string,
): void {
  const sniffed = isSniffed === 1 ? binding.acceptedSniffed(id) : undefined;
  handles[id & SLOT]?.onsocket?.(fd, place, sniffed, proxied);
}

const callbacks: NativeCallback[] = [
  // These functions report exceptions themselves: reads are frequent, and a wrapper would cost a
  // call.
  onReadSlab,
  onReadNewSlab,
  onReadBuffer,
  onReadArea,
  onReadUserBuffer,
  ...[
    onReadStatus,
    deliverConnection,
    onAcceptError,
    onConnect,
    onRace,
    onWrite,
    onShutdown,
    onClose,
    onWriteError,
    deliverDrops,
    onPeek,
    onDescriptor,
    onRelay,
    onOrigin,
    deliverSocket,
  ].map(reporting),
];

const started = binding.start(nativeState, callbacks, area);
if (started !== 0) throw new Error(`uvnet: the native code did not start (${started})`);
