/// <reference types="node" preserve="true" />

import { implementation } from './backend';

/** `uvnet/front`: uvnet's listener for Node's own servers. */

const front = implementation().frontPart();

/** Makes a front, which listens in place of one or more servers. See docs/FRONT.md. */
export const createFront = front.createFront;
/** Returns the listening sockets that systemd has passed to this process. */
export const listenFds = front.listenFds;
/** Returns the counters of servers as OpenMetrics text, which Prometheus reads. */
export const metrics = front.metrics;
/** The content type of the text that {@link metrics} returns. */
export const metricsContentType = front.metricsContentType;
/** What the PROXY header of a connection says. */
export const proxyInfoOf = front.proxyInfoOf;

export type { ListenOptions } from './internal/listen/server-options';
export type { ServerStats } from './internal/listen/accept-policy';
export type { DropData } from './internal/listen/accept';
export type { ProxyInfo } from './internal/proxy/proxy-info';
export type { ListenFd, ListenFdsOptions } from './front/listen-fds';
export type { Choose, RelayTarget, SocketListener, Target } from './front/targets';
export type { RelayError, RelayOptions } from './lean/relay';
export type { ClientHello, Hello, Protocol } from './types/hello';
export type { Measurable, MeasuredStats } from './front/metrics';
export type {
  Front,
  FrontCloseOptions,
  FrontCloseResult,
  FrontOptions,
  FrontStats,
  MetricsOptions,
} from './types/front';
