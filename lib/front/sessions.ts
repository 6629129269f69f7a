import type * as http2 from 'node:http2';
import type * as nodeNet from 'node:net';
import { isHeldBy, type Holder } from './accepted';

/** The http2 sessions of servers behind fronts, which older lines of Node do not end themselves. */

const sessions = new WeakMap<nodeNet.Server, Set<http2.ServerHttp2Session>>();

/** Keeps the sessions that a server makes from now on; does nothing for servers of other kinds. */
export function keepSessions(server: nodeNet.Server): void {
  if (sessions.has(server) || !('updateSettings' in server)) return;
  const open = new Set<http2.ServerHttp2Session>();
  sessions.set(server, open);
  server.on('session', (session: http2.ServerHttp2Session) => {
    open.add(session);
    session.once('close', () => open.delete(session));
  });
}

/** Sends GOAWAY: the session takes no new streams, and ends with its last one. */
export function endSessions(server: nodeNet.Server, holder: Holder): void {
  for (const session of sessions.get(server) ?? []) {
    if (!session.closed && isHeldBy(session.socket, holder)) session.close();
  }
}
