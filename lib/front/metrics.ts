import { ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE } from '../internal/base/errors';
import { validateObject, validateString } from '../internal/base/validators';
import type { MetricsOptions } from '../types/front';
export { metricsContentType } from '../internal/base/metrics-content-type';

/** The counters of servers as text that Prometheus reads: OpenMetrics 1.0. */

/** A server whose counters can be written: of `uvnet`, of `uvnet/lean`, or a front. */
export interface Measurable {
  stats(): MeasuredStats;
}

/** The part of a server's `stats()` that {@link metrics} writes. What is undefined is left out. */
export interface MeasuredStats {
  accepted: number;
  open: number;
  dropped: Readonly<Record<string, number>>;
  acceptErrors: number;
  bytesRead?: number | undefined;
  bytesWritten?: number | undefined;
  relays?: number | undefined;
  relayErrors?: number | undefined;
}

type Labels = readonly (readonly [name: string, value: string])[];
type Sample = readonly [labels: Labels, value: number];

interface Family {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly unit?: 'bytes';
  readonly help: string;
  samples(stats: MeasuredStats): Sample[];
}

const one = (value: number | undefined): Sample[] => (value === undefined ? [] : [[[], value]]);

const families: readonly Family[] = [
  {
    name: 'connections_accepted',
    type: 'counter',
    help: 'Connections that were accepted.',
    samples: ({ accepted }) => one(accepted),
  },
  {
    name: 'connections_open',
    type: 'gauge',
    help: 'Connections that are open.',
    samples: ({ open }) => one(open),
  },
  {
    name: 'connections_dropped',
    type: 'counter',
    help: 'Connections that were refused, by the option that refused them.',
    samples: ({ dropped }) =>
      Object.entries(dropped).map(([reason, count]) => [[['reason', reason]], count]),
  },
  {
    name: 'accept_errors',
    type: 'counter',
    help: 'How often accepting failed because descriptors or memory ran out.',
    samples: ({ acceptErrors }) => one(acceptErrors),
  },
  {
    name: 'received_bytes',
    type: 'counter',
    unit: 'bytes',
    help: 'Bytes that were read from connections.',
    samples: ({ bytesRead }) => one(bytesRead),
  },
  {
    name: 'sent_bytes',
    type: 'counter',
    unit: 'bytes',
    help: 'Bytes that were written to connections.',
    samples: ({ bytesWritten }) => one(bytesWritten),
  },
  {
    name: 'relays',
    type: 'counter',
    help: 'Connections that a front has relayed to another host.',
    samples: ({ relays }) => one(relays),
  },
  {
    name: 'relay_errors',
    type: 'counter',
    help: 'Relays of a front that have failed.',
    samples: ({ relayErrors }) => one(relayErrors),
  },
];

const isMeasurable = (value: unknown): value is Measurable =>
  typeof (value as Partial<Measurable> | null | undefined)?.stats === 'function';

function labelsOf(given: object): Labels {
  return Object.entries(given).map(([name, value]) => {
    if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) || name.startsWith('__')) {
      throw new ERR_INVALID_ARG_VALUE('options.labels', name, 'has a name that no label may have');
    }
    if (name === 'server' || name === 'reason') {
      throw new ERR_INVALID_ARG_VALUE('options.labels', name, 'has a label that is set already');
    }
    validateString(value, `options.labels.${name}`);
    return [name, value];
  });
}

/** The servers with the labels that tell them apart. */
function serversOf(servers: unknown): (readonly [Labels, MeasuredStats])[] {
  if (isMeasurable(servers)) return [[[], servers.stats()]];
  const kinds = ['Server', 'Front', 'Object'];
  if (typeof servers !== 'object' || servers === null || Array.isArray(servers)) {
    throw new ERR_INVALID_ARG_TYPE('servers', kinds, servers);
  }
  return Object.entries(servers).map(([name, server]) => {
    if (!isMeasurable(server)) {
      throw new ERR_INVALID_ARG_TYPE(`servers.${name}`, ['Server', 'Front'], server);
    }
    return [[['server', name]], server.stats()];
  });
}

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', '\n': '\\n' };

function inBraces(labels: Labels): string {
  const texts = labels.map(
    ([name, value]) => `${name}="${value.replace(/[\\"\n]/g, (mark) => escapes[mark])}"`,
  );
  return texts.length === 0 ? '' : `{${texts.join(',')}}`;
}

/**
 * Returns the counters of servers as OpenMetrics text. Send it with `metricsContentType`.
 *
 * @param servers - one server, or several by name; the name becomes the label `server`
 * @throws ERR_INVALID_ARG_TYPE, or ERR_INVALID_ARG_VALUE for a name that metrics may not have
 */
export function metrics(
  servers: Measurable | Readonly<Record<string, Measurable>>,
  options: MetricsOptions = {},
): string {
  validateObject(options, 'options');
  const { prefix = 'uvnet', labels = {} } = options;
  validateString(prefix, 'options.prefix');
  if (!/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(prefix)) {
    throw new ERR_INVALID_ARG_VALUE('options.prefix', prefix, 'must be a name of metrics');
  }
  validateObject(labels, 'options.labels');
  const common = labelsOf(labels);
  const measured = serversOf(servers);
  const lines: string[] = [];
  for (const family of families) {
    const name = `${prefix}_${family.name}`;
    const suffix = family.type === 'counter' ? '_total' : '';
    const samples = measured.flatMap(([own, stats]) =>
      family
        .samples(stats)
        .map(
          ([more, value]) => `${name}${suffix}${inBraces([...common, ...own, ...more])} ${value}`,
        ),
    );
    if (samples.length === 0) continue;
    lines.push(`# TYPE ${name} ${family.type}`);
    if (family.unit !== undefined) lines.push(`# UNIT ${name} ${family.unit}`);
    lines.push(`# HELP ${name} ${family.help}`, ...samples);
  }
  return `${lines.join('\n')}\n# EOF\n`.trimStart();
}
