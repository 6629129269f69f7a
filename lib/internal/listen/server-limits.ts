import type { BlockList as NodeBlockList } from 'node:net';
import { kLimits } from '../base/symbols';
import type { ServerStats } from './accept-policy';
import {
  checkBlockList,
  checkLimitGroup,
  Limits,
  ownLimits,
  setters,
  type LimitOptions,
} from './limits';
import type { ServerImpl } from './server-impl';

/** The limits of a server, as options and as properties. */

/** Checks and applies the options. A server without limits has no extra cost. */
export function initializeLimits(server: ServerImpl, options: LimitOptions): void {
  server[kLimits] = new Limits(checkLimitGroup(options.limitGroup));
  if (options.blockList) {
    checkBlockList(options.blockList, 'options.blockList');
    server.blockList = options.blockList;
  }
  for (const name of ownLimits) {
    const value: unknown = options[name];
    if (value !== undefined) setters[name](server[kLimits], value, `options.${name}`);
  }
}

/**
 * Properties of Server.prototype. They are accessors, because the native code must know each
 * change. They are not enumerable, because in node:net `maxConnections` and `blockList` are not on
 * the prototype.
 */
export const limitProperties: PropertyDescriptorMap = {
  maxConnections: {
    configurable: true,
    get(this: ServerImpl): unknown {
      return this[kLimits].maxConnections;
    },
    set(this: ServerImpl, value: unknown) {
      this[kLimits].maxConnections = value;
      this[kLimits].pushLimits();
    },
  },
  blockList: {
    configurable: true,
    get(this: ServerImpl): NodeBlockList | undefined {
      return this[kLimits].blockList;
    },
    set(this: ServerImpl, value: NodeBlockList | undefined) {
      this[kLimits].blockList = value;
      this[kLimits].pushLists();
    },
  },
};
limitProperties['limitGroup'] = {
  configurable: true,
  get(this: ServerImpl): string | undefined {
    return this[kLimits].limitGroup;
  },
};
for (const name of ownLimits) {
  limitProperties[name] = {
    configurable: true,
    get(this: ServerImpl): unknown {
      return this[kLimits][name];
    },
    set(this: ServerImpl, value: unknown) {
      setters[name](this[kLimits], value, name);
    },
  };
}

export function stats(this: ServerImpl): ServerStats {
  return this[kLimits].policy.stats();
}
