import { syncBuiltinESMExports } from 'node:module';
import tls from 'node:tls';
import { replaceMethod, type Method, type Patch } from './replace';

/**
 * `tls.connect({ socket })` and `new tls.TLSSocket(socket)`: TLS gets the descriptor itself, and
 * not a stream over it.
 */

interface Options {
  socket?: unknown;
}

export const patchTls: Patch = (giver) => {
  const undoConnect = replaceMethod(
    tls,
    'connect',
    (connect) =>
      function (this: unknown, ...args: unknown[]) {
        const given = args.map((argument) => {
          const { socket } = (argument ?? {}) as Options;
          if (typeof argument !== 'object' || !giver.isSocket(socket)) return argument;
          return { ...argument, socket: giver.give(socket) };
        });
        return Reflect.apply(connect, this, given) as unknown;
      },
  );

  const { TLSSocket } = tls;
  const giving: typeof TLSSocket = new Proxy(TLSSocket, {
    construct(target, [socket, ...rest]: unknown[], newTarget): object {
      const made: NewableFunction = newTarget === giving ? target : newTarget;
      return Reflect.construct(target, [giver.give(socket), ...rest], made) as object;
    },
    // TLSSocket is a function, and old-style subclasses call it.
    apply(target, self: unknown, [socket, ...rest]: unknown[]) {
      return (target as unknown as Method).apply(self, [giver.give(socket), ...rest]);
    },
  });
  tls.TLSSocket = giving;
  syncBuiltinESMExports();

  return () => {
    undoConnect();
    if (tls.TLSSocket === giving) tls.TLSSocket = TLSSocket;
    syncBuiltinESMExports();
  };
};
