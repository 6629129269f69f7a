/** The native implementation. lib/backend.ts loads it if the native code could be loaded. */
import './internal/native/callbacks';

export {
  getDefaultAutoSelectFamily,
  getDefaultAutoSelectFamilyAttemptTimeout,
  setDefaultAutoSelectFamily,
  setDefaultAutoSelectFamilyAttemptTimeout,
} from './internal/connect/defaults';
export { normalizeArguments } from './internal/base/arguments';
export { isIP, isIPv4, isIPv6 } from './internal/base/ip';
export { addressesPart, frontPart, leanPart, promisesPart } from './parts';
export { createServerHandle } from './internal/listen/part';
export { Server, createServer } from './server';
export { Socket, connect } from './socket';
