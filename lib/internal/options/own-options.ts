/**
 * The options that uvnet adds to those of `node:net`, except socket options, which are in
 * socket-option-names.ts. Each has the value that requests nothing beyond `node:net`. The compiler
 * checks that none is missing: lib/fallback/supported.ts.
 */

export const serverOptions = {
  maxConnectionsPerAddress: null,
  acceptRate: null,
  limitGroup: undefined,
  proxyProtocol: 'off',
  trustedProxies: undefined,
  proxyHeaderTimeout: undefined,
  connectionAttemptTimeout: 0,
  receiveDescriptors: false,
};

export const listenOptions = {
  mode: undefined,
  replaceStale: false,
};

export const socketOptions = {
  receiveDescriptors: false,
};

export const connectOptions = {
  ...socketOptions,
  autoSelectFamilyStrategy: 'sequential',
  connectConcurrency: undefined,
  firstAddressFamilyCount: undefined,
  connectTimeout: 0,
  dualLookup: false,
};
