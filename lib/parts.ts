import type * as addresses from './addresses';
import type * as front from './front/functions';
import type * as lean from './lean/functions';
import type * as handlerTables from './promises/handler-tables';
import type * as receivedDescriptor from './received-descriptor';
import { lazily } from './internal/base/builtins';
import { lazyPart } from './internal/base/parts';

/** The parts of the public API that are loaded when they are first used. */

/* eslint-disable @typescript-eslint/no-require-imports -- an import would load them at once */

/** BlockList, SocketAddress and BoundSocket. */
export const addressesPart = lazyPart(() => require('./addresses') as typeof addresses);
/** Descriptors that arrive over Unix sockets. */
export const receivedDescriptorPart = lazyPart(
  () => require('./received-descriptor') as typeof receivedDescriptor,
);
/** Handler tables and relays. */
export const leanPart = lazyPart(() => require('./lean/functions') as typeof lean);
// Only the entry points of these two load them, at once.
/** Fronts of Node's own servers. */
export const frontPart = lazily(() => require('./front/functions') as typeof front);
/** What `uvnet/promises` stands on. */
export const promisesPart = lazily(
  () => (require('./promises/handler-tables') as typeof handlerTables).handlerTables,
);
