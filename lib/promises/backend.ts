import type { AddressInfo } from 'node:net';
import type { SystemError } from '../internal/base/system-errors';
import type { DropData } from '../internal/listen/accept';
import type { ServerStats } from '../internal/listen/accept-policy';
import type { CloseOptions } from '../internal/listen/server-impl';
import type { FramingNumbers } from '../internal/native/native-types';
import type { SocketInfo } from '../internal/options/socket-info';
import type {
  SocketOptionInputs,
  SocketOptionName,
  SocketOptionValues,
} from '../internal/options/socket-option-types';
import type { LeanConnectOptions } from '../lean/options/connect-options';
import type { LeanListenOptions } from '../lean/server';
import type { Socket } from '../types/interfaces';
import type { Transport, TransportHandlers } from './transport';

export interface ListenHandlers extends TransportHandlers {
  drop(info: DropData): void;
  acceptError(error: SystemError): void;
}

export interface ListeningSocket {
  /** Fulfilled when it listens. */
  readonly ready: Promise<unknown>;
  /** Called when it begins to close, whoever closes it: in a cluster, that may be Node. */
  whenClosing: () => void;
  address(): AddressInfo | string | null;
  stats(): ServerStats;
  /** Accepts no further connection until told to, if that can be had; the kernel keeps them. */
  pauseAccepting(paused: boolean): void;
  close(options?: CloseOptions): Promise<void>;
  ref(): void;
  unref(): void;
}

/** What makes transports, and does what not every kind of them can do by itself. */
export interface Backend {
  connect(options: LeanConnectOptions, handlers: TransportHandlers): Promise<Transport>;
  listen(options: LeanListenOptions, handlers: ListenHandlers): ListeningSocket;
  /** @throws what refuses these options of `close()` */
  checkClose(options: CloseOptions): void;
  /** Goes on with a socket's connection. */
  adopt(socket: Socket, handlers: TransportHandlers): Transport;
  /** From now on the transport's `data` gets whole messages, those of `unread` first. */
  frame(transport: Transport, framing: FramingNumbers, unread: Buffer): void;
  /**
   * From now on `data` gets bytes as they come.
   *
   * @returns what was read and is in none of the messages that `data` got
   */
  unframe(transport: Transport): Buffer[];
  /** @param unread - what `data` got and nobody took */
  toSocket(transport: Transport, unread: Buffer): Socket;
  setOption<Name extends SocketOptionName>(
    transport: Transport,
    name: Name,
    value: SocketOptionInputs[Name],
  ): void;
  getOption<Name extends SocketOptionName>(
    transport: Transport,
    name: Name,
  ): SocketOptionValues[Name] | undefined;
  info(transport: Transport): SocketInfo | undefined;
}

/** That of the running process; see {@link useBackend}. */
export let backend: Backend;

/** Called by the entry, before anything else is. */
export function useBackend(one: Backend): void {
  backend = one;
}
