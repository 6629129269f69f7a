#!/usr/bin/env node
// npm runs this when the repository is installed by its URL or its folder: unlike the tarball, a
// clone has neither dist/ nor a binary. It also runs after `npm ci` in the clone itself, in which
// developers build the parts that they need.
import { existsSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ENTRIES } from './lib/bundle.mjs';
import { at, CommandError, main, root, run } from './lib/tools.mjs';

const help = `Usage: node scripts/prepare.mjs

npm runs this when another project installs the repository by its URL or folder.
It installs the development dependencies and builds dist/ and a binary.

  --help   this text
`;

/** Whether npm installs the dependencies of this clone, and not this clone into another project. */
function isOwnInstall({ npm_config_global: isGlobal, npm_config_local_prefix, INIT_CWD } = {}) {
  if (isGlobal === 'true') return false;
  const project = npm_config_local_prefix ?? INIT_CWD;
  return project === undefined || realpathSync(project) === realpathSync(root);
}

/** Makes files that throw an explanation if a program loads the clone before it is built. */
function writeNotices() {
  const text = JSON.stringify(`uvnet is not built: run "npm run build" in ${root}`);
  for (const entry of ENTRIES) {
    const file = at('dist', entry);
    if (existsSync(`${file}.js`)) continue;
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(`${file}.js`, `throw new Error(${text});\n`);
    writeFileSync(`${file}.mjs`, `throw new Error(${text});\n`);
  }
}

/** npm's settings for the install of the other project must not apply here. */
function ownEnvironment() {
  const env = { ...process.env };
  for (const name of ['global', 'location', 'omit', 'include', 'local_prefix', 'save']) {
    delete env[`npm_config_${name}`];
  }
  delete env.INIT_CWD;
  return env;
}

main(async () => {
  const { values } = parseArgs({ options: { help: { type: 'boolean' } } });
  if (values.help) {
    console.log(help);
    return;
  }
  if (isOwnInstall(process.env)) {
    writeNotices();
    return;
  }
  try {
    run(process.execPath, [at('scripts/build.mjs'), '--ts', '--if-needed'], {
      env: ownEnvironment(),
      quiet: true,
    });
    const { stageBuild, stageBinary } = await import('./lib/package-contents.mjs');
    stageBuild();
    stageBinary();
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new CommandError(
      `uvnet cannot be built from ${root} (${error.message}): run "npm ci && npm pack" there, and install the tarball`,
    );
  }
});
