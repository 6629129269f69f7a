#!/usr/bin/env node
// Runs README's two commands as on a machine with only the programs that README names: a clean clone, an ordinary
// user, and a PATH of links to Debian's essential programs, Node with npm, Python, make and a compiler.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { CommandError, listFiles, main, root, run } from './lib/tools.mjs';

const help = `Usage: node scripts/fresh-machine.mjs [options]

Clones the last commit into a temporary folder and runs "npm start" and "npm test" there. Root runs them as
an ordinary user. Only essential programs of Debian and those that README names are available. The last line
is that of "npm test". Debian only.

  --only COMMAND   start or test (default: both, in this order); may be given more than once
  --keep           keep the folder, and print its path
  --help           this text
`;

/** The Debian packages of the programs that README names. Their dependencies are installed with them. */
const prerequisites = ['python3', 'python3-minimal', 'make', 'g++', 'gcc', 'cpp', 'binutils'];

function dpkg(...args) {
  const { status, stdout } = spawnSync('dpkg-query', args, { encoding: 'utf8' });
  if (stdout === null || (status !== 0 && stdout === '')) {
    throw new CommandError('dpkg-query failed: this needs Debian or a system like it');
  }
  return stdout;
}

/** The programs that packages bring, by name. */
function programsOf(packages) {
  const installed = dpkg('-W', '-f', '${Package}\\n').split('\n');
  const wanted = installed.filter(
    (name) =>
      packages.includes(name) ||
      /^(g\+\+|gcc|cpp|binutils|python3\.\d+(-minimal)?)-?[\w-]*$/.test(name),
  );
  return dpkg('-L', ...wanted)
    .split('\n')
    .filter((file) => /^\/(usr\/)?s?bin\/[^/]+$/.test(file) && existsSync(file));
}

function makePath(folder) {
  const essential = dpkg('-W', '-f', '${Package} ${Essential}\\n')
    .split('\n')
    .filter((line) => line.endsWith(' yes'))
    .map((line) => line.split(' ')[0]);
  const programs = programsOf([...essential, ...prerequisites]);
  const node = path.dirname(realpathSync(process.execPath));
  // The shell that alternatives give, and what comes with Node.
  const others = ['/bin/sh', '/usr/bin/c++', '/usr/bin/cc', '/usr/bin/awk'].filter(existsSync);
  const ofNode = ['node', 'npm', 'npx'].map((name) => path.join(node, name)).filter(existsSync);
  mkdirSync(folder);
  for (const file of [...programs, ...others, ...ofNode]) {
    const link = path.join(folder, path.basename(file));
    if (!existsSync(link)) symlinkSync(file, link);
  }
}

main(() => {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', multiple: true, default: ['start', 'test'] },
      keep: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(help);
    return;
  }
  const scratch = mkdtempSync(path.join(tmpdir(), 'uvnet-fresh-'));
  chmodSync(scratch, 0o755);
  const [bin, clone, home] = ['bin', 'clone', 'home'].map((name) => path.join(scratch, name));
  makePath(bin);
  run('git', ['clone', '--quiet', '--no-hardlinks', root, clone]);
  mkdirSync(home);
  const user = process.getuid() === 0 ? { uid: 65534, gid: 65534 } : {};
  if (user.uid !== undefined) {
    for (const entry of [clone, home, ...listFiles([clone])]) {
      for (let at = entry; at.startsWith(scratch) && at !== scratch; at = path.dirname(at)) {
        chownSync(at, user.uid, user.gid);
      }
    }
  }
  const env = { PATH: bin, HOME: home, TMPDIR: home, LANG: 'C.UTF-8', CI: process.env.CI ?? '' };
  let failed;
  for (const command of values.only) {
    console.log(`$ npm ${command}, with a PATH of ${bin}`);
    const { status, signal } = spawnSync('npm', [command], {
      cwd: clone,
      env,
      stdio: ['ignore', 'inherit', 'inherit'],
      ...user,
    });
    if (status !== 0) failed ??= `npm ${command}: ${signal ?? `exit code ${status}`}`;
  }
  if (values.keep) console.log(`left in ${scratch}`);
  else rmSync(scratch, { recursive: true, force: true });
  if (failed) throw new CommandError(failed);
});
