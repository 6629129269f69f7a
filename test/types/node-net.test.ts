// The types of uvnet compared with those of node:net, checked by `tsc -p tsconfig.test.json`: code
// for node:net must compile with uvnet. Only the last line runs; a wrong type is an error of the
// type check.
import type * as nodeNet from 'node:net';
import type { Duplex } from 'node:stream';

import type * as uvnet from 'uvnet';

/** Compiles only if `From` is assignable to `To`. */
type Assignable<From extends To, To> = From;

export type Checks = [
  Assignable<Exclude<keyof typeof nodeNet, keyof typeof uvnet>, never>,
  Assignable<typeof uvnet, typeof nodeNet>,
  Assignable<uvnet.Socket, nodeNet.Socket>,
  Assignable<uvnet.Socket, Duplex>,
  Assignable<uvnet.Server, nodeNet.Server>,
  Assignable<InstanceType<typeof uvnet.Socket>, nodeNet.Socket>,
  Assignable<InstanceType<typeof uvnet.Server>, nodeNet.Server>,
  Assignable<InstanceType<typeof uvnet.BlockList>, nodeNet.BlockList>,
  Assignable<InstanceType<typeof uvnet.SocketAddress>, nodeNet.SocketAddress>,
  Assignable<'native' | 'node', typeof uvnet.backend>,
];

/** A typical program for node:net. */
export function program(net: typeof uvnet): nodeNet.Server {
  const server = net.createServer({ noDelay: true, highWaterMark: 1024 }, (socket) => {
    socket
      .setEncoding('utf8')
      .setNoDelay()
      .setTimeout(1000, () => socket.destroy());
    socket.on('data', (chunk: string | Buffer) => socket.write(chunk));
    socket.once('close', (hadError: boolean) => hadError);
    socket.pipe(socket);
  });
  server.listen({ port: 0, host: '127.0.0.1' }, () => server.address());
  const client: nodeNet.Socket = net.connect({ port: 1, host: 'localhost' }, () => client.end());
  new net.Socket({ allowHalfOpen: true }).connect(1, 'localhost').unref().ref();
  return server;
}

test('the type-checked module is the one that runs', () => {
  expect(Object.keys(require('uvnet') as object)).toContain('createServer');
});
