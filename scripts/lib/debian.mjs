// Debian's packages in a folder of their own: nothing of the system changes.
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { CommandError, hasCommand, makeFolder, output } from './tools.mjs';

/** Fails if this system has no packages of this kind. */
export function needDebian() {
  if (!hasCommand('apt-get') || !hasCommand('dpkg')) throw new CommandError('this needs Debian');
}

/** Unpacks all packages in a folder into `root`. */
function unpack(folder, root) {
  for (const name of readdirSync(folder).filter((name) => name.endsWith('.deb'))) {
    output('dpkg', ['-x', path.join(folder, name), root]);
  }
}

/**
 * Unpacks a package of another suite of Debian into `root`, with all that it depends on, down to the C library; once.
 */
export async function unpackSuite(root, suite, name) {
  if (existsSync(root)) return;
  await makeFolder(root, (staging) => {
    console.log(`fetching ${name} of Debian's ${suite}`);
    const apt = path.join(staging, 'apt');
    const lists = path.join(apt, 'sources.list');
    for (const folder of ['state/lists/partial', 'cache/archives/partial']) {
      mkdirSync(path.join(apt, folder), { recursive: true });
    }
    writeFileSync(path.join(apt, 'state/status'), '');
    writeFileSync(
      lists,
      `deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian ${suite} main\n`,
    );
    const options = {
      'Dir::State': `${apt}/state`,
      // No package is installed there: each dependency is fetched.
      'Dir::State::status': `${apt}/state/status`,
      'Dir::Cache': `${apt}/cache`,
      'Dir::Etc::sourcelist': lists,
      'Dir::Etc::sourceparts': '-',
      'APT::Sandbox::User': 'root',
      'APT::Install-Recommends': 'false',
    };
    const shared = Object.entries(options).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
    output('apt-get', [...shared, '-qq', 'update']);
    output('apt-get', [...shared, '-qq', '--yes', '--download-only', 'install', name]);
    unpack(`${apt}/cache/archives`, staging);
    rmSync(apt, { recursive: true });
  });
}
