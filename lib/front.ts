import { implementation } from './backend';

/** `uvnet/front`: uvnet's listener for Node's own servers. */

const front = implementation().frontPart();

/** Makes a front, which listens in place of a server of Node. See docs/FRONT.md. */
export const createFront = front.createFront;
/** What the PROXY header of a connection says. */
export const proxyInfoOf = front.proxyInfoOf;

export type { ListenOptions } from './internal/listen/server-options';
export type { ServerStats } from './internal/listen/accept-policy';
export type { DropData } from './internal/listen/accept';
export type { ProxyInfo } from './internal/proxy/proxy-info';
export type { Front, FrontCloseOptions, FrontCloseResult, FrontOptions } from './types/front';
