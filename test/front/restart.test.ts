// Listening sockets that another owner goes on with: no connection is refused in between.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import path from 'node:path';
import type { AddressInfo } from 'node:net';

import { createFront } from '../../lib/front';
import type { ReceivedDescriptor, Socket } from '../../lib/index';
import { addonEnvironment } from '../helpers/child';
import { nextEvent } from '../helpers/events';
import { describeUvnet } from '../helpers/uvnet';

describeUvnet('a front that is sent', ({ scope }) => {
  const saying = (text: string): http.Server =>
    http.createServer((_, response) => response.end(text));

  test.each(['tcp', 'unix'] as const)('is replaced by another one, over %s', async (transport) => {
    const { client: sender, peer: receiver } = await scope.pair({
      transport: 'unix',
      server: { receiveDescriptors: true } as never,
    });
    const old = createFront(saying('old'));
    const next = createFront(saying('next'));
    const path = scope.path('front');
    await nextEvent(
      old.listen(transport === 'unix' ? { path } : { port: 0, host: '127.0.0.1' }),
      'listening',
    );
    const { port } = old.address() as AddressInfo;
    const get = (): Promise<string> =>
      new Promise((resolve, reject) => {
        const where = transport === 'unix' ? { socketPath: path } : { port, host: '127.0.0.1' };
        const request = http.get({ ...where, agent: false }, (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (part: string) => (text += part));
          response.on('end', () => resolve(text));
        });
        request.on('error', reject);
      });
    expect(await get()).toBe('old');
    expect(old.fd).toBeGreaterThan(2);

    const listening = nextEvent(next, 'listening');
    receiver.once('descriptor', (received: ReceivedDescriptor) => {
      next.listen({ fd: received.take() });
    });
    (sender as Socket).sendDescriptor('x', old);
    await listening;
    const during = await Promise.all(Array.from({ length: 20 }, get));
    expect(during.every((text) => ['old', 'next'].includes(text))).toBe(true);
    await old.close();
    expect(old.fd).toBe(-1);
    expect(await get()).toBe('next');
    expect(old.metrics()).toMatch(/^uvnet_connections_open 0$/m);
    expect(next.metrics({ prefix: 'web' })).toMatch(/^web_connections_accepted_total [1-9]/m);
    await next.close();
  });
});

test('the example is replaced three times under load, and no request fails', async () => {
  const child = spawn(process.execPath, ['examples/restart.mjs', '--show'], {
    cwd: path.resolve(__dirname, '../..'),
    stdio: ['ignore', 'pipe', 'pipe'],
    env: addonEnvironment,
  });
  const [output, errors, [status]] = await Promise.all([
    child.stdout.toArray(),
    child.stderr.toArray(),
    once(child, 'close'),
  ]);
  expect(String(errors)).toBe('');
  expect(String(output)).toMatch(
    /^\d+ requests over \d+ connections, answered by 4 processes, 0 failed\n$/,
  );
  expect(status).toBe(0);
});
