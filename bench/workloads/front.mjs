/** Fronts of `uvnet/front`. */

import { MESSAGE, perOperation } from './common.mjs';

/** A server of Node behind a front, against its own listen(). */
const front = (id, title, target, workload) => ({
  ...perOperation,
  group: 'Behind a front',
  id: `front-${id}`,
  title,
  server: { workload: 'front' },
  api: 'front',
  baselineLabel: 'own listen()',
  target,
  ...workload,
});

const shortHttp = (kind) => ({ load: { program: 'churn', kind, connections: 50, size: 1 } });
const secure = { server: { workload: 'front', secure: true }, measure: 'wrk' };

/** A front that reads PROXY headers, against one that has none to read. */
const proxied = (suffix) => ({
  server: { workload: 'front', proxyProtocol: 'required' },
  ...shortHttp(`proxied${suffix}`),
  baseline: { server: { workload: 'front' }, ...shortHttp(`http${suffix}`) },
  baselineLabel: 'no header',
});

/** A front that looks at the first bytes, against one that does not. */
const sniffed = {
  server: { workload: 'front', sniff: true },
  ...shortHttp('http'),
  baseline: { server: { workload: 'front' } },
  baselineLabel: 'no sniffing',
};

export const frontWorkloads = [
  front('http', 'http, keep-alive', 1.01, {
    load: { program: 'pingpong', kind: 'http', ...MESSAGE },
  }),
  front('https', 'https, keep-alive', 1.01, { ...secure, load: { connections: 50 } }),
  front('http-churn', 'http, a connection each', 1, shortHttp('http')),
  front('https-churn', 'https, a connection each', 1, {
    ...secure,
    load: { connections: 50, header: 'Connection: close' },
  }),
  front('flood', 'connection of a blocked address', 0.95, {
    server: { workload: 'front', blocked: true },
    ...shortHttp('refused'),
  }),
  front('proxy', 'PROXY v2', 1.05, proxied('')),
  front('proxy-apart', 'PROXY v2, the request one turn later', 1.05, proxied('-apart')),
  front('sniff', 'http, chosen by its first bytes', undefined, sniffed),
];
