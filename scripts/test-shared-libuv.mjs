#!/usr/bin/env node
// Runs the tests on Debian's own Node, which has libuv as a shared library.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { needDebian, unpackSuite } from './lib/debian.mjs';
import { foreignOptions } from './lib/foreign-options.mjs';
import { runForeignTests } from './lib/foreign-run.mjs';
import { writeNodeCommand } from './lib/node-command.mjs';
import { leftOut, leftOutFiles } from './lib/shared-libuv-left-out.mjs';
import { at, CommandError, main, output, root, run } from './lib/tools.mjs';

/** The suites whose Node uvnet supports. Debian 12 has Node 18. */
const suites = ['trixie', 'sid'];
const home = at('.cache/debian');

/** A command that is this suite's Node. */
async function debianNode(suite) {
  const folder = path.join(home, suite);
  await unpackSuite(folder, suite, 'nodejs');
  const inView =
    'mount --bind "$0/usr/share" /usr/share && exec "$0/usr/lib64/ld-linux-x86-64.so.2" --library-path "$0/usr/lib/x86_64-linux-gnu" "$0/usr/bin/node" "$@"';
  // Some tests start Node as an ordinary user, who may mount in a namespace of users alone.
  const script = `own=; [ "$(id -u)" = 0 ] || own="--user --map-current-user --keep-caps"
exec unshare $own --mount sh -c '${inView}' "$0" "$@"`;
  const words = ['sh', '-c', script, folder];
  return writeNodeCommand(path.join(home, `node-${suite}`), words);
}

/** For people: the versions that are in use. */
const describe = (node) =>
  output(node, ['-p', 'process.version + ", libuv " + process.versions.uv']).trim();

main(async () => {
  const options = foreignOptions('test-shared-libuv.mjs', {
    about: `Fetches Node from a suite of Debian, with its libuv and its C library, and runs the tests on it, with the
addon in build/.`,
    pick: { name: 'suite', argument: 'NAME', values: suites },
    minutes: 90,
    reasons: [...leftOutFiles, ...leftOut],
    needs: `Needs Debian on x64, and root: Node's own modules are in /usr/share, so each program gets a view of the
file system in which that folder is the other suite's.`,
  });
  if (!options) return;
  needDebian();
  if (process.arch !== 'x64' || process.getuid() !== 0) {
    throw new CommandError('this needs x64, and root');
  }
  run(process.execPath, [at('scripts/build.mjs'), '--if-needed'], { quiet: true });
  await runForeignTests({
    ...options,
    leftOutFiles,
    home,
    runnerOf: async (suite) => {
      const node = await debianNode(suite);
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
