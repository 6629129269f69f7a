import type * as listening from './listening';
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
