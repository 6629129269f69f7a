// Fronts that look at the first bytes, in surroundings that are hard for them: workers, garbage
// collections, few descriptors, and a close at the wrong time.
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { Worker } from 'node:worker_threads';

import { createFront, type Front } from 'uvnet/front';

import { nextEvent, nextTurn } from '../helpers/events';
import { onLinux } from '../helpers/platforms';
import { FrontScope, echo, portOfFront, runProgram, ssh, startStarved } from '../helpers/fronts';

const entry = JSON.stringify(require.resolve('../../dist/front.js'));
const scope = new FrontScope();
afterEach(() => scope.dispose());

/** A client whose first bytes do not show its protocol. */
async function hesitate(front: Front): Promise<net.Socket> {
  const { open } = front.stats();
  const client = scope.connect(front);
  client.write('SSH');
  while (front.stats().open === open) await nextTurn();
  return client;
}

const answerOf = async (client: net.Socket): Promise<string> => String(await client.toArray());

describe('workers', () => {
  test.each(['rr', 'none'])(
    'a worker of a cluster (%s) chooses a server, a function and a relay',
    async (policy) => {
      const output = await runProgram(
        `
        const cluster = require('node:cluster');
        const net = require('node:net');
        if (cluster.isPrimary) {
          const worker = cluster.fork();
          const talk = (port, ...parts) => new Promise((resolve, reject) => {
            const client = net.connect(port, '127.0.0.1').setNoDelay().on('error', reject);
            let text = '';
            client.on('data', (bytes) => { text += bytes; }).on('end', () => resolve(text));
            const next = () => parts.length > 1
              ? client.write(parts.shift(), () => setImmediate(next))
              : client.end(parts[0]);
            next();
          });
          cluster.on('listening', async (_, { port }) => {
            console.log(await talk(port, 'GET', ' / HTTP/1.0\\r\\n\\r\\n'));
            console.log(await talk(port, 'SSH', '-2.0-x'));
            console.log(await talk(port, 'HE', 'LO'));
            const waiting = net.connect(port, '127.0.0.1').on('error', () => {}).resume();
            waiting.write('SSH', () => worker.send('close'));
            waiting.on('close', () => console.log('closed'));
          });
        } else {
          const { createFront } = require(${entry});
          const web = net.createServer({ allowHalfOpen: true }, (socket) => {
            socket.resume().end('server ' + socket.remoteAddress);
          });
          const other = net.createServer({ allowHalfOpen: true }, (socket) => {
            socket.resume().end('relay');
          });
          other.listen({ port: 0, host: '127.0.0.1', exclusive: true });
          const front = createFront(({ protocol }) => {
            if (protocol === 'http1') return web;
            if (protocol === 'ssh') return (socket) => void socket.resume().end('function');
            return { connect: { port: other.address().port, host: '127.0.0.1' } };
          }, { sniff: true });
          front.listen(0, '127.0.0.1');
          process.once('message', async () => {
            await front.close();
            other.close();
            process.disconnect();
          });
        }`,
        { env: { NODE_CLUSTER_SCHED_POLICY: policy } },
      );
      expect(output).toBe('server 127.0.0.1\nfunction\nrelay\nclosed\n');
    },
  );

  test.each([
    ['first bytes', '() => undefined'],
    ['a choice', '() => new Promise(() => {})'],
  ])(
    'a thread that is terminated closes the connections that wait for %s',
    async (what, choose) => {
      const worker = new Worker(
        `
        const { parentPort } = require('node:worker_threads');
        const { createFront } = require(${entry});
        const front = createFront(${choose}, { sniff: true });
        front.listen(0, '127.0.0.1', () => parentPort.postMessage(front.address().port));
        const timer = setInterval(() => {
          if (front.stats().open < 20) return;
          clearInterval(timer);
          parentPort.postMessage('all wait');
        });`,
        { eval: true },
      );
      const [port] = (await once(worker, 'message')) as [number];
      const clients = Array.from({ length: 20 }, () => {
        const client = net.connect(port, '127.0.0.1').on('error', () => {});
        client.write(what === 'a choice' ? ssh : 'SSH');
        return nextEvent(client.resume(), 'close');
      });
      await once(worker, 'message');
      await worker.terminate();
      await Promise.all(clients);
    },
  );
});

