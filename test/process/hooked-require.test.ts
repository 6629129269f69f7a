// Programs that return uvnet for `net` through a hook of require() before uvnet is loaded, as mocks
// and instrumentation do.
import { runChild } from '../helpers/child';
import { uvnet } from '../helpers/implementations';

test('uvnet itself gets the net of Node', async () => {
  const { stdout, stderr, code } = await runChild(
    { ...uvnet!, entry: 'node:net' },
    ({ require, args: [entry] }) => {
      const Module = require('node:module') as unknown as {
        _load(id: string, ...rest: unknown[]): unknown;
      };
      const load = Module._load;
      Module._load = function (id, ...rest) {
        return load.call(this, /^(node:)?net$/.test(id) ? (entry as string) : id, ...rest);
      };
      const net = require('net') as typeof import('../../lib/index');
      const list = new net.BlockList();
      list.addSubnet('10.0.0.0', 8);
      const server = net.createServer({ blockList: list } as never, (peer) => peer.end('hello'));
      server.listen(0, '127.0.0.1', () => {
        const { port } = server.address() as import('node:net').AddressInfo;
        const client = net.connect(port, '127.0.0.1');
        client.on('data', (data) => console.log(net.backend, String(data), list.check('10.1.1.1')));
        client.on('close', () => server.close());
      });
    },
    { args: [uvnet!.entry] },
  );
  expect({ stdout, stderr, code }).toEqual({ stdout: 'native hello true\n', stderr: '', code: 0 });
});
