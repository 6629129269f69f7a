// The benchmark (bench/): each program that is measured starts, on either side.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

import { addonEnvironment } from '../helpers/child';
import { onLinux } from '../helpers/platforms';

const root = path.resolve(__dirname, '../..');
const href = (file: string): string => pathToFileURL(path.join(root, file)).href;

interface Program {
  name: string;
  command: string;
  args: string[];
}

/** One for each program, interface and side, as bench/run.mjs starts it. A client connects to nothing. */
function findPrograms(): Program[] {
  const script = `
    import { makeSubjects } from ${JSON.stringify(href('bench/lib/subjects.mjs'))};
    import { workloads } from ${JSON.stringify(href('bench/workloads.mjs'))};
    const impl = ${JSON.stringify(path.join(root, 'dist/index.js'))};
    const sides = { node: process.execPath, impl, baseline: 'node:net', defaultImpl: impl };
    const programs = makeSubjects(sides).flatMap((subject) =>
      workloads.filter((one) => one.server && subject.runs(one)).map((one) => ({
        name: [one.server.workload, one.api ?? 'net', subject.labelFor(one)].join(', '),
        ...subject.serve(subject.variant(one), { connections: 0, targetPort: 9 }),
      })));
    console.log(JSON.stringify(programs));`;
  const args = ['--input-type=module', '-e', script];
  const programs = JSON.parse(
    execFileSync(process.execPath, args, { encoding: 'utf8' }),
  ) as Program[];
  const names = programs.map(({ name }) => name);
  return programs.filter(({ name }, i) => names.indexOf(name) === i);
}

// The benchmark needs Linux.
onLinux.each(findPrograms())('$name starts', async ({ command, args }) => {
  const child = spawn(command, args, {
    env: addonEnvironment,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  try {
    const [line] = (await Promise.race([
      once(createInterface(child.stdout), 'line'),
      once(child, 'exit'),
    ])) as [string];
    expect(JSON.parse(line)).toMatchObject({ ready: true });
  } finally {
    child.kill();
  }
});
