// What a whole process shows of uvnet/promises: rejections that nobody hears of, garbage, workers, descriptors.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import nodeNet from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { addonEnvironment } from '../helpers/child';
import { uvnet } from '../helpers/implementations';
import { onUnix } from '../helpers/platforms';

type Promises = typeof import('../../lib/promises');

const entry = path.join(path.dirname(uvnet!.entry), 'promises.js');

const backends = [
  { name: 'native', env: {} },
  { name: 'over node:net', env: { UVNET_BINDING: '/nonexistent/uvnet.node' } },
];

type Program = (promises: Promises, entry: string) => Promise<unknown>;

const sourceOf = (program: Program): string =>
  `(${program.toString()})(require(${JSON.stringify(entry)}), ${JSON.stringify(entry)})
    .then((result) => console.log(JSON.stringify(result)));`;

describe.each(backends)('a process with uvnet/promises ($name)', ({ env }) => {
  /** What a program that ends by itself returns. */
  function run(program: Program): unknown {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--expose-gc', '-e', sourceOf(program)],
      { env: { ...addonEnvironment, ...env }, encoding: 'utf8' },
    );
    if (status !== 0) throw new Error(`it ended with ${status}: ${stderr}`);
    return JSON.parse(stdout);
  }

  test('has no unhandled rejection of what nobody needs to look at', () => {
    const seen = run(async ({ connect, listen, serve }) => {
      const net = require('node:net') as typeof nodeNet;
      const unhandled: string[] = [];
      process.on('unhandledRejection', (error) => unhandled.push(String(error)));
      const listener = await listen({ port: 0, host: '127.0.0.1' });
      const serving = serve(listener, async (stream) => {
        void stream.closed;
        void stream.write(Buffer.alloc(1e7));
        void stream.writev(['x']);
        void stream.write('x', { timeout: 1 });
        void stream.end({ timeout: 1 });
        void stream.close({ signal: AbortSignal.timeout(2) });
        void stream.writable;
        await stream.readable.getReader().read();
      });
      // Peers that reset, end, and go away at once.
      for (const leave of ['resetAndDestroy', 'end', 'destroy'] as const) {
        const client = net.connect(listener.port!, '127.0.0.1');
        client.on('error', () => {});
        await new Promise((resolve) => client.once('connect', resolve));
        await new Promise((resolve) => setTimeout(resolve, 5));
        client[leave]();
        await new Promise((resolve) => client.resume().once('close', resolve));
      }
      const stream = await connect({ port: listener.port!, host: '127.0.0.1' });
      void stream.closed;
      void stream.end();
      void stream.close();
      const lines = stream.lines();
      void lines.return!();
      stream.destroy(new Error('mine'));
      void stream.end();
      const accepting = listener.accept();
      void listener.close();
      await accepting;
      await serving;
      await new Promise((resolve) => setImmediate(resolve));
      return unhandled;
    });
    expect(seen).toEqual([]);
  });

  test('has no unhandled rejection of writes that fail at once', () => {
    const seen = run(async ({ connect, listen }) => {
      const unhandled: string[] = [];
      process.on('unhandledRejection', (error) => unhandled.push(String(error)));
      const listener = await listen({ port: 0, host: '127.0.0.1' });
      const at = { port: listener.port!, host: '127.0.0.1' };
      const [destroyed, ended, closing] = [await connect(at), await connect(at), await connect(at)];
      destroyed.destroy();
      await destroyed.closed;
      void ended.end();
      void closing.close();
      for (const stream of [destroyed, ended, closing]) {
        void stream.write('x');
        void stream.write('x', { signal: AbortSignal.abort() });
        void stream.write(5 as never);
        void stream.writev(['x']);
        void stream.writev(5 as never);
        void stream.end();
        void stream.end({ signal: AbortSignal.abort() });
        void stream.close({ signal: AbortSignal.abort() });
      }
      await new Promise((resolve) => setImmediate(resolve));
      await new Promise((resolve) => setImmediate(resolve));
      ended.destroy();
      await listener.close();
      return unhandled;
    });
    expect(seen).toEqual([]);
  });

  test.each(['rr', 'none'])(
    'ends its listener when a cluster’s worker disconnects (%s)',
    (policy) => {
      const program = `
      const cluster = require('node:cluster');
      if (cluster.isPrimary) {
        cluster.setupPrimary({ execArgv: process.execArgv, exec: process.argv[1] });
        cluster.fork().on('exit', (code) => console.log(JSON.stringify(code)));
      } else {
        const { listen, serve } = require(${JSON.stringify(entry)});
        (async () => {
          const listener = await listen({ port: 0, host: '127.0.0.1' });
          const other = await listen({ port: 0, host: '127.0.0.1' });
          const serving = serve(other, () => {});
          const accepting = listener.accept();
          cluster.worker.disconnect();
          if ((await accepting) !== null) process.exit(1);
          if ((await listener.accept()) !== null) process.exit(2);
          for await (const stream of listener) process.exit(3);
          await serving;
          process.exit(42);
        })();
      }`;
      const folder = mkdtempSync(path.join(tmpdir(), 'uvnet-promises-'));
      const file = path.join(folder, 'program.cjs');
      writeFileSync(file, program);
      try {
        const { stdout } = spawnSync(process.execPath, [file], {
          env: { ...addonEnvironment, ...env, NODE_CLUSTER_SCHED_POLICY: policy },
          encoding: 'utf8',
        });
        expect(stdout).toBe('42\n');
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );

  test('keeps streams that nobody refers to, and lets go of those that are closed', () => {
    const seen = run(async ({ connect, listen, serve }) => {
      const listener = await listen({ port: 0, host: '127.0.0.1' });
      const closed: WeakRef<object>[] = [];
      const serving = serve(listener, async (stream) => {
        closed.push(new WeakRef(stream));
        for await (const line of stream.lines()) await stream.write(`${line}\n`);
      });
      const talk = async (): Promise<string[]> => {
        const stream = await connect({ port: listener.port!, host: '127.0.0.1' });
        closed.push(new WeakRef(stream));
        const said: string[] = [];
        for (const word of ['a', 'b', 'c']) {
          await new Promise((resolve) => setImmediate(resolve));
          gc!();
          await stream.write(`${word}\n`);
          said.push((await stream.readLine())!);
        }
        await stream.end();
        await stream.closed;
        return said;
      };
      const said = await talk();
      await listener.close();
      await serving;
      for (let i = 0; i < 50 && closed.some((ref) => ref.deref() !== undefined); i += 1) {
        await new Promise((resolve) => setImmediate(resolve));
        gc!();
      }
      return { said, left: closed.filter((ref) => ref.deref() !== undefined).length };
    });
    expect(seen).toEqual({ said: ['a', 'b', 'c'], left: 0 });
  });

  test('reports what a handler or callback throws as uncaught, and serves on', () => {
    const seen = run(async ({ connect, listen, serve }) => {
      const uncaught: string[] = [];
      process.on('uncaughtException', (error) => uncaught.push(error.message));
      const listener = await listen({
        port: 0,
        host: '127.0.0.1',
        maxConnections: 1,
        onDrop() {
          throw new Error('of onDrop');
        },
      });
      const serving = serve(listener, async (stream) => {
        const line = await stream.readLine();
        if (line === 'throw') throw new Error('of the handler');
        await stream.write(String(line));
      });
      const at = { port: listener.port!, host: '127.0.0.1' };
      const first = await connect(at);
      const refused = await connect(at);
      await refused.read().catch(() => {});
      refused.destroy();
      await first.write('throw\n');
      await first.read().catch(() => {});
      first.destroy();
      await first.closed.catch(() => {});
      let answer = '';
      // Until the server has noticed that it has room.
      while (answer === '') {
        const second = await connect(at);
        await second.write('hello\n');
        answer = String((await second.read().catch(() => null)) ?? '');
        second.destroy();
      }
      await listener.close();
      await serving;
      return { uncaught: [...new Set(uncaught)], answer };
    });
    expect(seen).toEqual({ uncaught: ['of onDrop', 'of the handler'], answer: 'hello' });
  });

  test('has streams in workers, which may end while they are open', () => {
    const seen = run(async ({ connect, listen }, path) => {
      const { Worker } = require('node:worker_threads') as typeof import('node:worker_threads');
      const worker = new Worker(
        `const { parentPort } = require('node:worker_threads');
        const { listen, serve } = require(${JSON.stringify(path)});
        listen({ port: 0, host: '127.0.0.1' }).then((listener) => {
          parentPort.postMessage(listener.port);
          return serve(listener, async (stream) => {
            for await (const message of stream.messages({ type: 'delimiter' })) {
              await stream.writev([message, '\\n']);
            }
          });
        });`,
        { eval: true },
      );
      const port = await new Promise<number>((resolve) => worker.once('message', resolve));
      const stream = await connect({ port, host: '127.0.0.1' });
      await stream.write('one\ntwo\n');
      const said = [await stream.readLine(), await stream.readLine()];
      await worker.terminate();
      const end = await stream.read().catch((error: NodeJS.ErrnoException) => error.code);
      stream.destroy();
      const own = await listen({ port: 0, host: '127.0.0.1' });
      await own.close();
      return { said, end: end === null || end === 'ECONNRESET' };
    });
    expect(seen).toEqual({ said: ['one', 'two'], end: true });
  });
});

onUnix(
  'a listener reports that descriptors ran out, and accepts on when there are some',
  async () => {
    const program: Program = async ({ listen, serve }) => {
      let reported = false;
      const listener = await listen({
        port: 0,
        host: '127.0.0.1',
        onAcceptError({ code }) {
          if (!reported) console.log(code);
          reported = true;
        },
      });
      console.log(listener.port);
      await serve(listener, async (stream) => {
        const line = await stream.readLine();
        await stream.write(`you said ${line}`);
        if (line === 'stop') void listener.close();
      });
      return 'over';
    };
    const command = `ulimit -n 48; exec "$0" -e "$1"`;
    const child = spawn('sh', ['-c', command, process.execPath, sourceOf(program)], {
      env: addonEnvironment,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    const printed = (pattern: RegExp): Promise<string> =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = pattern.exec(text);
          if (found !== null) resolve(found[0]);
        };
        child.stdout.on('data', look);
        look();
      });
    child.stdout.setEncoding('utf8').on('data', (more: string) => (text += more));
    const port = Number(await printed(/^\d+(?=\n)/));
    const sockets = Array.from({ length: 60 }, () => nodeNet.connect(port, '127.0.0.1'));
    for (const socket of sockets) socket.on('error', () => {});
    expect(await printed(/E[A-Z]+FILE/)).toMatch(/^EMFILE$/);
    const closed = sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve)));
    for (const socket of sockets) socket.destroy();
    await Promise.all(closed);
    const last = nodeNet.connect(port, '127.0.0.1');
    last.write('stop\n');
    let answer = '';
    for await (const chunk of last) answer += String(chunk);
    expect(answer).toBe('you said stop');
    expect(await printed(/"over"/)).toBe('"over"');
  },
);
