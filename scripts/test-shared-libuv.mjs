#!/usr/bin/env node
// Runs the tests on Debian's own Node, which has libuv as a shared library.
import { spawn, spawnSync } from 'node:child_process';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { needDebian, unpackSuite } from './lib/debian.mjs';
import { runForeignTests } from './lib/foreign-run.mjs';
import { writeNodeCommand } from './lib/node-command.mjs';
import { at, CommandError, main, root, run } from './lib/tools.mjs';

/** The suites whose Node uvnet supports. Debian 12 has Node 18. */
const suites = ['trixie', 'sid'];
const folders = ['unit', 'net', 'uvnet', 'lean', 'process'];
const home = at('.cache/debian');

/** What is left out on one of them. */
const leftOut = [
  {
    suite: 'trixie',
    what: '^if files cannot be opened any more \\(EACCES\\)',
    why: 'Node 20.19 refuses setuid() with any libuv but its own, because of io_uring (CVE-2024-22017)',
  },
];

const help = `Usage: node scripts/test-shared-libuv.mjs [options] [test files]

Fetches Node from a suite of Debian, with its libuv and its C library, and runs the tests on it, with the addon
in build/: ${folders.join(', ')} of test/. A case that fails on node:net there is reported apart and does not
count as failed. The last line is "N passed, N failed"; the exit code is 1 when something failed.

  --suite NAME  ${suites.join(' or ')} (default: both)
  --only NAME   only this folder of test/; may be given more than once
  --jobs N      how many files at a time (default: 2)
  --minutes N   end after N minutes; what has not run then has failed (default: 90)
  --reasons     print what is left out, and why
  --help        this text

Needs Debian on x64, and root: Node's own modules are in /usr/share, so each program gets a view of the
file system in which that folder is the other suite's.
`;

/** A command that is this suite's Node. */
function debianNode(suite) {
  const folder = path.join(home, suite);
  unpackSuite(folder, suite, 'nodejs');
  const inView =
    'mount --bind "$0/usr/share" /usr/share && exec "$0/usr/lib64/ld-linux-x86-64.so.2" --library-path "$0/usr/lib/x86_64-linux-gnu" "$0/usr/bin/node" "$@"';
  // Some tests start Node as an ordinary user, who may mount in a namespace of users alone.
  const script = `own=; [ "$(id -u)" = 0 ] || own="--user --map-current-user --keep-caps"
exec unshare $own --mount sh -c '${inView}' "$0" "$@"`;
  const words = ['sh', '-c', script, folder];
  return writeNodeCommand(path.join(home, `node-${suite}`), words);
}

/** For people: the versions that are in use. */
function describe(node) {
  const print = 'process.version + ", libuv " + process.versions.uv';
  const { status, stdout, stderr } = spawnSync(node, ['-p', print], { encoding: 'utf8' });
  if (status !== 0) throw new CommandError(stderr);
  return stdout.trim();
}

main(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      suite: { type: 'string', multiple: true, default: suites },
      only: { type: 'string', multiple: true, default: folders },
      jobs: { type: 'string', default: '2' },
      minutes: { type: 'string', default: '90' },
      reasons: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(help);
    return;
  }
  if (values.reasons) {
    for (const { suite, what, why } of leftOut) console.log(`${suite}: ${what}: ${why}`);
    return;
  }
  const unknown = values.suite.find((suite) => !suites.includes(suite));
  if (unknown) throw new CommandError(`--suite ${unknown}: not one of ${suites.join(', ')}`);
  needDebian();
  if (process.arch !== 'x64' || process.getuid() !== 0) {
    throw new CommandError('this needs x64, and root');
  }
  run(process.execPath, [at('scripts/build.mjs'), '--if-needed'], { quiet: true });
  await runForeignTests({
    versions: values.suite,
    asked: positionals,
    folders: values.only,
    leftOutFiles: [],
    jobs: Number(values.jobs),
    minutes: Number(values.minutes),
    home,
    runnerOf: async (suite) => {
      const node = debianNode(suite);
      console.log(`${suite}: Node ${describe(node)}`);
      return {
        start: (args, { env, stdio }) =>
          spawn(node, args, { cwd: root, env: { ...process.env, ...env }, stdio }),
        pathOf: (file) => file,
        cache: path.join(home, 'jest'),
        binary: at('build/Release/uvnet.node'),
        leftOut: leftOut.filter((each) => each.suite === suite),
      };
    },
  });
});
