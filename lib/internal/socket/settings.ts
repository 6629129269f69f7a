import { errnoByName } from '../native/binding';
import { ERR_INVALID_ARG_TYPE } from '../base/errors';
import { errnoException } from '../base/system-errors';
import { kHandle, kKeepAlive, kNoDelay, kTypeOfService } from '../base/symbols';
import { validateInt32 } from '../base/validators';
import type { TCP } from '../native/tcp';
import type { KeepAliveSetting, OptionSocket } from '../options/option-owners';
import type { SocketOptions } from './constructor-options';
import type { SocketImpl } from './socket-state';

/** Settings that `net.Socket` has methods for. */

const UV_EBADF = errnoByName('EBADF');
const isWindows = process.platform === 'win32';

interface KeepAliveOptions {
  enable?: boolean;
  initialDelay?: number;
  interval?: number;
  count?: number;
}

const sameKeepAlive = (a: KeepAliveSetting | null, b: KeepAliveSetting): boolean =>
  b.enable === (a?.enable ?? false) &&
  (!b.enable ||
    (a !== null && a.delay === b.delay && a.interval === b.interval && a.count === b.count));

/** Keeps the settings among the options of a socket until it is connected. */
export function keepSettings(socket: OptionSocket, options: SocketOptions): void {
  if (options.noDelay) socket[kNoDelay] = true;
  if (options.keepAlive) {
    socket[kKeepAlive] = {
      enable: true,
      delay: ~~(options.keepAliveInitialDelay! / 1000),
      interval: undefined,
      count: undefined,
    };
  }
}

/** Applies the settings of a socket to its handle, which has just connected. */
export function applySettings(
  socket: OptionSocket & { emit(event: 'error', error: Error): unknown },
  handle: TCP,
): void {
  if (socket[kNoDelay] && handle.setNoDelay) handle.setNoDelay(true);
  const keepAlive = socket[kKeepAlive];
  if (keepAlive?.enable === true && handle.setKeepAlive) {
    handle.setKeepAlive(true, keepAlive.delay, keepAlive.interval, keepAlive.count);
  }
  const typeOfService = socket[kTypeOfService];
  if (typeOfService !== undefined && handle.setTypeOfService) {
    const status = handle.setTypeOfService(typeOfService);
    // Windows often refuses it, but the connection works.
    if (status !== 0 && status !== UV_EBADF && !isWindows) {
      socket.emit('error', errnoException(status, 'setTypeOfService'));
    }
  }
}

export const settingMethods = {
  setNoDelay(this: SocketImpl, enable?: boolean): SocketImpl {
    const value = enable === undefined ? true : Boolean(enable);
    const handle = this[kHandle] as TCP | null;
    if (handle === null) {
      this[kNoDelay] = value;
    } else if (handle.setNoDelay && value !== this[kNoDelay]) {
      this[kNoDelay] = value;
      handle.setNoDelay(value);
    }
    return this;
  },

  setKeepAlive(
    this: SocketImpl,
    enable?: boolean | KeepAliveOptions,
    initialDelay?: number,
    interval?: number,
    count?: number,
  ): SocketImpl {
    if (enable !== null && typeof enable === 'object') {
      ({ enable, initialDelay, interval, count } = enable);
    }
    const setting: KeepAliveSetting = {
      enable: Boolean(enable),
      delay: ~~(initialDelay! / 1000),
      interval: interval === undefined ? undefined : ~~(interval / 1000),
      count,
    };
    const handle = this[kHandle] as TCP | null;
    if (handle === null) {
      this[kKeepAlive] = setting;
    } else if (handle.setKeepAlive && !sameKeepAlive(this[kKeepAlive], setting)) {
      this[kKeepAlive] = setting;
      handle.setKeepAlive(setting.enable, setting.delay, setting.interval, setting.count);
    }
    return this;
  },

  setTypeOfService(this: SocketImpl, tos: number): SocketImpl {
    if (Number.isNaN(tos)) throw new ERR_INVALID_ARG_TYPE('tos', 'number', tos);
    validateInt32(tos, 'tos', 0, 255);
    const handle = this[kHandle] as TCP | null;
    if (handle === null || !handle.setTypeOfService) {
      this[kTypeOfService] = tos;
    } else if (tos !== this[kTypeOfService]) {
      this[kTypeOfService] = tos;
      const status = handle.setTypeOfService(tos);
      if (status !== 0 && !isWindows) throw errnoException(status, 'setTypeOfService');
    }
    return this;
  },

  getTypeOfService(this: SocketImpl): number {
    const known = this[kTypeOfService] ?? 0;
    const handle = this[kHandle] as TCP | null;
    if (handle === null || !handle.getTypeOfService) return known;
    const result = handle.getTypeOfService();
    if (result >= 0) return result;
    if (isWindows) return known;
    throw errnoException(result, 'getTypeOfService');
  },

  ref(this: SocketImpl): SocketImpl {
    const handle = this[kHandle];
    if (handle === null) this.once('connect', settingMethods.ref);
    else if (typeof handle.ref === 'function') handle.ref();
    return this;
  },

  unref(this: SocketImpl): SocketImpl {
    const handle = this[kHandle];
    if (handle === null) this.once('connect', settingMethods.unref);
    else if (typeof handle.unref === 'function') handle.unref();
    return this;
  },
};