describe('garbage collections', () => {
  const prelude = `
    const net = require('node:net');
    const { createFront } = require(${entry});
    const tick = () => new Promise(setImmediate);
    const collect = async () => { for (let i = 0; i < 5; i++) { gc(); await tick(); } };
    const collected = async (weak) => {
      for (let i = 0; i < 1000 && weak.deref() !== undefined; i++) { await tick(); gc(); }
      return weak.deref() === undefined;
    };
    const talk = (port, text) => new Promise((resolve) => {
      net.connect(port, '127.0.0.1').on('error', () => {}).on('close', () => resolve()).resume().end(text);
    });`;

  test('spare a front whose connections wait for their bytes and for a choice', async () => {
    const program = `${prelude}
      (async () => {
        let decide;
        let front = createFront(
          ({ protocol }) => protocol === 'ssh' ? new Promise((resolve) => { decide = resolve; }) : undefined,
          { sniff: true },
        );
        front.listen(0, '127.0.0.1');
        await new Promise((resolve) => front.once('listening', resolve));
        const { port } = front.address();
        const client = net.connect(port, '127.0.0.1').setNoDelay();
        client.write('SSH');
        while (front.stats().open === 0) await tick();
        const weak = new WeakRef(front);
        front = undefined;
        await collect();
        client.write('-2.0-x');
        while (decide === undefined) await tick();
        await collect();
        decide((socket) => void socket.resume().end('hello'));
        decide = undefined;
        for await (const bytes of client) console.log(String(bytes));
        await weak.deref().close();
        console.log(await collected(weak));
      })();`;
    expect(await runProgram(program, { flags: ['--expose-gc'] })).toBe('hello\ntrue\n');
  });

  test('take a server that was closed, although the front goes on', async () => {
    const program = `${prelude}
      (async () => {
        const chosen = [];
        const front = createFront(() => chosen[0], { sniff: true });
        front.listen(0, '127.0.0.1');
        await new Promise((resolve) => front.once('listening', resolve));
        const { port } = front.address();
        const serve = async () => {
          const server = net.createServer((socket) => socket.resume().end());
          chosen[0] = server;
          await talk(port, 'SSH-2.0-x');
          chosen.length = 0;
          const closed = new Promise((resolve) => server.once('close', resolve));
          server.close();
          await closed;
          return new WeakRef(server);
        };
        console.log(await collected(await serve()));
        console.log(front.listening, front.stats().accepted);
        await front.close();
      })();`;
    expect(await runProgram(program, { flags: ['--expose-gc'] })).toBe('true\ntrue 1\n');
  });
});

