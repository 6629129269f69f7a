#!/usr/bin/env node
// Builds dist/ with tsc and Rollup, and build/Release/uvnet.node with node-gyp.
import { existsSync, lstatSync, readFileSync, utimesSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { isOutdated, version } from './lib/binary-version.mjs';
import { buildDist } from './lib/bundle.mjs';
import { at, CommandError, findNodeDir, isStale, main, run, runModule } from './lib/tools.mjs';

const help = `Usage: node scripts/build.mjs [--ts] [--native] [options]

Without --ts or --native, builds both.

  --ts             dist/ only (types by tsc, code by Rollup)
  --native         build/Release/uvnet.node only (node-gyp)
  --nodedir DIR    folder with the headers in include/node
                   (default: npm's nodedir, or the installation of the running Node)
  --if-needed      install and build only missing or outdated parts
  --clean          rebuild everything
  --help           this text
`;

/** Installs the development dependencies unless node_modules fits package-lock.json. */
function install() {
  if (!isStale(at('node_modules/.package-lock.json'), [at('package-lock.json')])) {
    return;
  }
  // npm would empty the folder that the link names, which another working copy uses.
  if (lstatSync(at('node_modules'), { throwIfNoEntry: false })?.isSymbolicLink()) {
    throw new CommandError('node_modules is a link: run npm ci where it points');
  }
  run('npm', ['ci', '--no-audit', '--no-fund']);
  const now = new Date();
  utimesSync(at('node_modules/.package-lock.json'), now, now);
}

async function buildTypeScript({ ifNeeded }) {
  if (
    ifNeeded &&
    !isStale(
      at('dist/net.js'),
      ['lib', 'tsconfig.json', 'tsconfig.base.json', 'scripts/lib/bundle.mjs'].map((part) =>
        at(part),
      ),
    ) &&
    readFileSync(at('dist/base.js'), 'utf8').includes(JSON.stringify(version))
  ) {
    return;
  }
  await buildDist();
}

function buildNative({ ifNeeded, clean, nodedir }) {
  if (ifNeeded && !isOutdated(at('build/Release/uvnet.node'))) {
    return;
  }
  const headers = findNodeDir(nodedir);
  const options = ['--release', ...(headers ? [`--nodedir=${headers}`] : [])];
  // npm's own setting arrives in the environment and would win over the option.
  const env = { ...process.env, UVNET_RELEASE: '1' };
  if (headers) env.npm_config_nodedir = headers;
  // Configure anew each time: the list of source files and the headers may have changed.
  const steps = clean || !existsSync(at('build')) ? ['rebuild'] : ['configure', 'build'];
  for (const step of steps) {
    runModule('node-gyp/bin/node-gyp.js', [step, '--loglevel=error', ...options], { env });
  }
}

main(async () => {
  const { values } = parseArgs({
    options: {
      ts: { type: 'boolean' },
      native: { type: 'boolean' },
      nodedir: { type: 'string' },
      'if-needed': { type: 'boolean' },
      clean: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(help);
    return;
  }
  const options = { ifNeeded: values['if-needed'], clean: values.clean, nodedir: values.nodedir };
  const both = !values.ts && !values.native;
  install();
  if (both || values.ts) await buildTypeScript(options);
  if (both || values.native) buildNative(options);
});
