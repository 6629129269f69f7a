import { errnoByName } from '../native/binding';
import type { Handle } from '../native/handle';
import { debug } from '../base/diagnostics';
import { ERR_IP_BLOCKED, aggregateError } from '../base/errors';
import { exceptionWithHostPort, type SystemError } from '../base/system-errors';
import type { RaceListener, SocketName } from '../native/handle-events';
import type { TCP } from '../native/tcp';
import { anyAddress } from '../base/ip';
import { setOptionsBeforeConnect, refusal } from '../options/lazy-options';
import { connectDenial } from '../base/permission';
import { isBlocked, type Target } from './attempt';
import type { Dialling } from './dialling';

/**
 * The race of a socket. It passes the candidates to the native race. The events of the native race
 * become events of the socket and, at the end, a connection or an error.
 * native/connect/connect_race.h decides when each attempt starts.
 */

const UV_ETIMEDOUT = errnoByName('ETIMEDOUT');

export interface RaceSettings {
  /** The name that the program gave, for errors that are not about a single address. */
  readonly host: string;
  readonly port: number;
  readonly localAddress: string | undefined;
  readonly localPort: number;
  readonly strategy: 'race' | 'sequential';
  /** Milliseconds. */
  readonly attemptDelay: number;
  /** Milliseconds; 0: no limit. */
  readonly connectTimeout: number;
  readonly concurrency: number;
  readonly firstAddressFamilyCount: number;
}

/** The call of `connect()` that started the race. */
interface RaceCall {
  readonly socket: Dialling;
  readonly handle: Handle;
  readonly isPending: boolean;
  connected(): void;
}

// The values of ConnectRace::EventType and the flags of connector.h.
const ATTEMPT_STARTED = 0;
const ATTEMPT_FAILED = 1;
const DELAY_PASSED = 2;
const GAVE_WAY = 3;
const WON = 4;
const ALL_FAILED = 5;
const TIMED_OUT = 6;
const IN_BIND = 1 << 8;
const AT_ONCE = 1 << 9;
const TYPE_MASK = 0xff;

const NO_LIMIT = -1;

export class Race implements RaceListener {
  private readonly sequential: boolean;
  /** Indexed by the numbers of the native race. */
  private readonly candidates: Target[] = [];
  /** All addresses so far, with their positions. A list may be long. */
  private readonly places = new Map<string, number>();
  private readonly running: Target[] = [];
  /** The errors, in the order in which they happened. */
  private readonly errors: Error[] = [];
  /** Candidates that are not tried, with their positions among all candidates. */
  private readonly refused: { place: number; error: Error }[] = [];
  /** There was only one address. Its error becomes the error of the socket, as in Node. */
  private single = false;
  private created = false;
  private readonly socket: Dialling;
  private readonly handle: TCP;

  constructor(
    private readonly call: RaceCall,
    private readonly settings: RaceSettings,
  ) {
    this.socket = call.socket;
    this.handle = call.handle as TCP;
    this.sequential = settings.strategy === 'sequential';
  }

  /**
   * Starts the time of `connectTimeout`, before there are candidates. Without a limit, it does
   * nothing. Returns false if the race cannot start.
   */
  startClock(): boolean {
    if (this.settings.connectTimeout === 0) return true;
    if (!this.create()) return false;
    this.handle.raceRun(false);
    return true;
  }

  /** Ends a race that will get no more candidates. */
  stopWaiting(): void {
    if (this.created && this.places.size === 0) this.handle.raceCancel();
  }

  /**
   * Adds candidates and continues the race. Duplicate addresses are ignored.
   *
   * @param complete - no more candidates will follow
   */
  offer(targets: readonly Target[], complete: boolean): void {
    const { places } = this;
    const fresh = targets.filter(({ address }) => {
      const isNew = !places.has(address);
      if (isNew) places.set(address, places.size);
      return isNew;
    });
    this.single = complete && places.size === 1;
    if (!this.create()) return;
    if (!this.single) this.socket.autoSelectFamilyAttemptedAddresses ??= [];
    for (const target of fresh) {
      const refused = this.refuses(target);
      if (refused !== undefined) {
        this.refused.push({ place: places.get(target.address)!, error: refused });
        this.emit('connectionAttemptFailed', target, refused);
        if (!this.call.isPending) return;
        continue;
      }
      this.candidates.push(target);
      this.handle.raceAdd(target.address, this.settings.port, target.family);
    }
    this.handle.raceRun(complete);
  }

  onRace(event: number, candidate: number, status: number): void {
    const target = this.candidates[candidate];
    switch (event & TYPE_MASK) {
      case ATTEMPT_STARTED:
        this.start(target);
        break;
      case ATTEMPT_FAILED:
        this.attemptFailed(target, event, status);
        break;
      case DELAY_PASSED:
        debug('connect: %s:%d is late', target.address, this.settings.port);
        this.emit('connectionAttemptTimeout', target);
        break;
      case GAVE_WAY:
        this.gaveWay(target);
        break;
      case WON:
        // A connection may last long, so the race is released for garbage collection.
        this.handle.raceListener = null;
        this.call.connected();
        break;
      case ALL_FAILED:
        this.destroy();
        break;
      case TIMED_OUT:
        this.timedOut();
        break;
      default:
    }
  }

