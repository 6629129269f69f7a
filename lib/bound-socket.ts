import type { AddressInfo } from 'node:net';
import { ERR_INVALID_ARG_VALUE, ERR_SOCKET_HANDLE_ADOPTED } from './internal/base/errors';
import { errnoException, exceptionWithHostPort } from './internal/base/system-errors';
import { BindFlag, TCP } from './internal/native/tcp';
import { Pipe } from './internal/native/pipe';
import type { Handle } from './internal/native/handle';
import type { SocketName } from './internal/native/handle-events';
import type { DetachOptions, Token } from './internal/transfer/token';
import { isIP } from './internal/base/ip';
import { transferPart } from './internal/transfer/part';
import type { BoundHandle } from './internal/socket/bound-handle';
import { kBoundPath, kTakeHandle } from './internal/base/symbols';
import {
  validateBoolean,
  validateObject,
  validatePort,
  validateString,
} from './internal/base/validators';

/** The address to which a {@link BoundSocket} is bound. */
export interface BoundSocketOptions {
  /** A numeric IP address; host names are not resolved. Default: any address. */
  host?: string | undefined;
  /** Default: 0, which lets the system choose a free port. */
  port?: number | undefined;
  /** Whether an IPv6 socket does not serve IPv4. Default: false. */
  ipv6Only?: boolean | undefined;
  /** SO_REUSEPORT (socket(7)). */
  reusePort?: boolean | undefined;
  /** Path of a Unix domain socket or named pipe, instead of host and port. */
  path?: string | undefined;
}

/**
 * The result of a bound socket's `detach()`: plain data for `postMessage`. Its properties are
 * internal.
 */
export interface BoundSocketToken extends Token<'bound-socket'> {
  readonly path: string | undefined;
}

/** Replaces the options if a handle exists already. */
class Attached {
  constructor(
    readonly handle: Handle,
    readonly boundPath: string | undefined,
  ) {}
}

/**
 * A socket that is bound to a local address and does not listen or connect yet. Pass it to one
 * `Server` (`server.listen(bound)`) or one `Socket` (`new Socket({ handle: bound })`), which then
 * owns it. If you do not use it, close it.
 *
 * The constructor binds the socket. It throws if the address is in use (EADDRINUSE).
 */
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- see below
export class BoundSocket {
  #handle: Handle | null = null;
  readonly #address: SocketName = {};
  #path: string | undefined;

  constructor(options?: BoundSocketOptions);
  constructor(options: BoundSocketOptions | Attached = {}) {
    validateObject(options, 'options');
    if (options instanceof Attached) {
      this.#handle = options.handle;
      this.#path = options.boundPath;
      if (options.handle instanceof TCP) options.handle.getsockname(this.#address);
      return;
    }
    if (options.path !== undefined) this.#bindPipe(options);
    else this.#bindTcp(options);
  }

  #bindTcp(options: BoundSocketOptions): void {
    const port = validatePort(options.port ?? 0, 'options.port');
    const ipv6Only = options.ipv6Only ?? false;
    validateBoolean(ipv6Only, 'options.ipv6Only');
    const reusePort = options.reusePort ?? false;
    validateBoolean(reusePort, 'options.reusePort');

    let { host } = options;
    let family = ipv6Only ? 6 : 4;
    if (host == null) {
      host = ipv6Only ? '::' : '0.0.0.0';
    } else {
      validateString(host, 'options.host');
      family = isIP(host);
      if (family === 0) {
        throw new ERR_INVALID_ARG_VALUE(
          'options.host',
          host,
          'must be a numeric IP address; net.BoundSocket does not perform DNS resolution',
        );
      }
    }

    const flags = (ipv6Only ? BindFlag.ipv6Only : 0) | (reusePort ? BindFlag.reusePort : 0);
    const handle = new TCP();
    let status = family === 6 ? handle.bind6(host, port, flags) : handle.bind(host, port, flags);
    // libuv reports an address in use only at the next call.
    if (status === 0) status = handle.getsockname(this.#address);
    if (status !== 0) {
      handle.close();
      throw exceptionWithHostPort(status, 'bind', host, port);
    }
    this.#handle = handle;
  }

  #bindPipe(options: BoundSocketOptions): void {
    const { path, host, port, ipv6Only, reusePort } = options;
    if ([host, port, ipv6Only, reusePort].some((value) => value !== undefined)) {
      throw new ERR_INVALID_ARG_VALUE(
        'options',
        options,
        'path is mutually exclusive with host, port, ipv6Only, and reusePort',
      );
    }
    validateString(path, 'options.path');
    if (path[0] === '\0' && process.platform !== 'linux') {
      throw new ERR_INVALID_ARG_VALUE(
        'options.path',
        path,
        'abstract socket paths are only supported on Linux',
      );
    }
    const handle = new Pipe();
    const status = handle.bind(path);
    if (status !== 0) {
      handle.close();
      throw errnoException(status, 'bind');
    }
    this.#handle = handle;
    this.#path = path;
  }

