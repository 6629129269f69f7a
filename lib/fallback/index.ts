import { netModule } from '../internal/base/builtins';
import { NativeRequired } from '../internal/base/errors';
import { metricsContentType } from '../internal/base/metrics-content-type';
import * as addresses from './addresses';
import type * as promises from './promises';
import { createServer, Server } from './server';
import { connect, Socket } from './socket';
import { setReason, unavailable } from './unavailable';

/**
 * The module that stands in for uvnet if its native code cannot be loaded: `node:net`. Options and
 * methods that uvnet adds throw, because programs rely on some of them to keep others out.
 */

interface NodeNet extends Record<string, unknown> {
  _normalizeArgs: unknown;
  _createServerHandle: unknown;
}

/** The functions of `uvnet/lean`, which all need the native code. */
const lean = Object.fromEntries(
  ['listen', 'connect', 'broadcast', 'relay', 'proxyHeader'].map((name) => [
    name,
    () => unavailable(`uvnet/lean: ${name}()`),
  ]),
);

/** The functions of `uvnet/front`: without the native code, no filter would apply. */
const front = {
  createFront: () => unavailable('uvnet/front: createFront()'),
  listenFds: () => unavailable('uvnet/front: listenFds()'),
  metrics: () => unavailable('uvnet/front: metrics()'),
  metricsContentType,
  proxyInfoOf: () => undefined,
};

/**
 * Whether the environment forbids the fallback. Deno may deny access to the environment; the
 * fallback is then allowed.
 */
function isNativeRequired(): boolean {
  try {
    return !['', '0', undefined].includes(process.env['UVNET_REQUIRE_NATIVE']);
  } catch {
    return false;
  }
}

/**
 * @param reason - why there is no native code, and what to do
 * @throws ERR_FEATURE_UNAVAILABLE_ON_PLATFORM if UVNET_REQUIRE_NATIVE is set
 */
export function fallBack(reason: string): object {
  if (isNativeRequired()) throw new NativeRequired(reason);
  process.emitWarning(`uvnet falls back to node:net: ${reason}`, 'UvnetWarning');
  setReason(reason);
  const node = netModule() as unknown as NodeNet;
  return {
    ...node,
    normalizeArguments: node._normalizeArgs,
    createServerHandle: node._createServerHandle,
    connect,
    createServer,
    Server,
    Socket,
    addressesPart: () => addresses,
    leanPart: () => lean,
    frontPart: () => front,
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- few programs need it
    promisesPart: () => (require('./promises') as typeof promises).nodeSockets,
  };
}
