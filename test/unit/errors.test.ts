// Compares errors with those that modules of the running Node really throw.
import { once } from 'node:events';
import * as net from 'node:net';
import { Writable } from 'node:stream';
import * as ownErrors from '../../lib/internal/base/errors';
import * as systemErrors from '../../lib/internal/base/system-errors';

const errors = { ...ownErrors, ...systemErrors };

const [major = 0] = process.versions.node.split('.').map(Number);

type Thrown = Error & { code?: unknown };

function thrown(call: () => unknown): Thrown {
  try {
    call();
  } catch (error) {
    return error as Thrown;
  }
  throw new Error('nothing was thrown');
}

/**
 * Everything that a program can compare. Errors of Node come from another realm than those of a
 * test.
 */
function shape(error: unknown): object {
  const own = error as Record<string, unknown> & Thrown;
  return {
    name: own.name,
    message: own.message,
    text: String(error),
    keys: Object.keys(own),
    properties: Object.fromEntries(Object.keys(own).map((key) => [key, own[key]])),
    ownMessage: Object.getOwnPropertyDescriptor(own, 'message')?.enumerable,
    constructor: (own.constructor as { name: string }).name,
  };
}

function expectSame(ours: unknown, node: unknown): void {
  expect(shape(ours)).toEqual(shape(node));
}

class Named {}
const anonymous = new (class {})();

const values: [string, unknown][] = [
  ['null', null],
  ['a short string', 'abc'],
  ['a string of 28', 'x'.repeat(28)],
  ['a string of 29', 'x'.repeat(29)],
  ['a string with a quote', "it's"],
  ['a long string with a quote at the end', `${'x'.repeat(40)}'`],
  ['a string with both quotes', `'"`],
  ['zero', 0],
  ['minus zero', -0],
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
  ['a fraction', 1.5],
  ['a bigint', 12n],
  ['true', true],
  ['false', false],
  ['a symbol', Symbol('name')],
  ['an object', {}],
  ['an array', [1]],
  ['a date', new Date(0)],
  ['an instance', new Named()],
  ['an object without prototype', Object.create(null)],
  ['a named function', function named() {}],
  ['an anonymous function', (() => () => {})()],
  ['a class', Named],
];
if (major >= 26) {
  // Older lines read the name of the constructor without looking whether there is one.
  values.push(
    ['an instance of an anonymous class', anonymous],
    ['an object with a strange constructor', { constructor: 1 }],
    ['an object with a nameless constructor', { constructor: { name: '' } }],
  );
}

describe('ERR_INVALID_ARG_TYPE', () => {
  const notStrings = values.filter(([, value]) => typeof value !== 'string');
  // Node reads falsy values of this option as "not given".
  const notFunctions = values.filter(([, value]) => typeof value !== 'function' && value);

  test.each(notFunctions)('names a property that must be a function: %s', (_name, value) => {
    expectSame(
      new errors.ERR_INVALID_ARG_TYPE('options.lookup', 'Function', value),
      thrown(() => net.connect({ port: 1, lookup: value as never })),
    );
  });

  test.each(notStrings)('names an argument that must be a string: %s', (_name, value) => {
    expectSame(
      new errors.ERR_INVALID_ARG_TYPE('address', 'string', value),
      thrown(() => new net.BlockList().addAddress(value as never)),
    );
  });

  test('names several types and classes', () => {
    expectSame(
      new errors.ERR_INVALID_ARG_TYPE(
        'chunk',
        ['string', 'Buffer', 'TypedArray', 'DataView'],
        undefined,
      ),
      thrown(() => new Writable().write(undefined)),
    );
    // A type, then classes among which an object counts.
    expectSame(
      new errors.ERR_INVALID_ARG_TYPE(
        'value',
        ['string', 'ArrayBuffer', 'Buffer', 'Object', 'Array'],
        1,
      ),
      new errors.ERR_INVALID_ARG_TYPE(
        'value',
        ['string', 'ArrayBuffer', 'Buffer', 'Array', 'object'],
        1,
      ),
    );
    expectSame(
      new errors.ERR_INVALID_ARG_TYPE(
        'first argument',
        ['string', 'Buffer', 'ArrayBuffer', 'Array', 'Array-like Object'],
        1,
      ),
      thrown(() => Buffer.from(1 as never)),
    );
  });
});

