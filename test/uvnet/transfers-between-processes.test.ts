// Connections that are transferred to another process: sent as descriptors, or accepted for a
// cluster worker.
import { runChild, type ChildTools, type Outcome } from '../helpers/child';
import { policies, runClusterOn } from '../helpers/cluster';
import { nextEvent } from '../helpers/events';
import { uvnet } from '../helpers/implementations';
import { numbered } from '../helpers/ends';
import { endpointOf } from '../helpers/scope';
import { describeUvnet } from '../helpers/uvnet';

type Socket = import('../../lib/index').Socket;

/** More than the kernel's buffers of both sides. */
const MUCH = 12 * 1024 * 1024;
const PIECE = 1024 * 1024;

describeUvnet('a connection that is transferred', ({ scope }) => {
  describe.each(['tcp', 'unix'] as const)('to another process, over %s', (transport) => {
    /** Sends back what it receives, and says what was left over of it. */
    function echo({ net: module, args: [path] }: ChildTools): void {
      const channel = module.connect({ path, receiveDescriptors: true } as never);
      channel.on('descriptor', (received: import('../../lib/index').ReceivedDescriptor) => {
        const socket = received.toSocket({ allowHalfOpen: true });
        socket.on('error', (error: NodeJS.ErrnoException) => console.log(error.code));
        socket.on('close', () => channel.destroy());
        socket.pipe(socket);
      });
      channel.resume();
    }

    /** What the client gets back, where its connection is passed on by sendDescriptor(). */
    async function passed(act: (client: Socket) => void): Promise<[Buffer, Outcome]> {
      const channels = scope.server();
      await scope.listen(channels, { path: scope.path('channel') });
      const channel = nextEvent(channels, 'connection') as Promise<[Socket]>;
      const child = runChild(uvnet!, echo, { args: [scope.path('channel')] });
      const [sender] = await channel;
      const server = scope.server({ pauseOnConnect: true, allowHalfOpen: true }, (socket) => {
        sender.sendDescriptor('x', socket as Socket, () => socket.destroy());
      });
      await scope.listen(server, scope.listenOptions(transport));
      const client = scope.connect({ ...endpointOf(server), allowHalfOpen: true }) as Socket;
      client.on('error', () => {});
      const closed = nextEvent(client, 'close');
      const chunks: Buffer[] = [];
      client.on('data', (bytes: Buffer) => chunks.push(bytes));
      act(client);
      await closed;
      return [Buffer.concat(chunks), await child];
    }

    test('sendDescriptor() lets the receiver read bytes that were sent before, and those that come later', async () => {
      const [bytes, { stdout, code }] = await passed((client) => {
        client.write(numbered(0, PIECE));
        client.once('connect', () => {
          for (let at = PIECE; at < MUCH; at += PIECE) client.write(numbered(at, PIECE));
          client.end(numbered(MUCH, 7));
        });
      });
      expect(bytes.length).toBe(MUCH + 7);
      for (let at = 0; at < MUCH; at += PIECE) {
        expect(bytes.subarray(at, at + PIECE).equals(numbered(at, PIECE))).toBe(true);
      }
      expect({ stdout, code }).toEqual({ stdout: '', code: 0 });
    });

    test('sendDescriptor() passes on the end of a connection that was ended before', async () => {
      const [bytes, { code }] = await passed((client) => client.end('all of it'));
      expect([String(bytes), code]).toEqual(['all of it', 0]);
    });

    test('sendDescriptor() passes on the reset of a connection that was reset before', async () => {
      const [bytes, { stdout, code }] = await passed((client) => {
        client.once('connect', () =>
          transport === 'tcp' ? client.resetAndDestroy() : client.destroy(),
        );
      });
      expect(bytes.length).toBe(0);
      expect({ stdout, code }).toEqual({
        stdout: transport === 'tcp' ? 'ECONNRESET\n' : '',
        code: 0,
      });
    });
  });

  /** The workers send back what they receive; the primary connects and compares. */
  function cluster({ net: module, require, args: [, path] }: ChildTools): void {
    const { isPrimary, fork, workers } = require('node:cluster') as import('node:cluster').Cluster;
    const where = path === null ? { port: 0, host: '127.0.0.1' } : { path };
    if (!isPrimary) {
      module
        .createServer({ allowHalfOpen: true }, (socket) => void socket.pipe(socket))
        .listen(where as never, function (this: import('node:net').Server) {
          process.send!(this.address());
        });
      return;
    }
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7) % 251));
    let listening = 0;
    const connect = (address: { port: number } | string): Promise<boolean> =>
      new Promise((resolve) => {
        const to = typeof address === 'string' ? { path: address } : { port: address.port };
        const client = module.connect({ ...to, host: '127.0.0.1', allowHalfOpen: true } as never);
        const chunks: Buffer[] = [];
        client.on('data', (chunk: Buffer) => chunks.push(chunk));
        client.on('end', () => resolve(Buffer.concat(chunks).equals(bytes)));
        client.write(bytes.subarray(0, 100_000));
        client.once('connect', () => client.end(bytes.subarray(100_000)));
      });
    const serve = async (address: { port: number } | string): Promise<void> => {
      if (++listening < 2) return;
      const whole = await Promise.all(Array.from({ length: 20 }, () => connect(address)));
      console.log(whole.filter(Boolean).length);
      for (const worker of Object.values(workers!)) worker!.disconnect();
    };
    for (let index = 0; index < 2; index++) {
      fork().once('message', (address) => void serve(address as never));
    }
  }

  describe.each(policies)('cluster (scheduling policy %s)', (policy) => {
    test.each(['tcp', 'unix'] as const)('each byte comes once, over %s', async (transport) => {
      const args = [transport === 'unix' ? scope.path() : null];
      const { stdout, stderr } = await runClusterOn(uvnet!, cluster, policy, args);
      expect([stdout, stderr]).toEqual(['20\n', '']);
    });
  });
});