describe('few descriptors', () => {
  const prelude = `
    const fs = require('node:fs');
    const net = require('node:net');
    const { createFront } = require(${entry});
    const server = net.createServer((socket) => socket.on('error', () => {}).pipe(socket));
    const listen = (choose) => {
      const front = createFront(choose, { sniff: true });
      front.once('acceptError', ({ code }) => console.log('acceptError ' + code));
      front.listen({ port: 0, host: '127.0.0.1', backlog: 511 }, () => {
        console.log('port ' + front.address().port);
      });
      process.stdin.on('end', () => {
        const { accepted, open } = front.stats();
        console.log('stats ' + JSON.stringify({ accepted, open }));
        process.exit();
      }).resume();
      return front;
    };`;

  onLinux('clients that cannot be accepted are served when others leave', async () => {
    const count = 150;
    const { child, answer, port } = await startStarved(`${prelude} listen(() => server);`);
    let maySpeak = (): void => {};
    const full = new Promise<void>((resolve) => (maySpeak = resolve));
    const served = Array.from({ length: count }, async () => {
      const client = net.connect(port, '127.0.0.1').setNoDelay();
      client.write('SSH');
      await full;
      client.end('-2.0-x\r\n');
      return answerOf(client);
    });
    expect(await answer()).toBe('acceptError EMFILE');
    maySpeak();
    expect(new Set(await Promise.all(served))).toEqual(new Set([ssh]));
    child.stdin.end();
    expect(await answer()).toBe(`stats {"accepted":${count},"open":0}`);
    await once(child, 'close');
  });

  onLinux('one descriptor is enough to wait for the bytes of the first client', async () => {
    const { child, answer, port } = await startStarved(`${prelude}
      const front = listen(() => server);
      front.once('listening', () => {
        const taken = [];
        try { for (;;) taken.push(fs.openSync('/dev/null')); } catch { fs.closeSync(taken.pop()); }
        const timer = setInterval(() => {
          if (front.stats().open === 0) return;
          clearInterval(timer);
          console.log('waits');
        });
      });`);
    const client = net.connect(port, '127.0.0.1').setNoDelay();
    client.write('SSH');
    expect(await answer()).toBe('waits');
    client.end('-2.0-x\r\n');
    expect(await answerOf(client)).toBe(ssh);
    child.stdin.end();
    expect(await answer()).toBe('stats {"accepted":1,"open":0}');
    await once(child, 'close');
  });

  onLinux('a relay without a descriptor ends before it connects', async () => {
    const { child, answer, port } = await startStarved(`${prelude}
      server.listen(0, '127.0.0.1');
      const front = listen(() => {
        const taken = [];
        try { for (;;) taken.push(fs.openSync('/dev/null')); } catch {}
        setImmediate(() => taken.forEach((fd) => fs.closeSync(fd)));
        return { connect: { port: server.address().port, host: '127.0.0.1' } };
      });
      front.on('relayError', ({ code }) => console.log('relayError ' + code));`);
    const ended = once(child, 'close');
    const client = net.connect(port, '127.0.0.1').on('error', () => {});
    const closed = nextEvent(client.resume(), 'close');
    client.write(ssh);
    expect(await answer()).toBe('acceptError EMFILE');
    await closed;
    child.stdin.end();
    expect(await answer()).toBe('stats {"accepted":0,"open":0}');
    expect((await ended)[0]).toBe(0);
  });
});