describe('other wrong arguments', () => {
  test.each(values)('ERR_INVALID_ARG_VALUE equals that of Node: %s', (_name, value) => {
    expectSame(
      new errors.ERR_INVALID_ARG_VALUE('options.family', value),
      thrown(() => new net.SocketAddress({ family: value as never })),
    );
  });

  test('ERR_INVALID_ARG_VALUE cuts long values', () => {
    expectSame(
      new errors.ERR_INVALID_ARG_VALUE('options.family', 'y'.repeat(500)),
      thrown(() => new net.SocketAddress({ family: 'y'.repeat(500) as never })),
    );
  });

  test.each([-1, 1.5, NaN, Infinity, 2 ** 32, 2 ** 32 + 1, 123456789012, -(2 ** 40)])(
    'ERR_OUT_OF_RANGE equals that of Node: %p',
    (value) => {
      const range = Number.isInteger(value) ? '>= 0 && <= 4294967295' : 'an integer';
      expectSame(
        new errors.ERR_OUT_OF_RANGE('options.flowlabel', range, value),
        thrown(() => new net.SocketAddress({ family: 'ipv6', flowlabel: value })),
      );
    },
  );

  test.each([2n ** 64n, -1n, -(2n ** 70n)])(
    'ERR_OUT_OF_RANGE equals that of Node for the bigint %p',
    (value) => {
      expectSame(
        new errors.ERR_OUT_OF_RANGE('value', '>= 0n and < 2n ** 64n', value),
        thrown(() => Buffer.alloc(8).writeBigUInt64BE(value)),
      );
    },
  );

  test.each([99999, -1, 1.5, 'abc', '', '0x1ffff', null, {}, [], true, NaN])(
    'ERR_SOCKET_BAD_PORT equals that of Node: %p',
    (port) => {
      expectSame(
        new errors.ERR_SOCKET_BAD_PORT('options.port', port),
        thrown(() => new net.SocketAddress({ port: port as never })),
      );
    },
  );

  test('ERR_MISSING_ARGS equals that of Node', () => {
    expectSame(
      new errors.ERR_MISSING_ARGS(['options', 'port', 'path']),
      thrown(() => net.connect({} as never)),
    );
    expect(new errors.ERR_MISSING_ARGS('a').message).toBe('The "a" argument must be specified');
    expect(new errors.ERR_MISSING_ARGS('a', 'b', ['c', 'd']).message).toBe(
      'The "a", "b", and "c" or "d" arguments must be specified',
    );
  });

  test('ERR_INVALID_FD_TYPE equals that of Node', () => {
    expectSame(
      new errors.ERR_INVALID_FD_TYPE('FILE'),
      thrown(() => {
        const { openSync, closeSync } = jest.requireActual<typeof import('node:fs')>('node:fs');
        const fd = openSync(__filename, 'r');
        try {
          new net.Socket({ fd });
        } finally {
          closeSync(fd);
        }
      }),
    );
  });

  test('the error of an address that cannot be parsed equals that of Node', () => {
    expectSame(
      errors.invalidAddress(),
      thrown(() => new net.SocketAddress({ address: 'nope' })),
    );
  });
});

/** The error that a connect of Node ends with. */
async function connectError(options: net.NetConnectOpts): Promise<Thrown> {
  const socket = net.connect(options);
  const [error] = (await once(socket, 'error').catch((failure: unknown) => [failure])) as [Thrown];
  return error;
}

function closedPort(): Promise<number> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

