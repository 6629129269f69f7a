import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { resolve: moduleFile } = createRequire(import.meta.url);

const PROJECT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const DEFAULT_IMPL = resolve(PROJECT, 'dist/index.js');

/** The name of the command; `uvnet bench` sets it. */
const COMMAND = process.env.UVNET_COMMAND ?? 'node bench/run.mjs';

export const HELP = `Usage: ${COMMAND} [options]

Compares uvnet with node:net: CPU time of the server per operation, measured in
pairs.

  --only REGEX      workloads whose id matches (see --list)
  --list            list the workloads and end
  --quick           the main workloads, 3 short pairs each: under a minute
  --pairs N         pairs per workload (default 7, quick 3)
  --seconds S       measured per pair and side, in slices (default 1, quick 0.3)
  --warmup S        of traffic before, not counted (default 1, quick 0.3)
  --node PATH       node binary for both sides (default: the one running this)
  --impl PATH       module under measurement (default: this uvnet)
  --baseline PATH   what it is compared with (default: node:net); another build
                    of uvnet, say
  --floor           also measure a plain C epoll server
  --bun PATH        also measure Bun's net and Bun.listen with this binary
  --cpus A,B        cores for the server and for the load generator
  --json FILE       write everything that was measured
  --html FILE       write the report
  --svg FILE        write the picture of README.md
  --growth FILE     write the picture of growth in docs/PERFORMANCE.md
  --markdown FILE   write the tables of docs/PERFORMANCE.md
  --from FILE       measure nothing: make the reports from an earlier --json
                    (repeatable)
  -h, --help        this text
`;

const OPTIONS = {
  only: { type: 'string' },
  list: { type: 'boolean' },
  quick: { type: 'boolean' },
  pairs: { type: 'string' },
  seconds: { type: 'string' },
  warmup: { type: 'string' },
  node: { type: 'string' },
  impl: { type: 'string' },
  baseline: { type: 'string' },
  floor: { type: 'boolean' },
  bun: { type: 'string' },
  cpus: { type: 'string' },
  json: { type: 'string' },
  html: { type: 'string' },
  svg: { type: 'string' },
  growth: { type: 'string' },
  markdown: { type: 'string' },
  from: { type: 'string', multiple: true },
  help: { type: 'boolean', short: 'h' },
};

/** Wrong usage, which is reported without a stack. */
export class UsageError extends Error {}

/** Formats it as one line. */
export const formatUsageError = ({ message }) =>
  `${COMMAND}: ${message.split('\n', 1)[0].replace(/\.$/, '')}; see ${COMMAND} --help`;

function number(name, text, fallback, { integer = false, min = 0 } = {}) {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!Number.isFinite(value) || value <= min || (integer && !Number.isInteger(value))) {
    throw new UsageError(
      `--${name} ${text}: expected ${integer ? 'an integer' : 'a number'} above ${min}`,
    );
  }
  return value;
}

function file(name, path) {
  const absolute = resolve(path);
  if (!existsSync(absolute)) throw new UsageError(`--${name} ${path}: no such file`);
  return absolute;
}

/** A module to measure: a built-in module by name, any other by the path of its file or folder. */
function moduleOf(name, specifier) {
  if (specifier.startsWith('node:')) return specifier;
  const absolute = resolve(specifier);
  try {
    return moduleFile(absolute);
  } catch {
    const hint = absolute === DEFAULT_IMPL ? ' (build the project first: npm run build)' : '';
    throw new UsageError(`--${name} ${specifier}: no such module${hint}`);
  }
}

function pattern(text) {
  try {
    return new RegExp(text ?? '');
  } catch (error) {
    throw new UsageError(`--only ${text}: ${error.message}`);
  }
}

function cpuPair(text) {
  if (text === undefined) return undefined;
  const cpus = text.split(',').map(Number);
  if (cpus.length !== 2 || !cpus.every((cpu) => Number.isInteger(cpu) && cpu >= 0)) {
    throw new UsageError(`--cpus ${text}: expected two numbers, such as 0,1`);
  }
  return cpus;
}

/** Turns the command line into settings. Throws UsageError. */
export function parseOptions(args) {
  let values;
  try {
    ({ values } = parseArgs({ args, options: OPTIONS }));
  } catch (error) {
    throw new UsageError(error.message);
  }
  const { quick = false } = values;
  const measures = !values.help && !values.list && values.from === undefined;
  return {
    help: values.help ?? false,
    list: values.list ?? false,
    quick,
    only: pattern(values.only),
    pairs: number('pairs', values.pairs, quick ? 3 : 7, { integer: true }),
    seconds: number('seconds', values.seconds, quick ? 0.3 : 1),
    warmup: number('warmup', values.warmup, quick ? 0.3 : 1),
    node: file('node', values.node ?? process.execPath),
    impl: measures ? moduleOf('impl', values.impl ?? DEFAULT_IMPL) : undefined,
    baseline: measures ? moduleOf('baseline', values.baseline ?? 'node:net') : undefined,
    floor: values.floor ?? false,
    bun: values.bun === undefined ? undefined : file('bun', values.bun),
    cpus: cpuPair(values.cpus),
    json: values.json,
    html: values.html,
    svg: values.svg,
    growth: values.growth,
    markdown: values.markdown,
    from: values.from?.map((path) => file('from', path)),
    defaultImpl: DEFAULT_IMPL,
  };
}