  #owned(): Handle {
    if (this.#handle === null) throw new ERR_SOCKET_HANDLE_ADOPTED();
    return this.#handle;
  }

  /** Returns the local address: `{ address, family, port }`, or the path of a pipe. */
  address(): AddressInfo | string;
  /** The type in `node:net`, which does not support pipes here. */
  address(): AddressInfo;
  address(): SocketName | string {
    this.#owned();
    return this.#path ?? this.#address;
  }

  /** Returns the descriptor, or -1 on Windows. This object still owns it. */
  fd(): number {
    return this.#owned().fd;
  }

  /** Closes the socket, unless a Server or Socket owns it by now. */
  close(): void {
    this.#owned().close();
    this.#handle = null;
  }

  get isPipe(): boolean {
    return this.#path !== undefined;
  }

  /**
   * Offers the bound socket to another thread of the process, which takes it with
   * `BoundSocket.attach(token)`. This object cannot be used any more.
   */
  detach(options: DetachOptions = {}): BoundSocketToken {
    const handle = this.#owned();
    const token = transferPart().makeToken('bound-socket', handle, options, { path: this.#path });
    this.close();
    return token;
  }

  /**
   * Takes the socket that `boundSocket.detach()` offered in this or another thread.
   *
   * @throws an error with code ENOENT if the token was already used or has expired, or if the
   *   thread that made it has ended
   */
  static attach(token: BoundSocketToken): BoundSocket {
    const attached = new Attached(transferPart().takeToken(token, 'bound-socket'), token.path);
    return new this(attached as BoundSocketOptions);
  }

  /** @internal */
  static path(socket: BoundSocket): string | undefined {
    return socket.#path;
  }

  /** @internal */
  static take(socket: BoundSocket): Handle {
    const handle = socket.#owned();
    socket.#handle = null;
    return handle;
  }

  /** @internal */
  static release(socket: BoundSocket): void {
    socket.#handle?.close();
    socket.#handle = null;
  }
}

// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- added below
export interface BoundSocket {
  /** Closes the socket, unless a Server or Socket owns it by now. */
  [Symbol.dispose](): void;
}

// Hides the internals from the static properties.
const { path: boundPath, take, release } = BoundSocket;
for (const name of ['path', 'take', 'release']) Reflect.deleteProperty(BoundSocket, name);

const dispose = (Symbol as unknown as { dispose?: symbol }).dispose;
if (dispose !== undefined) {
  const method = {
    [dispose](this: BoundSocket) {
      release(this);
    },
  }[dispose];
  Object.defineProperty(BoundSocket.prototype, dispose, {
    configurable: true,
    writable: true,
    value: method,
  });
}

// See bound-handle.ts.
Object.defineProperties(BoundSocket.prototype, {
  [kBoundPath]: {
    get(this: BoundSocket): string | undefined {
      return boundPath(this);
    },
  },
  [kTakeHandle]: {
    value(this: BoundSocket): Handle {
      return take(this);
    },
  },
} satisfies Record<keyof BoundHandle, PropertyDescriptor>);
