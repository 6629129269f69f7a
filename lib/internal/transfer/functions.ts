/**
 * Features that few connections use: transfers, peeking, descriptors. They are loaded when first
 * used (see part.ts).
 */
export { packList } from './block-lists';
export { attach, detach, fromNode, toNode } from './socket-transfer';
export { sendDescriptor } from './send-descriptor';
export { checkToken, makeToken, takeToken } from './token';
export { endPeek, peek } from './peek';
export { successorOf } from './successors';
