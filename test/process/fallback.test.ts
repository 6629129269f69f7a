import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import path from 'node:path';

import * as native from '../../lib/index';
import { needs } from '../helpers/needs';
import { findNode, findRuntime, missingRuntime } from '../helpers/runtimes';

/**
 * Without its native code, uvnet is `node:net`, and rejects features that `node:net` does not have.
 */

const dist = path.resolve(__dirname, '../../dist');
const REFUSED = 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM';

interface Report {
  backend: string;
  codes: Record<string, string>;
  /** Members of uvnet's own classes that are not there. */
  missing: string[];
  connection: { accepted: string; client: string; isSocket: boolean; text: string };
  conversation: string[];
}

/** The public methods of a class. */
function methodsOf(prototype: object): string[] {
  return Object.entries(Object.getOwnPropertyDescriptors(prototype))
    .filter(([name, { value }]) => typeof value === 'function' && !/^_|constructor/.test(name))
    .map(([name]) => name);
}

const methods = {
  Socket: methodsOf(native.Socket.prototype),
  Server: methodsOf(native.Server.prototype),
  BlockList: methodsOf(native.BlockList.prototype as object),
};

/** Runs by itself in every runtime; prints a report. */
function program(folder: string, expected: Record<string, string[]>): void {
  const net = require(`${folder}/index.js`);
  const lean = require(`${folder}/lean.js`);
  const front = require(`${folder}/front.js`);
  const codeOf = (body: () => unknown): string => {
    try {
      body();
      return 'ok';
    } catch (error) {
      return (error as { code?: string }).code ?? String(error);
    }
  };
  const list = new net.BlockList();
  list.addAddress('127.0.0.1');
  list.addAddress('::1');
  const local = { port: 1, host: '127.0.0.1' };
  const codes: Record<string, string> = {
    proxyProtocol: codeOf(() => net.createServer({ proxyProtocol: 'required' })),
    trustedProxies: codeOf(() => new net.Server({ trustedProxies: list })),
    maxConnectionsPerAddress: codeOf(() => net.createServer({ maxConnectionsPerAddress: 1 })),
    inherited: codeOf(() => net.createServer(Object.create({ acceptRate: { perSecond: 1 } }))),
    setLater: codeOf(() => (net.createServer().maxConnectionsPerAddress = 1)),
    mode: codeOf(() => net.createServer().listen({ path: '/nonexistent/x', mode: 0o600 })),
    listenOption: codeOf(() => net.createServer().listen({ port: 0, bindToDevice: 'lo' })),
    connectOption: codeOf(() => net.connect({ ...local, bindToDevice: 'lo' })),
    socketOption: codeOf(() => new net.Socket({ receiveDescriptors: true })),
    socketConnect: codeOf(() => new net.Socket().connect({ ...local, mark: 1 })),
    closeOptions: codeOf(() => net.createServer().close({ gracePeriod: 1 })),
    stats: codeOf(() => net.createServer().stats()),
    peek: codeOf(() => new net.Socket().peek(1)),
    attach: codeOf(() => net.Socket.attach({})),
    attachServer: codeOf(() => net.Server.attach({})),
    share: codeOf(() => list.share()),
    leanListen: codeOf(() => lean.listen({ port: 0 }, {})),
    leanConnect: codeOf(() => lean.connect(local, {})),
    relay: codeOf(() => lean.relay(null, null)),
    front: codeOf(() => front.createFront(net.createServer())),
    sniffing: codeOf(() => front.createFront(() => undefined, { sniff: true })),
    listenFds: codeOf(() => front.listenFds()),
    metrics: codeOf(() => front.metrics({})),
    // Values that request nothing, and features of node:net.
    off: codeOf(() => net.createServer({ proxyProtocol: 'off', maxConnectionsPerAddress: null })),
    plain: codeOf(() => net.createServer({ noDelay: true, keepAlive: true, pauseOnConnect: true })),
    sequential: codeOf(() => {
      const socket = net.connect({ ...local, autoSelectFamilyStrategy: 'sequential' });
      socket.on('error', () => {});
    }),
    callable: codeOf(() => net.Socket({ allowHalfOpen: true }) && net.Server()),
    inherits: codeOf(() => {
      class Sub extends net.Socket {}
      if (!(new Sub() instanceof Sub)) throw new Error('no instance');
    }),
    ipv6InList: codeOf(() => {
      if (!list.check('::1') || list.check('::2')) throw new Error('wrong answer');
    }),
  };
  const missing = Object.entries(expected).flatMap(([name, names]) =>
    names
      .filter((method) => typeof net[name].prototype[method] !== 'function')
      .map((method) => `${name}.${method}`),
  );

  // A list keeps its addresses out, or is refused.
  let letIn = false;
  const guarded = codeOf(() => {
    const server = net.createServer({ blockList: list }, () => (letIn = true));
    server.listen(0, '127.0.0.1', () => {
      const client = net.connect(server.address().port, '127.0.0.1');
      client.on('error', () => {});
      client.on('close', () => server.close(exchange)).resume();
    });
  });
  if (guarded !== 'ok') exchange();

  // uvnet/promises needs no native code.
  async function converse(): Promise<string[]> {
    const promises = require(`${folder}/promises.js`);
    const said: string[] = [];
    const listener = await promises.listen({ port: 0, host: '127.0.0.1' });
    const serving = promises.serve(listener, async (stream: any) => {
      for await (const line of stream.lines()) await stream.write(`${line.length}|`);
    });
    const stream = await promises.connect({ port: listener.port, host: '127.0.0.1' });
    await stream.write('one\nthree\n');
    said.push(String(await stream.readUntil('|')));
    await stream.end();
    for await (const message of stream.messages({ type: 'delimiter', delimiter: '|' })) {
      said.push(String(message));
    }
    await stream.closed;
    await listener.close();
    await serving;
    return said;
  }

  function exchange(): void {
    codes['blockList'] = letIn ? 'let in' : guarded;
    const connection: Record<string, unknown> = {};
    const server = net.createServer((socket: any) => {
      connection['accepted'] = codeOf(() => socket.setOption('mark', 1));
      connection['isSocket'] = socket instanceof net.Socket;
      socket.pipe(socket);
    });
    server.listen(0, '127.0.0.1', () => {
      const client = net.connect(server.address().port, '127.0.0.1', () => client.end('hello'));
      connection['client'] = codeOf(() => client.info());
      client.on('data', (data: unknown) => (connection['text'] = String(data)));
      client.on('close', () => {
        server.close();
        void converse().then((conversation) => {
          console.log(
            JSON.stringify({ backend: net.backend, codes, missing, connection, conversation }),
          );
        });
      });
    });
  }
}

