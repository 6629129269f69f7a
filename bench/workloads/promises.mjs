/** Streams of `uvnet/promises`. */

import { MESSAGE, perOperation } from './common.mjs';

/** Lines with async functions, against a server of `node:net` that does the same. */
const promises = (id, title, target, server, depth = 1) => ({
  ...perOperation,
  group: 'Async functions',
  id: `promises-${id}`,
  title,
  server: { workload: 'lines', ...server },
  api: 'promises',
  load: { program: 'pingpong', kind: 'lines', ...MESSAGE, size: 64, depth },
  target,
});

export const promisesWorkloads = [
  promises('lines', 'lines() against splitting by hand', 1),
  promises('readline', 'lines() against node:readline', 0.6, { by: 'readline' }),
  promises('iteration', 'lines() against for await', 0.6, { by: 'iteration' }),
  promises(
    'messages-p16',
    'messages() against readline, 16 lines',
    0.4,
    { by: 'readline', messages: true },
    16,
  ),
  promises(
    'messages-hand-p16',
    'messages() against splitting, 16 lines',
    undefined,
    { messages: true },
    16,
  ),
];