describe('at the wrong time', () => {
  test('a reset in the middle of the first bytes leaves nothing behind', async () => {
    const [front, hellos] = await scope.sniffing();
    const client = await hesitate(front);
    client.resetAndDestroy();
    while (front.stats().open > 0) await nextTurn();
    // Linux still has the bytes that came before the reset, others may not.
    const { accepted, dropped } = front.stats();
    expect(accepted + dropped.sniffEnded).toBe(1);
    expect(hellos.map(({ protocol }) => protocol)).toEqual(accepted === 1 ? ['unknown'] : []);
  });

  test('close() with a grace period drops what waits at once, and waits for the rest', async () => {
    const front = await scope.choosing(() => echo());
    const open = scope.connect(front);
    open.write(ssh);
    await once(open, 'data');
    const waiting = await hesitate(front);
    const dropped = nextEvent(waiting.resume(), 'close');
    const closed = front.close({ gracePeriod: 2 ** 30 });
    await dropped;
    expect(front.stats()).toMatchObject({ open: 1 });
    open.end();
    expect(await closed).toEqual({ ended: 1, destroyed: 0 });
  });

  test('the function closes the front and lets it listen again', async () => {
    let count = 0;
    const server = echo();
    const front: Front = createFront(
      () => {
        if (count++ > 0) return server;
        const place = front.address() as net.AddressInfo;
        void front.close();
        front.listen(place.port, '127.0.0.1');
        return server;
      },
      { sniff: true },
    );
    await scope.listen(front);
    const port = portOfFront(front);
    const [first, waiting] = [await hesitate(front), await hesitate(front)];
    first.write('-2.0-x\r\n');
    const dropped = nextEvent(waiting.resume(), 'close');
    await Promise.all([nextEvent(first.resume(), 'close'), dropped, once(front, 'listening')]);
    expect(portOfFront(front)).toBe(port);
    const again = scope.connect(front);
    again.end(ssh);
    expect(await answerOf(again)).toBe(ssh);
    await front.close();
  });

  test('the function closes the server that it returns', async () => {
    const server = echo();
    let isClosing = false;
    const front = await scope.choosing(() => {
      if (isClosing) server.close();
      return server;
    });
    const client = scope.connect(front);
    client.end(ssh);
    expect(await answerOf(client)).toBe(ssh);
    isClosing = true;
    const drop = once(front, 'drop');
    await scope.send(front, ssh);
    expect((await drop)[0]).toMatchObject({ reason: 'noTarget' });
    expect(front.stats()).toMatchObject({ open: 0, accepted: 1, dropped: { noTarget: 1 } });
  });

  test('a closed server that listens by itself again is chosen again, and ends with the front', async () => {
    const server = http.createServer((_, response) => response.end('hello'));
    const front = await scope.choosing(() => server);
    const get = async (): Promise<string> => {
      const client = scope.connect(front);
      client.write('GET / HTTP/1.0\r\n\r\n');
      return answerOf(client).catch(() => '');
    };
    expect(await get()).toContain('hello');
    const closed = nextEvent(server, 'close');
    server.close();
    await closed;
    expect(await get()).toBe('');
    await scope.serve(server);
    expect(await get()).toContain('hello');
    await front.close();
    expect(server.listening).toBe(true);
  });

  test('listening twice is an error that leaves the front at work', async () => {
    const front = await scope.choosing(() => echo());
    expect(() => front.listen(0, '127.0.0.1')).toThrow(
      expect.objectContaining({ code: 'ERR_SERVER_ALREADY_LISTEN' }),
    );
    const client = await hesitate(front);
    client.end('-2.0-x\r\n');
    expect(await answerOf(client)).toBe(ssh);
  });

  test('two fronts share a server, which ends with the second', async () => {
    const server = echo();
    const fronts = [await scope.choosing(() => server), await scope.choosing(() => server)];
    const plain = await scope.open(server);
    for (const front of [...fronts, plain, ...fronts]) {
      const client = scope.connect(front);
      client.end(ssh);
      expect(await answerOf(client)).toBe(ssh);
    }
    await plain.close();
    await fronts[0]!.close();
    expect(server.listening).toBe(true);
    const client = scope.connect(fronts[1]!);
    client.end(ssh);
    expect(await answerOf(client)).toBe(ssh);
    await fronts[1]!.close();
    expect(server.listening).toBe(false);
  });
});

describe('the counters', () => {
  test('have the bytes of a relay, which JavaScript does not see, while it is open and afterwards', async () => {
    const port = await scope.serve(echo());
    const front = await scope.choosing(() => ({ connect: { port, host: '127.0.0.1' } }));
    const client = scope.connect(front);
    const size = 300_000;
    client.write(Buffer.alloc(size, '\x01'));
    let got = 0;
    for await (const chunk of client) {
      got += (chunk as Buffer).length;
      if (got === size) break;
    }
    const lines = ['uvnet_received_bytes_total', 'uvnet_sent_bytes_total'].map(
      (name) => `${name} ${size}`,
    );
    expect(front.stats()).toMatchObject({ open: 1, bytesRead: size, bytesWritten: size });
    for (const line of lines) expect(front.metrics()).toContain(`${line}\n`);
    client.destroy();
    while (front.stats().open > 0) await nextTurn();
    expect(front.stats()).toMatchObject({ bytesRead: size, bytesWritten: size });
    for (const line of lines) expect(front.metrics()).toContain(`${line}\n`);
  });
});
