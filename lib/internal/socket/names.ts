import { kBoundPath, kHandle } from '../base/symbols';
import type { SocketName } from '../native/handle-events';
import type { TCP } from '../native/tcp';
import type { SocketImpl } from './socket-state';

/** The addresses of both ends. */

export const nameMethods = {
  address(this: SocketImpl): SocketName {
    return this._getsockname();
  },

  _getsockname(this: SocketImpl): SocketName {
    const path = this[kBoundPath];
    if (path !== undefined) return { address: path };
    const handle = this[kHandle] as TCP | null;
    if (handle === null || !handle.getsockname) return {};
    if (this._sockname === null) {
      this._sockname = {};
      handle.getsockname(this._sockname);
    }
    return this._sockname;
  },

  _getpeername(this: SocketImpl): SocketName {
    const handle = this[kHandle] as TCP | null;
    if (handle === null || !handle.getpeername || this.connecting) return this._peername ?? {};
    if (!this._peername) {
      const name: SocketName = {};
      if (handle.getpeername(name) !== 0) return name;
      this._peername = name;
    }
    return this._peername;
  },
};

export const nameGetters = {
  remoteAddress(this: SocketImpl): string | undefined {
    return this._getpeername().address;
  },

  remoteFamily(this: SocketImpl): string | undefined {
    return this._getpeername().family;
  },

  remotePort(this: SocketImpl): number | undefined {
    return this._getpeername().port;
  },

  localAddress(this: SocketImpl): string | undefined {
    return this._getsockname().address;
  },

  localPort(this: SocketImpl): number | undefined {
    return this._getsockname().port;
  },

  localFamily(this: SocketImpl): string | undefined {
    return this._getsockname().family;
  },
};
