/**
 * The types that `uvnet` exports: those of `node:net` under the same names, and the types that
 * uvnet adds. lib/index.ts exports the instance types of classes, next to the classes.
 */

// From node:net, unchanged.
export type {
  AddressInfo,
  IPVersion,
  IpcSocketConnectOpts,
  LookupFunction,
  OnReadOpts,
  SocketConnectOpts,
  SocketReadyState,
  TcpSocketConnectOpts,
} from 'node:net';

// From node:net, with uvnet's additions.
export type { BoundSocketOptions } from './bound-socket';
export type { DropData as DropArgument } from './internal/listen/accept';
export type { SocketAddressOptions as SocketAddressInitOptions } from './internal/block-list/socket-address';
export type { ReceivedDescriptor, ServerEventMap, SocketEventMap } from './types/interfaces';
export type { ListenOptions, ServerOptions as ServerOpts } from './internal/listen/server-options';
export type {
  ConnectOptions as NetConnectOpts,
  IpcConnectOptions as IpcNetConnectOpts,
  SetKeepAliveOptions,
  TcpConnectOptions as TcpNetConnectOpts,
} from './types/options';
export type { SocketOptions as SocketConstructorOpts } from './internal/socket/constructor-options';

// Added by uvnet.
export type { AddressLike, RuleFamily } from './internal/block-list/block-list';
export type { BoundSocketToken } from './bound-socket';
export type { SystemError } from './internal/base/system-errors';
export type { DropReason, ProxyMode, ServerStats } from './internal/listen/accept-policy';
export type { ConnectionAttemptInfo } from './internal/listen/admission';
export type { ProxyInfo, ProxySsl, ProxyTlv } from './internal/proxy/proxy-info';
export type { CloseOptions } from './internal/listen/server-impl';
export type { AcceptRate, AddressLimit } from './internal/listen/limits';
export type { DropData } from './internal/listen/accept';
export type { PeerCredentials, SocketInfo } from './internal/options/socket-info';
export type {
  SocketOptionInputs,
  SocketOptionName,
  SocketOptionValues,
} from './internal/options/socket-option-types';
export type { SendableDescriptor } from './internal/transfer/send-descriptor';
export type { SocketToken, ToNodeOptions } from './internal/transfer/socket-transfer';
export type { DetachOptions } from './internal/transfer/token';
export type {
  SocketAddressOptions,
  SocketAddressParts,
} from './internal/block-list/socket-address';
export type { ServerConstructor, SocketConstructor } from './types/constructors';
export type { ServerOptions } from './internal/listen/server-options';
export type {
  ConnectOptions,
  IpcConnectOptions,
  ServerToken,
  TcpConnectOptions,
} from './types/options';
export type { SocketOptions } from './internal/socket/constructor-options';