const source = `(${program.toString()})(${JSON.stringify(dist)}, ${JSON.stringify(methods)});`;

interface Place {
  name: string;
  command: string | undefined;
  args: string[];
  env: Record<string, string>;
}

const noBinary = { UVNET_BINDING: '/nonexistent/uvnet.node' };
const places: Place[] = [
  { name: 'Node that loads no addons', command: process.execPath, args: ['--no-addons'], env: {} },
  ...['20', '22', '24', '26'].map((version) => ({
    name: `Node ${version} without a binary`,
    command: findNode(version),
    args: [],
    env: noBinary,
  })),
  { name: 'Bun', command: findRuntime('bun'), args: [], env: {} },
];
places.forEach((place) => place.args.push('-e', source));
places.push({ name: 'Deno', command: findRuntime('deno'), args: ['eval', source], env: {} });

describe.each(places)('the fallback in $name', ({ name, command, args, env }) => {
  const runs = needs(missingRuntime(command, name.replace(' without a binary', '')));
  const run = (extra: Record<string, string> = {}) =>
    spawnSync(command!, args, {
      env: { PATH: process.env['PATH'], HOME: tmpdir(), NO_COLOR: '1', ...env, ...extra },
      encoding: 'utf8',
    });

  runs('refuses what only the native code can do, and is node:net otherwise', () => {
    const { stdout, stderr } = run();
    expect(stderr).toContain('uvnet falls back to node:net');
    const { backend, codes, missing, connection, conversation } = JSON.parse(stdout) as Report;
    expect(backend).toBe('node');
    expect(conversation).toEqual(['3', '5']);
    const { off, plain, sequential, callable, inherits, ipv6InList, blockList, ...others } = codes;
    expect({ off, plain, sequential, callable, inherits, ipv6InList }).toEqual({
      off: 'ok',
      plain: 'ok',
      sequential: 'ok',
      callable: 'ok',
      inherits: 'ok',
      ipv6InList: 'ok',
    });
    expect(['ok', REFUSED]).toContain(blockList);
    expect(Object.entries(others).filter(([, code]) => code !== REFUSED)).toEqual([]);
    expect(missing).toEqual([]);
    expect(connection).toEqual({
      accepted: REFUSED,
      client: REFUSED,
      isSocket: true,
      text: 'hello',
    });
  });

  runs('is not loaded where UVNET_REQUIRE_NATIVE is set', () => {
    const { status, stdout, stderr } = run({ UVNET_REQUIRE_NATIVE: '1' });
    expect(stdout).toBe('');
    expect(stderr).toContain('UVNET_REQUIRE_NATIVE is set, and');
    expect(status).not.toBe(0);
    expect(run({ UVNET_REQUIRE_NATIVE: '0' }).status).toBe(0);
  });
});
