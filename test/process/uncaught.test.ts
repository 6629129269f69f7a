// The output of an uncaught error on a terminal.
import { runChild } from '../helpers/child';
import { leanEntry } from '../helpers/lean';
import { uvnet } from '../helpers/implementations';

test('the line that is shown for an exception is short', async () => {
  const { stderr, code } = await runChild(uvnet!, ({ net }) => net.createServer('x' as never));
  expect(code).toBe(1);
  expect(stderr).toMatch(/^TypeError \[ERR_INVALID_ARG_TYPE\]: The "options" argument/m);
  const longest = Math.max(...stderr.split('\n').map((line) => line.length));
  expect(longest).toBeLessThan(200);
});

test('an exception of a handler is reported in the context of its table', async () => {
  const { stdout } = await runChild(leanEntry, async ({ net, require }) => {
    const { listen, connect } = net as unknown as typeof import('../../lib/lean');
    const { AsyncLocalStorage } = require('node:async_hooks') as typeof import('node:async_hooks');
    const storage = new AsyncLocalStorage<string>();
    process.on('uncaughtException', (error) => {
      console.log(`${error.message}: ${storage.getStore()}`);
      if (error.message === 'close') process.exit();
    });
    const thrower = (name: string) => (): never => {
      throw new Error(name);
    };
    const server = storage.run('server', () =>
      listen(
        { port: 0, host: '127.0.0.1' },
        { open: thrower('open'), data: thrower('data'), close: thrower('close') },
      ),
    );
    await server.ready;
    const client = await connect({ port: server.port!, host: '127.0.0.1' }, {});
    client.write('x');
    client.end();
  });
  expect(stdout).toBe('open: server\ndata: server\nclose: server\n');
});
