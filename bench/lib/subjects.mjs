import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { binary } from './build.mjs';

const BENCH = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const HOST = join(BENCH, 'servers/host.js');
const STARTUP = join(BENCH, 'servers/startup.js');

/**
 * A subject is something that can be measured: a name, and how to start a workload on it.
 *   serve(workload, extra)   command line of the server process
 *   startup()                command line of the start-up measurement
 *   runs(workload)           whether the workload exists for it
 *   variant(workload)        the workload as it runs on it
 *   labelFor(workload)       the name in the results of a workload
 */
function moduleSubject(subject) {
  const { id, label, runtime, moduleFor, runs, api } = subject;
  const { variant = (same) => same, labelFor = () => label } = subject;
  const specifier = (interface_, module) => {
    if (module.startsWith('node:')) return module;
    const path = interface_ === 'net' ? module : join(dirname(module), `${interface_}.js`);
    return pathToFileURL(path).href;
  };
  return {
    id,
    label,
    labelFor,
    runs,
    variant,
    serve(workload, { execArgv = [], ...extra }) {
      const interface_ = api(workload);
      const options = {
        ...workload.server,
        ...extra,
        api: interface_,
        module: specifier(interface_, moduleFor(workload)),
      };
      return { command: runtime, args: [...execArgv, HOST, JSON.stringify(options)] };
    },
    startup: (workload) => ({ command: runtime, args: [STARTUP, moduleFor(workload)] }),
  };
}

const dashed = (name) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** { size: 64, targetPort: 80 } as --size 64 --target-port 80. */
export function toArguments(options) {
  return Object.entries(options).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${dashed(name)}`, String(value)],
  );
}

const floorSubject = {
  id: 'floor',
  label: 'C floor',
  labelFor: () => 'C floor',
  runs: (workload) => workload.floor !== undefined,
  variant: (same) => same,
  serve({ floor: { program, ...options } }, { path, targetPort }) {
    const args = toArguments({ ...options, path, targetPort });
    return { command: binary('floor', program), args };
  },
};

function labelOf(module, defaultImpl) {
  if (module.startsWith('node:')) return module;
  if (module === defaultImpl) return 'uvnet';
  const path = relative(process.cwd(), module);
  return path.startsWith('../..') ? join(basename(dirname(module)), basename(module)) : path;
}

/** The subjects of a run, the baseline first. */
export function makeSubjects({ node, bun, impl, baseline, floor, defaultImpl }) {
  const first = labelOf(baseline, defaultImpl);
  const second = labelOf(impl, defaultImpl);
  const ours = (workload) => workload.api ?? 'net';
  // Another build of uvnet runs the workload itself.
  const hasVariant = ({ baseline: fields }) => baseline.startsWith('node:') && fields !== undefined;
  const subjects = [
    moduleSubject({
      id: 'baseline',
      label: first,
      runtime: node,
      moduleFor: (workload) => (hasVariant(workload) ? impl : baseline),
      variant: (workload) =>
        hasVariant(workload) ? { ...workload, ...workload.baseline } : workload,
      labelFor: ({ baselineLabel = first }) =>
        baseline.startsWith('node:') ? baselineLabel : first,
      runs: () => true,
      // Another build of uvnet is compared with the same API; node:net has only one.
      api: (workload) =>
        baseline.startsWith('node:') && !hasVariant(workload) ? 'net' : ours(workload),
    }),
    moduleSubject({
      id: 'impl',
      label: second === first ? `${second} (B)` : second,
      runtime: node,
      moduleFor: () => impl,
      runs: () => true,
      api: ours,
    }),
  ];
  if (floor) subjects.push(floorSubject);
  if (bun !== undefined) {
    for (const [id, label, api] of [
      ['bun-net', "Bun's net", 'net'],
      ['bun-listen', 'Bun.listen', 'bun'],
    ]) {
      const interface_ = api === 'bun' ? 'listen' : 'net';
      const runs = (workload) => workload.bun?.includes(interface_) ?? false;
      subjects.push(
        moduleSubject({
          id,
          label,
          runtime: bun,
          moduleFor: () => 'node:net',
          runs,
          api: () => api,
        }),
      );
    }
  }
  return subjects;
}
