import { TYPE_OF_SERVICE } from './option-rows';
import { binding, nativeState } from './binding';
import { Handle, readName, type ConnectCallback } from './handle';
import type { RaceListener, SocketName } from './handle-events';

/** Flags of `TCP#bind`, with the numbers of libuv. */
export const BindFlag = { ipv6Only: 1, reusePort: 2 } as const;

/** A TCP handle. */
export class TCP extends Handle {
  /** With an id, it represents an accepted stream. */
  constructor(id?: number, type = 'TCPWRAP') {
    super(id ?? binding.tcpNew(type));
  }

  open(fd: number): number {
    return binding.tcpOpen(this.id, fd);
  }

  bind(address: string, port: number, flags = 0): number {
    return this.bindTo(address, port, 4, flags);
  }

  bind6(address: string, port: number, flags = 0): number {
    return this.bindTo(address, port, 6, flags);
  }

  private bindTo(address: string, port: number, family: 4 | 6, flags: number): number {
    this.checkPermission('');
    return binding.tcpBind(
      this.id,
      address,
      port,
      family,
      (flags & BindFlag.ipv6Only) !== 0,
      (flags & BindFlag.reusePort) !== 0,
    );
  }

  connect(address: string, port: number, callback: ConnectCallback): number {
    this.checkPermission(address, true);
    return this.connects(binding.tcpConnect(this.id, address, port, 4), callback);
  }

  connect6(address: string, port: number, callback: ConnectCallback): number {
    this.checkPermission(address, true);
    return this.connects(binding.tcpConnect(this.id, address, port, 6), callback);
  }

  /** Starts a race of attempts, whose winning connection this handle gets. */
  raceCreate(
    listener: RaceListener,
    attemptDelay: number,
    timeout: number,
    concurrency: number,
    firstFamilyCount: number,
  ): number {
    this.raceListener = listener;
    return binding.raceCreate(this.id, attemptDelay, timeout, concurrency, firstFamilyCount);
  }

  raceBindTo(address: string, port: number, family: 4 | 6): number {
    return binding.raceBindTo(this.id, address, port, family);
  }

  raceAdd(address: string, port: number, family: 4 | 6): number {
    this.checkPermission(address, true);
    return binding.raceAdd(this.id, address, port, family);
  }

  raceRun(complete: boolean): number {
    return binding.raceRun(this.id, complete);
  }

  /** Ends the race without a result. The handle can connect again. */
  raceCancel(): number {
    return binding.raceCancel(this.id);
  }

  raceFailedLocal(out: SocketName): number {
    return readName(binding.raceFailedLocal(this.id), out);
  }

  getsockname(out: SocketName): number {
    return readName(binding.tcpSockName(this.id), out);
  }

  getpeername(out: SocketName): number {
    return readName(binding.tcpPeerName(this.id), out);
  }

  /**
   * Turns Nagle's algorithm off or on.
   *
   * @param known - the socket already has this setting
   */
  setNoDelay(enable: boolean, known = false): number {
    return known ? 0 : binding.tcpNoDelay(this.id, enable);
  }

  /**
   * Times in seconds; 0 leaves the value of the system.
   *
   * @param known - the socket already has these settings
   */
  setKeepAlive(enable: boolean, delay = 0, interval = 0, count = 0, known = false): number {
    if (known) return 0;
    return binding.tcpKeepAlive(this.id, enable, delay, interval, count);
  }

  setTypeOfService(value: number): number {
    return binding.setSocketOption(this.id, TYPE_OF_SERVICE, value);
  }

  getTypeOfService(): number {
    const value = binding.getSocketOption(this.id, TYPE_OF_SERVICE);
    return value === undefined ? nativeState[0] : (value as number);
  }
}
