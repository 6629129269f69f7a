// Socket options that are refused.
import type { Server, Socket } from '../../lib/index';
import { runChild } from '../helpers/child';
import { errorShape, thrownBy } from '../helpers/errors';
import { nextEvent } from '../helpers/events';
import { uvnet } from '../helpers/implementations';
import { Scope, endpointOf } from '../helpers/scope';
import { serversOf } from '../helpers/servers';

const isRoot = process.getuid?.() === 0;
const onLinux = process.platform === 'linux' && uvnet !== undefined;

(onLinux ? describe : describe.skip)('socket options', () => {
  const { net } = uvnet!;
  const scope = new Scope(net);
  afterEach(() => scope.dispose());

  const { pair } = serversOf(scope);

  describe('refusals', () => {
    test('of connect() are an error event, and there is no connection', async () => {
      const server = await scope.listen(scope.server());
      let connections = 0;
      server.on('connection', () => connections++);
      const client = scope.connect({ ...endpointOf(server), congestion: 'nosuch' } as never);
      const [error] = await nextEvent(client, 'error');
      expect(errorShape(error)).toMatchObject({ code: 'ENOENT', syscall: 'setsockopt' });
      expect(error).toMatchObject({ option: 'congestion' });
      expect((error as Error).message).toBe('setsockopt ENOENT congestion');
      await nextEvent(client, 'close');
      expect(connections).toBe(0);
    });

    test('of listen() are an error event of the server', async () => {
      const server = scope.server();
      server.listen({ port: 0, bindToDevice: 'nosuch' } as never);
      const [error] = await nextEvent(server, 'error');
      expect(error).toMatchObject({
        code: 'ENODEV',
        syscall: 'setsockopt',
        option: 'bindToDevice',
      });
      expect(server.listening).toBe(false);
    });

    test('of setOption() are thrown', async () => {
      const { client } = await pair({});
      const error = caught(() => client.setOption('congestion', 'nosuch'));
      expect(error).toMatchObject({ code: 'ENOENT', syscall: 'setsockopt', option: 'congestion' });
      expect(client.destroyed).toBe(false);
    });

    test('of wrong values and names are thrown by the call that has them', async () => {
      const { client } = await pair({});
      expect(thrownBy(() => client.setOption('nodelay' as never, true as never))).toMatchObject({
        code: 'ERR_INVALID_ARG_VALUE',
        message: expect.stringContaining("did you mean 'noDelay'") as string,
      });
      expect(thrownBy(() => client.getOption('nodelay' as never))).toMatchObject({
        code: 'ERR_INVALID_ARG_VALUE',
      });
      const wrong = { port: 1, userTimeout: 'x' } as never;
      const thrown = { code: 'ERR_INVALID_ARG_TYPE' };
      expect(thrownBy(() => net.connect(wrong))).toMatchObject(thrown);
      expect(thrownBy(() => net.createServer(wrong))).toMatchObject(thrown);
      expect(thrownBy(() => net.createServer().listen(wrong))).toMatchObject(thrown);
      expect(thrownBy(() => net.connect({ path: '/x', mark: 1 } as never))).toMatchObject({
        code: 'ERR_INVALID_ARG_VALUE',
        message: "The property 'options.mark' applies to TCP sockets only. Received 1",
      });
      expect(thrownBy(() => client.setOption('multipath', true))).toMatchObject({
        code: 'ERR_INVALID_ARG_VALUE',
        message:
          "The argument 'name' can only be set when a socket is created. Received 'multipath'",
      });
    });

    test('other names are ignored, as in node:net', async () => {
      const { client } = await pair({ agent: {}, headers: {}, servername: 'x' });
      expect(client.readyState).toBe('open');
    });

    const rootOnly = { mark: 1, transparent: true, priority: 7 };
    const asNobody = isRoot ? test : test.skip;
    asNobody.each(Object.entries(rootOnly))(
      'of %s to nobody in particular',
      async (name, value) => {
        const outcome = await runChild(
          uvnet!,
          ({ net, args }) => {
            const [name, value] = args as unknown as [string, unknown];
            const server = net.createServer().listen(0, '127.0.0.1', () => {
              const { port } = server.address() as { port: number };
              const client = net.connect({ port, host: '127.0.0.1', [name]: value } as never);
              client.on('error', (error) => {
                const { code, syscall, option } = error as never;
                console.log(JSON.stringify({ code, syscall, option }));
                server.close();
              });
            });
          },
          {
            args: [name, value],
            under: ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'],
          },
        );
        expect(outcome.stderr).toBe('');
        expect(JSON.parse(outcome.stdout)).toEqual({
          code: 'EPERM',
          syscall: 'setsockopt',
          option: name,
        });
      },
    );
  });

  test('info() and peerCredentials() are undefined without a connection', async () => {
    const socket = new net.Socket() as Socket;
    expect(socket.getOption('noDelay')).toBeUndefined();
    expect(socket.info()).toBeUndefined();
    expect(socket.peerCredentials()).toBeUndefined();
    expect((net.createServer() as Server).getOption('mark')).toBeUndefined();
    const { client } = await pair({});
    client.destroy();
    expect(client.getOption('noDelay')).toBeUndefined();
    expect(client.info()).toBeUndefined();
  });
});

/** The whole error: `thrownBy` includes only the properties of errors of node:net. */
function caught(body: () => unknown): unknown {
  try {
    body();
  } catch (error) {
    return error;
  }
  return undefined;
}