  /** Sets the options and starts the race, once. Returns false if that fails. */
  private create(): boolean {
    if (this.created) return true;
    const refused = setOptionsBeforeConnect(this.socket, this.handle);
    if (refused !== undefined) {
      this.socket.destroy(refused);
      return false;
    }
    const { attemptDelay, connectTimeout, concurrency, firstAddressFamilyCount } = this.settings;
    const status = this.handle.raceCreate(
      this,
      attemptDelay,
      connectTimeout === 0 ? NO_LIMIT : connectTimeout,
      this.sequential ? 1 : concurrency,
      this.sequential ? 1 : firstAddressFamilyCount,
    );
    if (status !== 0) {
      const { host, port } = this.settings;
      this.socket.destroy(exceptionWithHostPort(status, 'connect', host, port));
      return false;
    }
    this.created = true;
    this.bind();
    return true;
  }

  private bind(): void {
    const { localAddress, localPort } = this.settings;
    if (localAddress) {
      this.handle.raceBindTo(localAddress, localPort, localAddress.includes(':') ? 6 : 4);
    } else if (localPort) {
      this.handle.raceBindTo(anyAddress(4), localPort, 4);
      this.handle.raceBindTo(anyAddress(6), localPort, 6);
    }
  }

  /** Returns the error if a candidate must not be tried. */
  private refuses(target: Target): Error | undefined {
    const { address } = target;
    if (!this.single && isBlocked(this.socket, target)) return new ERR_IP_BLOCKED(address);
    return connectDenial(address, this.settings.port);
  }

  private emit(event: string, { address, family }: Target, ...rest: unknown[]): void {
    this.socket.emit(event, address, this.settings.port, family, ...rest);
  }

  private fail(target: Target, error: Error): void {
    this.errors.push(error);
    this.emit('connectionAttemptFailed', target, error);
  }

  private start(target: Target): void {
    const { socket } = this;
    const { address, family } = target;
    const { port } = this.settings;
    this.running.push(target);
    debug('connect: attempting %s:%d (IPv%d)', address, port, family);
    socket.emit('connectionAttempt', address, port, family);
    if (!this.call.isPending) return;
    if (!this.single) {
      socket.autoSelectFamilyAttemptedAddresses!.push(`${address}:${port}`);
    } else if (isBlocked(this.socket, target)) {
      socket.destroy(new ERR_IP_BLOCKED(address));
    }
  }

  private ended(target: Target): void {
    this.running.splice(this.running.indexOf(target), 1);
  }

  private attemptFailed(target: Target, event: number, status: number): void {
    this.ended(target);
    const error = this.attemptError(target, event, status);
    if (!this.single) {
      this.fail(target, error);
      return;
    }
    const { socket } = this;
    if ((event & AT_ONCE) !== 0) {
      this.errors.push(error);
    } else {
      socket.connecting = false;
      socket._sockname = null;
      this.fail(target, error);
    }
  }

  private gaveWay(target: Target): void {
    this.ended(target);
    const error = this.attemptError(target, 0, UV_ETIMEDOUT);
    // In the sequential mode, 'connectionAttemptTimeout' has already reported this.
    if (this.sequential) this.errors.push(error);
    else this.fail(target, error);
  }

  private attemptError(target: Target, event: number, status: number): Error {
    const { address, family } = target;
    const { port, localAddress, localPort } = this.settings;
    const refused = (event & AT_ONCE) !== 0 ? refusal(this.handle, status) : undefined;
    if (refused !== undefined) return refused;
    if ((event & IN_BIND) !== 0) {
      const local = localAddress || anyAddress(family);
      return exceptionWithHostPort(status, 'bind', local, localPort);
    }
    if ((event & AT_ONCE) !== 0) {
      const local: SocketName = {};
      this.handle.raceFailedLocal(local);
      return exceptionWithHostPort(
        status,
        'connect',
        address,
        port,
        `${local.address}:${local.port}`,
      );
    }
    if (!localPort) return exceptionWithHostPort(status, 'connect', address, port);
    const from = localAddress || anyAddress(family);
    const error = exceptionWithHostPort(status, 'connect', address, port, `${from}:${localPort}`);
    return Object.assign(error, { localAddress: from, localPort });
  }

  private timedOut(): void {
    for (const target of this.running) this.errors.push(this.attemptError(target, 0, UV_ETIMEDOUT));
    const { host, port } = this.settings;
    if (this.errors.length + this.refused.length === 0) {
      this.errors.push(exceptionWithHostPort(UV_ETIMEDOUT, 'connect', host, port));
    }
    this.destroy('ETIMEDOUT');
  }

  private destroy(code?: string): void {
    this.placeRefused();
    const { errors, socket } = this;
    if (errors.length === 1 && (this.single || code !== undefined)) {
      socket.destroy(errors[0]);
      return;
    }
    const error = aggregateError(errors, this.sequential ? undefined : this.summary());
    if (code !== undefined) error.code = code;
    socket.destroy(error);
  }

  /** Inserts the errors of candidates that were not tried at their positions. */
  private placeRefused(): void {
    const placeOf = (error: Error): number =>
      this.places.get((error as Partial<SystemError>).address!) ?? -1;
    for (const { place, error } of this.refused.splice(0)) {
      const next = this.errors.findIndex((other) => placeOf(other) > place);
      this.errors.splice(next < 0 ? this.errors.length : next, 0, error);
    }
  }

  /** A text with each address and its error. */
  private summary(): string {
    const parts = this.errors.map((error) => {
      const { address, port, code } = error as Partial<SystemError>;
      return address === undefined ? error.message : `${address}:${port} ${code}`;
    });
    return `All connection attempts failed: ${parts.join(', ')}`;
  }
}