describe('errors that need a socket', () => {
  const lookup =
    (address: unknown, family: unknown): net.LookupFunction =>
    (_host, _options, callback) => {
      callback(null, address as string, family as number);
    };

  test('exceptionWithHostPort makes the error of Node', async () => {
    const port = await closedPort();
    const node = await connectError({ port, host: '127.0.0.1' });
    expectSame(
      errors.exceptionWithHostPort(
        (node as { errno?: number }).errno ?? 0,
        'connect',
        '127.0.0.1',
        port,
      ),
      node,
    );
    const path = await connectError({ path: '/nowhere/at/all' });
    expectSame(
      errors.exceptionWithHostPort(
        (path as { errno?: number }).errno ?? 0,
        'connect',
        '/nowhere/at/all',
      ),
      path,
    );
    const local = await connectError({
      port,
      host: '127.0.0.1',
      localAddress: '127.0.0.1',
      localPort: 0,
    });
    expect(local.code).toBe('ECONNREFUSED');
  });

  test('uvExceptionWithHostPort makes the error of Node', async () => {
    const server = net.createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as net.AddressInfo;
    const other = net.createServer();
    other.listen(port, '127.0.0.1');
    const [node] = (await once(other, 'error').catch((failure: unknown) => [failure])) as [
      Thrown & { errno: number },
    ];
    expectSame(errors.uvExceptionWithHostPort(node.errno, 'listen', '127.0.0.1', port), node);

    expectSame(
      new errors.ERR_SERVER_ALREADY_LISTEN(),
      thrown(() => server.listen(0)),
    );
    server.close();
    await once(server, 'close');
    const notRunning = await new Promise((resolve) => void server.close(resolve));
    expectSame(new errors.ERR_SERVER_NOT_RUNNING(), notRunning);
  });

  test('errnoException makes the error of Node', () => {
    const node = thrown(() => process.kill(2 ** 30, 0)) as Thrown & { errno: number };
    expectSame(errors.errnoException(node.errno, 'kill'), node);
    expect(errors.errnoException(node.errno, 'open', '/a').message).toBe('open ESRCH /a');
    expect(errors.errnoException(-99999, 'read').code).toBe('Unknown system error -99999');
    expect(errors.uvExceptionWithHostPort(-99999, 'listen', 'x').code).toBe('UNKNOWN');
  });

  test('aggregateError makes the error of Node', async () => {
    const port = await closedPort();
    const node = await connectError({
      port,
      host: 'two.example',
      autoSelectFamily: true,
      lookup: ((_host: string, _options: object, callback: (...args: unknown[]) => void) => {
        callback(null, [
          { address: '127.0.0.1', family: 4 },
          { address: '::1', family: 6 },
        ]);
      }) as never,
    });
    const attempts = (node as AggregateError).errors as Error[];
    expect(attempts).toHaveLength(2);
    expectSame(errors.aggregateError(attempts), node);
    expect((errors.aggregateError(attempts).errors as Error[])[1]).toBe(attempts[1]);
  });

  test('ERR_INVALID_ADDRESS_FAMILY and ERR_INVALID_IP_ADDRESS equal those of Node', async () => {
    expectSame(
      new errors.ERR_INVALID_ADDRESS_FAMILY(9, 'some.example', 80),
      await connectError({
        port: 80,
        host: 'some.example',
        autoSelectFamily: false,
        lookup: lookup('127.0.0.1', 9),
      }),
    );
    for (const address of ['nope', undefined, 5]) {
      expectSame(
        new errors.ERR_INVALID_IP_ADDRESS(address),
        await connectError({
          port: 80,
          host: 'some.example',
          autoSelectFamily: false,
          lookup: lookup(address, 4),
        }),
      );
    }
  });

  const [, minor = 0] = process.versions.node.split('.').map(Number);
  (major > 22 || (major === 22 && minor >= 13) ? test : test.skip)(
    'ERR_IP_BLOCKED (Node 22.13 and later)',
    async () => {
      const blockList = new net.BlockList();
      blockList.addAddress('127.0.0.1');
      expectSame(
        new errors.ERR_IP_BLOCKED('127.0.0.1'),
        await connectError({ port: 1, host: '127.0.0.1', blockList }),
      );
    },
  );

  test('ERR_SOCKET_CLOSED and ERR_SOCKET_CLOSED_BEFORE_CONNECTION equal those of Node', async () => {
    const never = new net.Socket();
    never.resetAndDestroy();
    const [closed] = (await once(never, 'error').catch((failure: unknown) => [failure])) as [
      Thrown,
    ];
    expectSame(new errors.ERR_SOCKET_CLOSED(), closed);

    const socket = net.connect({ port: await closedPort(), host: '127.0.0.1' });
    socket.on('error', () => undefined);
    const written = new Promise((resolve) => void socket.write('x', resolve));
    socket.destroy();
    expectSame(new errors.ERR_SOCKET_CLOSED_BEFORE_CONNECTION(), await written);
  });

  test('ERR_STREAM_WRITE_AFTER_END and ERR_STREAM_DESTROYED equal those of Node', async () => {
    const ended = new Writable({ write: (_chunk, _encoding, callback) => callback() });
    ended.on('error', () => undefined);
    ended.end();
    const late = await new Promise((resolve) => void ended.write('x', resolve));
    expectSame(new errors.ERR_STREAM_WRITE_AFTER_END(), late);
    const destroyed = new Writable();
    destroyed.destroy();
    expectSame(
      new errors.ERR_STREAM_DESTROYED('write'),
      await new Promise((resolve) => void destroyed.write('x', resolve)),
    );
  });

  test('AbortError equals that of Node', async () => {
    const reason = new Error('why');
    const failure = await once(new net.Socket(), 'connect', {
      signal: AbortSignal.abort(reason),
    }).catch((error: unknown) => error);
    const ours = new errors.AbortError(undefined, { cause: reason });
    expectSame(ours, failure);
    expect(ours.cause).toBe(reason);
  });
});

test('errors that no call of this process reaches have the messages of Node', () => {
  expect(new errors.ERR_INVALID_HANDLE_TYPE().message).toBe('This handle type cannot be sent');
  expect(new errors.ERR_INVALID_STATE('closed').message).toBe('Invalid state: closed');
  expect(new errors.ERR_SOCKET_HANDLE_ADOPTED().message).toBe(
    'The bound socket has already been adopted by a server or socket',
  );
  expect(new errors.ERR_FEATURE_UNAVAILABLE_ON_PLATFORM('reusePort').message).toBe(
    'The feature reusePort is unavailable on the current platform, which is being used to run ' +
      'Node.js',
  );
  expect(errors.genericNodeError('gone', { code: 'X', syscall: 'y' })).toMatchObject({
    message: 'gone',
    code: 'X',
    syscall: 'y',
  });
});
