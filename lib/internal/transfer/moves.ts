/**
 * What few connections ever do: change hands, be looked into, carry descriptors or another
 * connection's names. Loaded when the first one does (see later.ts).
 */
export { packList, unpackList } from './block-lists';
export { attach, detach, fromNode, toNode } from './bridge';
export { emitHandle, receiveHandles, sendHandle, wantHandles } from './handle-passing';
export { checkToken, makeToken, takeToken } from './handover';
export { endPeek, peek } from './peek';
export { buildProxyInfo } from '../listen/proxy-info';
