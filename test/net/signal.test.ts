import { errorShape, thrownBy } from '../helpers/errors';
import { nextEvent, nextTurn, traceEvents } from '../helpers/events';
import { describeNet } from '../helpers/implementations';
import { endpointOf } from '../helpers/scope';

describeNet('AbortSignal', ({ net, scope }) => {
  test('closes a listening server', async () => {
    const controller = new AbortController();
    const server = scope.server();
    server.listen({ port: 0, host: '127.0.0.1', signal: controller.signal });
    await nextEvent(server, 'listening');
    const closed = nextEvent(server, 'close');
    controller.abort();
    await closed;
    expect(server.listening).toBe(false);
  });

  test('closes the server without listening if it was aborted before', async () => {
    const server = scope.server();
    const log: string[] = [];
    traceEvents(log, server);
    server.listen({ port: 0, signal: AbortSignal.abort() });
    await nextEvent(server, 'close');
    await nextTurn();
    expect(log).toEqual(['close']);
  });

  test('of the wrong type is rejected', () => {
    const server = scope.server();
    expect(
      thrownBy(() => server.listen({ port: 0, signal: 'INVALID' as unknown as AbortSignal })),
    ).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' });
  });

  test('destroys a socket with AbortError, connected or not', async () => {
    const server = await scope.listen(scope.server());
    for (const when of ['before', 'connected']) {
      const controller = new AbortController();
      const client = scope.track(new net.Socket({ signal: controller.signal }));
      const failed = nextEvent(client, 'error');
      if (when === 'connected') {
        client.connect(endpointOf(server));
        await nextEvent(client, 'connect');
      }
      const closed = nextEvent(client, 'close');
      controller.abort();
      expect(errorShape((await failed)[0])).toMatchObject({
        name: 'AbortError',
        code: 'ABORT_ERR',
      });
      await closed;
      expect(client.destroyed).toBe(true);
    }
  });

  test('is obeyed among the options of connect()', async () => {
    const server = await scope.listen(scope.server());
    const controller = new AbortController();
    const client = scope.connect({ ...endpointOf(server), signal: controller.signal } as never);
    const failed = nextEvent(client, 'error');
    await nextEvent(client, 'connect');
    controller.abort();
    expect(errorShape((await failed)[0]).code).toBe('ABORT_ERR');
  });

  test('does nothing if it is aborted after the close', async () => {
    const server = await scope.listen(scope.server());
    const controller = new AbortController();
    const client = scope.connect({ ...endpointOf(server), signal: controller.signal } as never);
    await nextEvent(client, 'connect');
    client.destroy();
    await nextEvent(client, 'close');
    const log: string[] = [];
    traceEvents(log, client);
    controller.abort();
    await nextTurn();
    expect(log).toEqual([]);
  });
});
