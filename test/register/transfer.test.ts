// With uvnet/register, Node accepts uvnet's sockets natively that it would otherwise reject or use
// as streams. Each program runs with and without register, and must print the same.
import { nodeSince } from '../helpers/implementations';
import { Project } from '../helpers/project';

let project: Project;
beforeAll(() => (project = new Project()));
afterAll(() => project.remove());

interface Printed {
  stdout: string;
  /** How many sockets Node got, by the report. */
  natively: number;
  asStreams: number;
}

/** Runs a program on node:net and with register, compares both runs, and returns the output. */
async function runBoth(name: string, source: string): Promise<Printed> {
  project.write({ [name]: source });
  const plain = await project.run([name]);
  const registered = await project.run(['--import', 'uvnet/register', name], {
    UVNET_REGISTER_REPORT: '1',
  });
  // A report for each process.
  const reports = [
    ...registered.stderr.matchAll(/transferred to Node: (\d+) natively, (\d+) as streams/g),
  ];
  const count = (index: number): number =>
    reports.reduce((sum, match) => sum + Number(match[index]), 0);
  const errors = registered.stderr.replaceAll(/^(uvnet\/register| {2}).*\n/gm, '');
  expect({ ...registered, stderr: errors }).toEqual(plain);
  expect(plain).toMatchObject({ code: 0, stderr: '' });
  expect(reports.length).toBeGreaterThan(0);
  return { stdout: plain.stdout, natively: count(1), asStreams: count(2) };
}

const helpers = `
const net = require('net');
const { once } = require('events');
const read = async (socket) => { let text = ''; for await (const chunk of socket) text += chunk; return text; };
`;

describe('child.send()', () => {
  const inChild = `
    if (process.argv[2] === 'child') {
      process.on('message', (message, handle) => {
        if (message === 'socket') handle.end('child got a ' + handle.constructor.name);
        if (message === 'shared socket') handle.write('child wrote', () => handle.destroy());
        if (message === 'server') {
          handle.on('connection', (socket) => socket.end('child accepted'));
          process.send('ready');
        }
        // Not at once: Node 20 cannot handle it while it emits messages that came before the
        // listener.
        if (message === 'end') setImmediate(() => process.disconnect());
      });
    } else setImmediate(() => main());
    const { fork } = require('child_process');`;

  test('sends a socket, which the child answers', async () => {
    const { stdout, natively } = await runBoth(
      'send-socket.cjs',
      `${helpers}${inChild}
      async function main() {
        const child = fork(__filename, ['child']);
        const events = [];
        const server = net.createServer({ pauseOnConnect: true }, (socket) => {
          socket.on('close', () => events.push('close'));
          child.send('socket', socket, (error) => console.log('sent', error, server._connections, events));
          console.log(socket.destroyed, socket.readable);
        });
        await once(server.listen(0, '127.0.0.1'), 'listening');
        console.log(await read(net.connect(server.address().port, '127.0.0.1')));
        child.send('end');
        server.close();
        await once(child, 'exit');
        console.log(events);
      }`,
    );
    expect(stdout).toBe('false true\nsent null 0 []\nchild got a Socket\n[]\n');
    expect(natively).toBe(1);
  });

  test('with keepOpen, both processes have the socket', async () => {
    const { stdout, natively } = await runBoth(
      'keep-open.cjs',
      `${helpers}${inChild}
      async function main() {
        const child = fork(__filename, ['child']);
        const server = net.createServer({ pauseOnConnect: true }, (socket) => {
          child.send('shared socket', socket, { keepOpen: true }, () => {
            console.log(server._connections, socket.destroyed);
            socket.write('parent; ', () => child.send('end'));
            child.once('exit', () => socket.end('; parent again'));
          });
        });
        await once(server.listen(0, '127.0.0.1'), 'listening');
        const text = await read(net.connect(server.address().port, '127.0.0.1'));
        // The two processes write in any order.
        console.log(text.split(/(child wrote)|; /).filter(Boolean).sort());
        server.close();
      }`,
    );
    expect(stdout).toBe("1 false\n[ 'child wrote', 'parent', 'parent again' ]\n");
    expect(natively).toBe(1);
  });

  test.each(['{ port: 0, host: "127.0.0.1" }', '{ path: __filename + ".sock" }'])(
    'sends a server that listens on %s, which both may accept from',
    async (where) => {
      const { stdout } = await runBoth(
        'send-server.cjs',
        `${helpers}${inChild}
        async function main() {
          const child = fork(__filename, ['child']);
          const server = net.createServer((socket) => socket.end('parent accepted'));
          await once(server.listen(${where}), 'listening');
          const address = server.address();
          const connect = () => read(net.connect(address.port ?? address));
          console.log(await connect());
          console.log(child.send('server', server, (error) => console.log('sent', error)));
          await once(child, 'message');
          if (typeof address === 'string') require('fs').renameSync(address, address + '2');
          server.close();
          await once(server, 'close');
          if (typeof address === 'string') require('fs').renameSync(address + '2', address);
          console.log(await connect());
          child.send('end');
          child.channel?.unref();
          child.kill();
          if (typeof address === 'string') require('fs').rmSync(address);
        }`,
      );
      expect(stdout).toBe('parent accepted\ntrue\nsent null\nchild accepted\n');
    },
  );

  test('process.send() passes a socket to the parent', async () => {
    const { stdout, natively } = await runBoth(
      'to-parent.cjs',
      `${helpers}
      if (process.argv[2]) {
        const socket = net.connect(Number(process.argv[2]), '127.0.0.1', () =>
          process.send('socket', socket, () => process.disconnect()));
      } else void (async () => {
        const server = net.createServer(async (socket) => console.log(await read(socket)));
        await once(server.listen(0, '127.0.0.1'), 'listening');
        const child = require('child_process').fork(__filename, [server.address().port]);
        const [message, socket] = await once(child, 'message');
        console.log(message, socket.constructor.name);
        socket.end('from the parent');
        server.close();
      })();`,
    );
    expect(stdout).toBe('socket Socket\nfrom the parent\n');
    expect(natively).toBe(1);
  });

  test('other objects are refused as before', async () => {
    const { stdout } = await runBoth(
      'refused.cjs',
      `${helpers}${inChild}
      async function main() {
        const child = fork(__filename, ['child']);
        const code = (handle) => { try { child.send('x', handle); } catch (error) { return error.code; } };
        console.log(code({}), code(7));
        child.send('end');
        await once(child, 'exit');
        const server = net.createServer();
        await once(server.listen(0, '127.0.0.1'), 'listening');
        child.on('error', (error) => { console.log('event', error.code); server.close(); });
        child.send('late', server, (error) => console.log('callback', error.code));
        child.send('late', server);
      }`,
    );
    expect(stdout).toContain('callback ERR_IPC_CHANNEL_CLOSED\nevent ERR_IPC_CHANNEL_CLOSED\n');
  });
});

