import type { BlockList } from 'node:net';
import { ERR_SERVER_NOT_RUNNING } from './internal/base/errors';
import { Server as ServerClass } from './internal/listen/server';
import type { ServerOptions } from './internal/listen/server-options';
import type { ServerImpl } from './internal/listen/server-impl';
import { Handle } from './internal/native/handle';
import type { PackedList } from './internal/transfer/block-lists';
import type { DetachOptions } from './internal/transfer/token';
import { transferPart } from './internal/transfer/part';
import { addressesPart } from './parts';
import type { ConnectionListener, ServerConstructor } from './types/constructors';
import type * as declared from './types/interfaces';
import type { ServerToken } from './types/options';

/** A TCP or pipe server with the interface of `net.Server`. */
export type Server = declared.Server;

export const Server = ServerClass as unknown as ServerConstructor;

/** The limits that can be transferred unchanged. */
function limitsOf(server: Server): ServerOptions {
  const { maxConnectionsPerAddress, acceptRate, limitGroup } = server;
  const { proxyProtocol, proxyHeaderTimeout, connectionAttemptTimeout } = server;
  return {
    maxConnectionsPerAddress,
    acceptRate,
    limitGroup,
    proxyProtocol,
    proxyHeaderTimeout,
    connectionAttemptTimeout,
  };
}

function detach(this: ServerImpl, options: DetachOptions = {}): ServerToken {
  const handle = this._handle;
  if (!(handle instanceof Handle)) throw new ERR_SERVER_NOT_RUNNING();
  const token = transferPart().makeToken('server', handle, options, {
    settings: {
      allowHalfOpen: this.allowHalfOpen,
      pauseOnConnect: this.pauseOnConnect,
      noDelay: this.noDelay,
      keepAlive: this.keepAlive,
      keepAliveInitialDelay: this.keepAliveInitialDelay * 1000,
      highWaterMark: this.highWaterMark,
      ...limitsOf(this as unknown as Server),
    },
    blockList: transferPart().packList((this as unknown as Server).blockList),
    trustedProxies: transferPart().packList((this as unknown as Server).trustedProxies),
    path: this._pipeName,
    maxConnections: this.maxConnections,
    ref: !this._unref,
  });
  this.close();
  return token;
}
Object.assign(Server.prototype, { detach });

/** Throws if the list is no longer shared. A server must not run without its list. */
const unpackList = (packed: PackedList): BlockList | undefined =>
  typeof packed === 'string' ? addressesPart().BlockList.from(packed) : packed;

function attach(
  this: ServerConstructor,
  token: ServerToken,
  options?: ServerOptions | ConnectionListener,
  connectionListener?: ConnectionListener,
): Server {
  const [own, listener] =
    typeof options === 'function' ? [undefined, options] : [options, connectionListener];
  const { checkToken, takeToken } = transferPart();
  checkToken(token, 'server');
  const server = new this(
    {
      ...token.settings,
      ...own,
      blockList: own?.blockList ?? unpackList(token.blockList),
      trustedProxies: own?.trustedProxies ?? unpackList(token.trustedProxies),
    },
    listener,
  );
  const handle = takeToken(token, 'server');
  const impl = server as unknown as ServerImpl;
  if (token.path !== undefined) impl._pipeName = token.path;
  if (token.maxConnections !== undefined) impl.maxConnections = token.maxConnections;
  impl._unref = !token.ref;
  return server.listen(handle);
}
Object.defineProperty(Server, 'attach', { value: attach, writable: true, configurable: true });

/** Makes a server. The listener is added for 'connection'. */
export function createServer(
  options?: ServerOptions | ConnectionListener,
  connectionListener?: ConnectionListener,
): Server {
  return new Server(options as ServerOptions, connectionListener);
}
