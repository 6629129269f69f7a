import { Socket as SocketClass } from '../internal/socket/socket';
import type * as declared from '../types/socket';

/** The class of sockets, which has all its methods once `uvnet` is loaded. */
export const Socket = SocketClass as unknown as declared.SocketConstructor;
export type Socket = declared.Socket;
