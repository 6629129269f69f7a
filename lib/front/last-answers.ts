import type { IncomingMessage, ServerResponse } from 'node:http';
import type * as nodeNet from 'node:net';
import { isHeldBy, type Holder } from './accepted';

/**
 * The answers of an http server whose connections are to end. A client that is told so sends its
 * next request elsewhere, so no request is on its way when its connection closes.
 */

/** Without listeners, http answers the last two itself and goes on with 'request'. */
const kinds = ['request', 'checkContinue', 'checkExpectation'] as const;

/**
 * From now on, answers over HTTP/1 say `Connection: close`, and http closes the connection after
 * them. Sessions of http2 end by GOAWAY.
 *
 * @returns a function that ends this
 */
export function announceEnds(server: nodeNet.Server, holder: Holder): () => void {
  if (!('keepAliveTimeout' in server || 'updateSettings' in server)) return () => {};
  const announce = (request: IncomingMessage, response: ServerResponse): void => {
    if (request.httpVersionMajor !== 1 || !isHeldBy(request.socket, holder)) return;
    if (!response.headersSent) response.setHeader('Connection', 'close');
  };
  const present = kinds.filter((kind) => server.listenerCount(kind) > 0);
  for (const kind of present) server.prependListener(kind, announce);
  return () => {
    for (const kind of present) server.off(kind, announce);
  };
}
