/**
 * What few connections ever do: change hands, be looked into, carry descriptors. Loaded when the first one
 * does (see part.ts).
 */
export { packList } from './block-lists';
export { attach, detach, fromNode, toNode } from './socket-transfer';
export { sendDescriptor } from './send-descriptor';
export { checkToken, makeToken, takeToken } from './token';
export { endPeek, peek } from './peek';
export { successorOf } from './successors';
