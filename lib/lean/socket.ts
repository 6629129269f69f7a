import { Socket as SocketClass } from '../internal/socket/socket';
import type { SocketConstructor } from '../types/constructors';
import type * as declared from '../types/interfaces';

/** The class of sockets. It has all its methods once `uvnet` is loaded. */
export const Socket = SocketClass as unknown as SocketConstructor;
export type Socket = declared.Socket;
