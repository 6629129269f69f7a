import type { BlockList } from 'node:net';
import type * as symbols from '../base/symbols';
import type { Handle } from '../native/handle';
import type { SocketName } from '../native/handle-events';
import type { OptionSocket } from '../options/option-owners';
import type { CallUnderWay } from '../socket/socket-state';

/**
 * What is being connected: a socket, or the future connection of a handler table. These are the
 * members that the code of this folder needs.
 */
export interface Dialling extends OptionSocket {
  connecting: boolean;
  [symbols.kHandle]: Handle | null;
  [symbols.kConnectCall]?: CallUnderWay | undefined;
  readonly [symbols.kBoundSource]?: boolean;
  readonly blockList?: BlockList;
  autoSelectFamilyAttemptedAddresses?: string[];
  _host: string | null;
  _sockname: SocketName | null;
  _getsockname(): SocketName;
  _unrefTimer(): void;
  emit(event: string, ...values: unknown[]): unknown;
  destroy(error?: Error): unknown;
  /** Called when the handle is connected. */
  [symbols.kConnected](): void;
}
