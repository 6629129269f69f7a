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
import type { BoundHandle } from './internal/native/bound-handle';
import { kBoundPath, kTakeHandle } from './internal/base/symbols';
import {
  validateBoolean,
  validateObject,
  validatePort,
  validateString,
} from './internal/base/validators';

/** Where a {@link BoundSocket} is bound. */
export interface BoundSocketOptions {
  /** A numeric IP address; default: any address. No name is resolved. */
  host?: string | undefined;
  /** Default 0: the system takes a free one. */
  port?: number | undefined;
  ipv6Only?: boolean | undefined;
  /** SO_REUSEPORT (socket(7)). */
  reusePort?: boolean | undefined;
  /** A unix-domain socket or named pipe, instead of host and port. */
  path?: string | undefined;
}

/** What a bound socket's `detach()` gives: plain data, which `postMessage` carries. */
export interface BoundSocketToken extends Token<'bound-socket'> {
  readonly path: string | undefined;
}

/** Stands for the options if there is a handle already. */
class Attached {
  constructor(
    readonly handle: Handle,
    readonly boundPath: string | undefined,
  ) {}
}

/**
 * A socket that is bound to a local address and neither listens nor connects yet. One `Server`
 * (`server.listen(bound)`) or one `Socket` (`new Socket({ handle: bound })`) takes it over; who
 * does not use it closes it.
 *
 * Binding happens in the constructor: a used address (EADDRINUSE) is thrown there.
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
    // libuv keeps an address in use to itself until the next call.
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

  /** The local end: `{ address, family, port }`, or the path of a pipe. */
  address(): AddressInfo | string;
  /** As in `node:net`, which knows of no pipes here: so that uvnet may stand for it. */
  address(): AddressInfo;
  address(): SocketName | string {
    this.#owned();
    return this.#path ?? this.#address;
  }

  /** The descriptor, which stays this object's own; -1 on Windows. */
  fd(): number {
    return this.#owned().fd;
  }

  /** Gives the address back if nobody took the socket over. */
  close(): void {
    this.#owned().close();
    this.#handle = null;
  }

  get isPipe(): boolean {
    return this.#path !== undefined;
  }

  /**
   * Offers the bound socket to another thread of the process, where `BoundSocket.attach(token)`
   * takes it up. This object cannot be used any more.
   */
  detach(options: DetachOptions = {}): BoundSocketToken {
    const handle = this.#owned();
    const token = transferPart().makeToken('bound-socket', handle, options, { path: this.#path });
    this.close();
    return token;
  }

  /**
   * Takes up what `boundSocket.detach()` offered in this or another thread.
   *
   * @throws an error with code ENOENT if it was taken already, is over its time, or the thread
   *   that offered it has ended
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
  /** Closes it if nobody took it over. */
  [Symbol.dispose](): void;
}

// The internals are not to be seen among the static properties.
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