describe('postMessage()', () => {
  test('transfers a socket if Node supports that, and otherwise rejects it', async () => {
    const { stdout, natively } = await runBoth(
      'post-message.cjs',
      `${helpers}
      const { Worker, isMainThread, parentPort } = require('worker_threads');
      if (!isMainThread) {
        parentPort.once('message', ({ list: [socket], same, map }) => {
          const { name } = socket.constructor;
          socket.end([name, socket === same, map.get('it') === socket, map.get('other') instanceof Date].join());
        });
      } else void (async () => {
        const worker = new Worker(__filename);
        const server = net.createServer({ pauseOnConnect: true }, (socket) => {
          const map = new Map([['it', socket], ['other', new Date(0)]]);
          socket.on('close', () => console.log('close'));
          try { worker.postMessage({ list: [socket], same: socket, map }, [socket]); }
          catch (error) { console.log('refused'); socket.end(); worker.terminate(); }
        });
        await once(server.listen(0, '127.0.0.1'), 'listening');
        const text = await read(net.connect(server.address().port, '127.0.0.1'));
        console.log(text);
        server.close();
      })();`,
    );
    const has = nodeSince('24.20', '26.6');
    expect(stdout).toContain(has ? 'Socket,true,true,true\n' : 'refused\n');
    expect(natively).toBe(has ? 1 : 0);
  });
});

/** A shared key, so that no certificate has to be made or can expire. */
const shared = `${helpers}
const tls = require('tls');
const key = Buffer.from('0123456789abcdef');
const ciphers = { ciphers: 'PSK-AES128-GCM-SHA256', maxVersion: 'TLSv1.2' };
const asServer = { ...ciphers, isServer: true, pskCallback: () => key, secureContext: tls.createSecureContext(ciphers) };
const asClient = { ...ciphers, pskCallback: () => ({ identity: 'test', psk: key }), checkServerIdentity: () => undefined };
`;

