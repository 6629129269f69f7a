// The options of the commands that run the tests on the Node of another platform.
import { parseArgs } from 'node:util';
import { CommandError } from './tools.mjs';

/** The folders of test/ that hold wherever Node runs. */
const folders = ['unit', 'net', 'uvnet', 'lean', 'front', 'promises', 'process'];

/**
 * Reads the command line of `script`. Answers undefined if nothing is left to do, because --help or --reasons was asked
 * for; else what runForeignTests() takes, and the values of `more`.
 *
 * - `about`: the first lines of the help.
 * - `pick`: the option that chooses where to run: its `name`, what stands for a value, and the `values` it takes.
 * - `minutes`: how long a run takes at most.
 * - `reasons`: what is left out, each { what, why } with the file or the suite for which it holds.
 * - `needs`: the last lines of the help.
 * - `more`: options of this command alone, as parseArgs() takes them, each with its line of the help.
 */
export function foreignOptions(
  script,
  { about, pick, minutes, reasons, needs, more = {} },
  args = process.argv.slice(2),
) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      [pick.name]: { type: 'string', multiple: true, default: pick.values },
      only: { type: 'string', multiple: true, default: folders },
      jobs: { type: 'string', default: '2' },
      minutes: { type: 'string', default: String(minutes) },
      reasons: { type: 'boolean' },
      help: { type: 'boolean' },
      ...more,
    },
  });
  if (values.help) {
    const line = (option, text) => `  ${option.padEnd(13)} ${text}`;
    console.log(`Usage: node scripts/${script} [options] [test files]

${about}
The tests are ${folders.join(', ')} of test/. A case that fails on node:net
there too is reported apart and does not count as failed. The last line is "N passed, N failed"; the exit code
is 1 when something failed.

${[
  line(`--${pick.name} ${pick.argument}`, `${pick.values.join(' or ')} (default: both)`),
  line('--only NAME', 'only this folder of test/; may be given more than once'),
  ...Object.entries(more).map(([name, { help }]) => line(`--${name}`, help)),
  line('--jobs N', 'how many files at a time (default: 2)'),
  line(
    '--minutes N',
    `end after N minutes; what has not run then has failed (default: ${minutes})`,
  ),
  line('--reasons', 'print what is left out there, and why'),
  line('--help', 'this text'),
].join('\n')}

${needs}
`);
    return undefined;
  }
  if (values.reasons) {
    for (const { suite, file, what, why } of reasons) {
      console.log([suite, file, what, why].filter(Boolean).join(': '));
    }
    return undefined;
  }
  const { [pick.name]: versions, only, jobs, minutes: limit, ...others } = values;
  const unknown = versions.find((version) => !pick.values.includes(version));
  if (unknown) {
    throw new CommandError(`--${pick.name} ${unknown}: not one of ${pick.values.join(', ')}`);
  }
  return {
    ...others,
    versions,
    asked: positionals,
    folders: only,
    jobs: Number(jobs),
    minutes: Number(limit),
  };
}
