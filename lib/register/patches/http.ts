import { ClientRequest } from 'node:http';
import { netModule } from '../../internal/base/builtins';
import { replaceMethod, type Patch } from './replace';

/** Sockets that programs pass to servers and requests of `http`, `https`, `http2` and `tls`. */

/** `server.emit('connection', socket)` of all servers that extend Node's class. */
export const patchServers: Patch = (giver) =>
  replaceMethod(
    netModule().Server.prototype,
    'emit',
    (emit) =>
      function (this: unknown, event: unknown, ...args: unknown[]) {
        if (event === 'connection') args[0] = giver.give(args[0]);
        return Reflect.apply(emit, this, [event, ...args]) as unknown;
      },
  );

/**
 * `http.request({ createConnection })`. A request with an agent keeps the socket that it got,
 * because the agent tracks that object.
 */
export const patchRequests: Patch = (giver) =>
  replaceMethod(
    ClientRequest.prototype,
    'onSocket',
    (onSocket) =>
      function (this: ClientRequest & { agent?: unknown }, socket: unknown, ...rest: unknown[]) {
        const given = this.agent ? socket : giver.give(socket);
        return Reflect.apply(onSocket, this, [given, ...rest]) as unknown;
      },
  );