describe('tls', () => {
  // As databases and mail servers do.
  test.each([
    ['tls.connect({ socket })', 'tls.connect({ ...asClient, socket })'],
    [
      'new TLSSocket()',
      'new tls.TLSSocket(socket, { ...asClient, secureContext: asServer.secureContext })',
    ],
  ])('a connection that switches to TLS uses it natively, through %s', async (_name, make) => {
    const { stdout, natively, asStreams } = await runBoth(
      'starttls.cjs',
      `${shared}
      void (async () => {
        const log = [];
        const server = net.createServer((socket) => {
          socket.once('data', (data) => {
            socket.write('go');
            socket.on('close', (hadError) => log.push('server below: close ' + hadError));
            const secure = new tls.TLSSocket(socket, asServer);
            secure.on('data', (chunk) => secure.end('secure ' + chunk));
            log.push(secure.remoteAddress + ' ' + (secure.remotePort === socket.remotePort));
          });
        });
        await once(server.listen(0, '127.0.0.1'), 'listening');
        const socket = net.connect(server.address().port, '127.0.0.1');
        socket.on('close', (hadError) => log.push('client below: close ' + hadError));
        await once(socket, 'connect');
        socket.write('STARTTLS');
        console.log(String((await once(socket, 'data'))[0]));
        socket.removeAllListeners('data');
        const secure = ${make};
        console.log(secure instanceof tls.TLSSocket, secure.encrypted, secure.localPort === socket.localPort);
        secure.setNoDelay(true).setKeepAlive(true);
        secure.write('hello');
        console.log(await read(secure));
        server.close();
        process.on('exit', () => console.log(log.sort().join('\\n')));
      })();`,
    );
    expect(stdout).toBe(
      'go\ntrue true true\nsecure hello\n127.0.0.1 true\nclient below: close false\nserver below: close false\n',
    );
    expect({ natively, asStreams }).toEqual({ natively: 2, asStreams: 0 });
  });

  test('a connecting socket is a stream for TLS', async () => {
    const { stdout, natively, asStreams } = await runBoth(
      'connecting.cjs',
      `${shared}
      void (async () => {
        const server = tls.createServer(asServer, (secure) => secure.end('hello'));
        await once(server.listen(0, '127.0.0.1'), 'listening');
        const secure = tls.connect({ ...asClient, socket: net.connect(server.address().port, '127.0.0.1') });
        console.log(await read(secure));
        server.close();
      })();`,
    );
    expect(stdout).toBe('hello\n');
    expect({ natively, asStreams }).toEqual({ natively: 0, asStreams: 1 });
  });

  test('subclasses of TLSSocket work, in new and old style', async () => {
    const { stdout } = await runBoth(
      'sub-class.cjs',
      `${shared}
      class Own extends tls.TLSSocket {}
      function Old(socket, options) { tls.TLSSocket.call(this, socket, options); }
      require('util').inherits(Old, tls.TLSSocket);
      void (async () => {
        for (const Class of [Own, Old]) {
          const server = net.createServer((socket) => {
            const secure = new Class(socket, asServer);
            console.log(secure instanceof Class, secure instanceof tls.TLSSocket, secure.constructor === Class);
            secure.end('hello');
          });
          await once(server.listen(0, '127.0.0.1'), 'listening');
          const socket = net.connect(server.address().port, '127.0.0.1');
          await once(socket, 'connect');
          console.log(await read(tls.connect({ ...asClient, socket })));
          server.close();
        }
      })();`,
    );
    expect(stdout).toBe('true true true\nhello\n'.repeat(2));
  });
});

