import {
  decodeOption,
  encodeOption,
  findOption,
  makePlan,
  optionError,
  planOptions,
  splitServerPlan,
  trafficClass,
} from '../../lib/internal/options/socket-options';
import { socketOptionTable } from '../../lib/internal/options/socket-option-types';

const real = process.platform;

function onPlatform<Result>(platform: NodeJS.Platform, body: () => Result): Result {
  Object.defineProperty(process, 'platform', { value: platform });
  try {
    return body();
  } finally {
    Object.defineProperty(process, 'platform', { value: real });
  }
}

const connect = (name: string): number => onPlatform('linux', () => findOption(name, 'connect'));
const listen = (name: string): number => onPlatform('linux', () => findOption(name, 'listen'));

/** A plan with names in place of rows. */
function named(settings: readonly (number | string)[]): unknown[] {
  return settings.map((item, i) => (i % 2 === 0 ? socketOptionTable[item as number].name : item));
}

describe('names of socket options', () => {
  it.each([
    ['usertimeout', 'userTimeout'],
    ['TCP_USER_TIMEOUT', 'userTimeout'],
    ['userTimout', 'userTimeout'],
    ['SO_RCVBUF', 'recvBufferSize'],
    ['nodelay', 'noDelay'],
    ['NoDelay', 'noDelay'],
    ['keepAliveDelay', 'keepAliveInitialDelay'],
    ['timeout', 'userTimeout'],
    ['bufferSize', 'sendBufferSize'],
    ['IP_TOS', 'typeOfService'],
    ['ipv6only', 'ipv6Only'],
    ['TCP_MAXSEG', 'maxSegment'],
  ])('%s is unknown, and the message suggests %s if it is similar', (given, near) => {
    const error = catchError(() => findOption(given, 'connect'));
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE', name: 'TypeError' });
    expect(error.message).toContain("The argument 'name' is not a socket option");
    expect(error.message).toContain(`Received '${given}'`);
    expect(error.message).toMatch(new RegExp(`\\(did you mean .*'${near}'`));
  });

  it('suggests nothing for a word that resembles no name', () => {
    const { message } = catchError(() => findOption('xyzzyx', 'connect'));
    expect(message).toBe("The argument 'name' is not a socket option. Received 'xyzzyx'");
  });

  it.each([[undefined], [1], [null], [Symbol('noDelay')]])('%p is not a name', (name) => {
    expect(catchError(() => findOption(name, 'connect'))).toMatchObject({
      code: 'ERR_INVALID_ARG_TYPE',
    });
  });

  it.each(['constructor', '__proto__', 'toString'])('%s is unknown', (name) => {
    expect(catchError(() => findOption(name, 'connect')).code).toBe('ERR_INVALID_ARG_VALUE');
  });

  it.each(['mark', 'maxSegment'])('%s is not available on macOS', (name) => {
    const error = catchError(() => onPlatform('darwin', () => findOption(name, 'connect')));
    expect(error).toMatchObject({ code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM' });
    expect(error.message).toContain(`The feature socket option '${name}' is unavailable`);
  });

  it('gives fastOpen the meaning of the role', () => {
    expect(connect('fastOpen')).not.toBe(listen('fastOpen'));
    expect(socketOptionTable[connect('fastOpen')].kind).toBe('Flag');
    expect(socketOptionTable[listen('fastOpen')].kind).toBe('QueueLength');
  });
});

describe('values of socket options', () => {
  it.each([
    ['noDelay', true, 1],
    ['noDelay', false, 0],
    ['userTimeout', 0, 0],
    ['userTimeout', 30_000, 30_000],
    ['mark', 4294967295, 4294967295],
    ['linger', false, -1],
    ['linger', 0, 0],
    ['typeOfService', 'EF', 0xb8],
    ['typeOfService', 'af41', 0x88],
    ['typeOfService', 7, 7],
    ['congestion', 'cubic', 'cubic'],
  ])('%s takes %p', (name, value, encoded) => {
    expect(encodeOption(connect(name), value, 'value')).toBe(encoded);
  });

  it.each([
    ['noDelay', 1, 'ERR_INVALID_ARG_TYPE'],
    ['userTimeout', '5', 'ERR_INVALID_ARG_TYPE'],
    ['userTimeout', -1, 'ERR_OUT_OF_RANGE'],
    ['userTimeout', 1.5, 'ERR_OUT_OF_RANGE'],
    ['userTimeout', NaN, 'ERR_OUT_OF_RANGE'],
    ['userTimeout', 2147483648, 'ERR_OUT_OF_RANGE'],
    ['keepAliveCount', 128, 'ERR_OUT_OF_RANGE'],
    ['linger', true, 'ERR_INVALID_ARG_TYPE'],
    ['linger', -1, 'ERR_OUT_OF_RANGE'],
    ['typeOfService', 256, 'ERR_OUT_OF_RANGE'],
    ['typeOfService', 'AF44', 'ERR_INVALID_ARG_VALUE'],
    ['typeOfService', '__proto__', 'ERR_INVALID_ARG_VALUE'],
    ['congestion', '', 'ERR_INVALID_ARG_VALUE'],
    ['congestion', 'sixteencharacter', 'ERR_INVALID_ARG_VALUE'],
    ['bindToDevice', 'l\0o', 'ERR_INVALID_ARG_VALUE'],
    ['bindToDevice', 7, 'ERR_INVALID_ARG_TYPE'],
  ])('%s refuses %p', (name, value, code) => {
    expect(catchError(() => encodeOption(connect(name), value, 'value')).code).toBe(code);
  });

  it('a queue can be a number, on or off', () => {
    const row = listen('fastOpen');
    expect(encodeOption(row, 17, 'value')).toBe(17);
    expect(encodeOption(row, true, 'value')).toBeGreaterThan(0);
    expect(encodeOption(row, false, 'value')).toBe(0);
  });

  it('come back as they were given', () => {
    expect(decodeOption(connect('noDelay'), 1)).toBe(true);
    expect(decodeOption(connect('linger'), -1)).toBe(false);
    expect(decodeOption(connect('linger'), 2000)).toBe(2000);
    expect(decodeOption(connect('congestion'), 'bbr')).toBe('bbr');
  });

  it('a traffic class names the argument it came from', () => {
    const { message } = catchError(() => trafficClass('no', 'options.typeOfService'));
    expect(message).toContain("The property 'options.typeOfService' is not the name of a DSCP");
  });
});

describe('lists of socket options', () => {
  it('are undefined for ordinary options', () => {
    const ordinary = { port: 80, host: 'x', noDelay: true, keepAlive: true, timeout: 5 };
    expect(planOptions('connect', false, undefined, ordinary, undefined, null)).toBeUndefined();
    expect(
      planOptions('listen', false, undefined, { reusePort: true, ipv6Only: true }),
    ).toBeUndefined();
  });

  it('are in the order of the table, in whatever order they were given', () => {
    const plan = onPlatform('linux', () =>
      planOptions('connect', false, undefined, {
        priority: 3,
        userTimeout: 9,
        typeOfService: 'EF',
        mark: 1,
      }),
    );
    expect(named(plan!.settings)).toEqual([
      ...['mark', 1, 'typeOfService', 0xb8, 'priority', 3, 'userTimeout', 9],
    ]);
    expect(plan!.protocol).toBe(-1);
  });

  it('later sources win, undefined does not count, inherited ones do', () => {
    const inherited = Object.create({ userTimeout: 3 }) as object;
    const plan = onPlatform('linux', () =>
      planOptions(
        'listen',
        false,
        undefined,
        inherited,
        { mark: 1 },
        { mark: 2, userTimeout: undefined },
      ),
    );
    expect(named(plan!.settings)).toEqual(['mark', 2, 'userTimeout', 3]);
  });

  it('separate the choice of protocol', () => {
    const plan = onPlatform('linux', () =>
      planOptions('connect', false, undefined, { multipath: true }),
    );
    expect(plan).toEqual({ settings: [], protocol: connect('multipath') });
  });

  it('refuse options that cannot be set', () => {
    const check = (role: 'connect' | 'listen', local: boolean, options: object): string =>
      catchError(() => onPlatform('linux', () => planOptions(role, local, undefined, options)))
        .message;
    expect(check('connect', true, { userTimeout: 5 })).toBe(
      "The property 'options.userTimeout' applies to TCP sockets only. Received 5",
    );
    expect(check('connect', false, { deferAccept: 5 })).toBe(
      "The property 'options.deferAccept' applies to servers only. Received 5",
    );
    expect(check('connect', false, { userTimeout: '5' })).toContain('"options.userTimeout"');
  });

  it('accept the options of Unix sockets', () => {
    const plan = planOptions('connect', true, undefined, { path: '/x', sendBufferSize: 4096 });
    expect(named(plan!.settings)).toEqual(['sendBufferSize', 4096]);
  });

  it('of a server are split between listener and connections', () => {
    const rows = new Map<number, number>([
      [listen('deferAccept'), 5],
      [listen('userTimeout'), 9],
      [listen('priority'), 3],
      [listen('quickAck'), 1],
    ]);
    const plan = makePlan(rows)!;
    const linux = onPlatform('linux', () => splitServerPlan(plan, false));
    expect(named(linux.listener.settings)).toEqual(['userTimeout', 9, 'deferAccept', 5]);
    expect(named(linux.accepted)).toEqual(['priority', 3, 'quickAck', 1]);
    const other = onPlatform('darwin', () => splitServerPlan(plan, false));
    expect(named(other.listener.settings)).toEqual(['userTimeout', 9, 'deferAccept', 5]);
    expect(named(other.accepted)).toEqual(['priority', 3, 'userTimeout', 9, 'quickAck', 1]);
  });

  it('of a server on a unix socket are set on each connection', () => {
    const plan = planOptions('listen', true, undefined, { sendBufferSize: 4096 })!;
    expect(named(splitServerPlan(plan, true).accepted)).toEqual(['sendBufferSize', 4096]);
  });

  it('include options that were kept before', () => {
    const kept = new Map<number, number>([[connect('userTimeout'), 9]]);
    const plan = planOptions('connect', false, kept, { sendBufferSize: 4096 });
    expect(named(plan!.settings)).toEqual(['sendBufferSize', 4096, 'userTimeout', 9]);
    expect(catchError(() => planOptions('connect', true, kept)).code).toBe('ERR_INVALID_ARG_VALUE');
  });
});

it('a refusal names the option and the system call', () => {
  const error = optionError(-1, 'setsockopt', connect('mark'));
  expect(error).toMatchObject({ code: 'EPERM', errno: -1, syscall: 'setsockopt', option: 'mark' });
  expect(error.message).toBe('setsockopt EPERM mark');
});

function catchError(body: () => unknown): Error & { code: string } {
  try {
    body();
  } catch (error) {
    return error as Error & { code: string };
  }
  throw new Error('nothing was thrown');
}
