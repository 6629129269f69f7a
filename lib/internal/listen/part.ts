import type * as listening from './listening';
import type { ServerImpl } from './server-impl';
import { lazyPart } from '../base/parts';

/** The code that listens and accepts, which clients do not need. */
// eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would load it at once
export const listeningPart = lazyPart(() => require('./listening') as typeof listening);

type CreateServerHandle = typeof listening.createServerHandle;

/** See server-handle.ts. Like that function, it has five parameters. */
export const createServerHandle: CreateServerHandle = (
  address,
  port,
  addressType?,
  fd?,
  flags?,
  ...rest
) => listeningPart().createServerHandle(address, port, addressType, fd, flags, ...rest);

/** See start.ts. Like that function, it has six parameters. */
export const setupListenHandle: ServerImpl['_listen2'] = function (
  this: ServerImpl,
  address,
  port,
  addressType,
  backlog,
  fd?,
  flags?,
) {
  listeningPart().setupListenHandle.call(this, address, port, addressType, backlog, fd, flags);
};