describe('http', () => {
  test("a server's 'connection' uses a socket natively, and the socket reports the end", async () => {
    const { stdout, natively } = await runBoth(
      'emit-connection.cjs',
      `${helpers}
      const http = require('http');
      const web = http.createServer((request, response) => response.end(request.url + ' ' + request.socket.remoteAddress));
      const log = [];
      const server = net.createServer((socket) => {
        // As in port sharing: read the first bytes, and push them back.
        socket.once('data', (first) => {
          socket.pause();
          socket.unshift(first);
          web.emit('connection', socket);
          process.nextTick(() => socket.resume());
        });
        socket.on('close', (hadError) => log.push('close ' + hadError));
      });
      void (async () => {
        await once(server.listen(0, '127.0.0.1'), 'listening');
        const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
        const get = (path) => new Promise((resolve) =>
          http.get({ port: server.address().port, host: '127.0.0.1', path, agent }, async (response) => resolve(await read(response))));
        console.log(await get('/1'), await get('/2'), log.length);
        agent.destroy();
        server.close();
        process.on('exit', () => console.log(log));
      })();`,
    );
    expect(stdout).toBe("/1 127.0.0.1 /2 127.0.0.1 0\n[ 'close false' ]\n");
    expect(natively).toBe(1);
  });

  test('servers of tls and http2 use one, too', async () => {
    const { stdout, natively } = await runBoth(
      'emit-others.cjs',
      `${shared}
      const http2 = require('http2');
      const give = async (inner) => {
        const server = net.createServer((socket) => inner.emit('connection', socket));
        await once(server.listen(0, '127.0.0.1'), 'listening');
        return server;
      };
      void (async () => {
        const first = await give(tls.createServer(asServer, (secure) => secure.end('over tls')));
        console.log(await read(tls.connect({ ...asClient, port: first.address().port, host: '127.0.0.1' })));
        first.close();
        const second = await give(http2.createServer((request, response) => response.end('over http2')));
        const session = http2.connect('http://127.0.0.1:' + second.address().port);
        console.log(await read(session.request()));
        session.close();
        second.close();
      })();`,
    );
    expect(stdout).toBe('over tls\nover http2\n');
    expect(natively).toBe(2);
  });

  test.each([
    ['connected', 'await once(socket, "connect");', 1],
    ['connecting', '', 0],
  ])('a request takes a %s socket of createConnection', async (_name, wait, expected) => {
    const { stdout, natively } = await runBoth(
      'create-connection.cjs',
      `${helpers}
      const http = require('http');
      const web = http.createServer((request, response) => response.end(request.url));
      void (async () => {
        await once(web.listen(0, '127.0.0.1'), 'listening');
        const { port } = web.address();
        const get = (options) => new Promise((resolve) =>
          http.get(options, async (response) => resolve(await read(response))));
        const socket = net.connect(port, '127.0.0.1');
        ${wait}
        console.log(await get({ path: '/own', createConnection: () => socket }));
        class Agent extends http.Agent { createConnection() { return net.connect(port, '127.0.0.1'); } }
        const agent = new Agent({ keepAlive: true, maxSockets: 1 });
        console.log(await get({ path: '/a', agent }), await get({ path: '/b', agent }), Object.keys(agent.freeSockets).length);
        agent.destroy();
        web.close();
      })();`,
    );
    expect(stdout).toBe('/own\n/a /b 1\n');
    expect(natively).toBe(expected);
  });
});

test('unregister() restores everything, and running children still work', async () => {
  project.write({
    'undone.cjs': `
      const own = () => {
        const { ChildProcess } = require('child_process');
        const { Worker, MessagePort } = require('worker_threads');
        const tls = require('tls');
        const { ClientRequest } = require('http');
        const net = process.getBuiltinModule?.('net') ?? require('net');
        return [ChildProcess.prototype, Worker.prototype, MessagePort.prototype, tls, ClientRequest.prototype, net.Server.prototype, process]
          .map((object) => JSON.stringify(Object.getOwnPropertyNames(object)) + ['spawn', 'postMessage', 'connect', 'TLSSocket', 'onSocket', 'emit', 'send', 'getBuiltinModule']
            .map((name) => { const property = Object.getOwnPropertyDescriptor(object, name); return property && { ...property }; }));
      };
      const values = () => {
        const tls = require('tls');
        return [require('child_process').ChildProcess.prototype.spawn, require('worker_threads').Worker.prototype.postMessage,
          require('worker_threads').MessagePort.prototype.postMessage, tls.connect, tls.TLSSocket,
          require('http').ClientRequest.prototype.onSocket, require('net').Server.prototype.emit, process.getBuiltinModule];
      };
      void (async () => {
        const before = values();
        const shape = own();
        const { register, unregister } = require('uvnet/register');
        register();
        const child = require('child_process').fork(__filename + '.child');
        unregister();
        console.log(values().every((value, index) => value === before[index]), JSON.stringify(own()) === JSON.stringify(shape));
        const esm = await import('node:tls');
        console.log(esm.connect === before[3], esm.TLSSocket === before[4]);
        child.on('message', (text) => { console.log(text); child.disconnect(); });
        child.send('ping');
      })();`,
    'undone.cjs.child': "process.on('message', (text) => process.send(text + ' pong'));",
  });
  const { stdout, stderr, code } = await project.run(['undone.cjs']);
  expect({ stdout, stderr, code }).toEqual({
    stdout: 'true true\ntrue true\nping pong\n',
    stderr: '',
    code: 0,
  });
});
