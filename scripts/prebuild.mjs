#!/usr/bin/env node
// Builds the binaries that the package carries: prebuilds/<platform>-<arch>/uvnet[.armvN].<libc>.node
import { copyFileSync, cpSync, existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { crossBuild, missingFor } from './lib/cross-build.mjs';
import { crossTargets } from './lib/cross-targets.mjs';
import { checkSymbols } from './lib/symbols.mjs';
import { at, CommandError, findNodeDir, hasCommand, main, run, runModule } from './lib/tools.mjs';

const libc = existsSync('/etc/alpine-release') ? 'musl' : 'glibc';
const self =
  process.platform === 'linux' ? (process.arch === 'arm' ? `armv7.${libc}` : libc) : undefined;

/** What node-gyp can build here: this system, and those that Debian's cross compilers reach. */
const nodeGypTargets = {
  [`${process.platform}-${process.arch}`]: { arch: process.arch, tag: self },
  ...(process.platform === 'linux' && process.arch === 'x64' && libc === 'glibc'
    ? {
        'linux-arm64': { arch: 'arm64', tag: 'glibc', tools: 'aarch64-linux-gnu' },
        'linux-arm': { arch: 'arm', tag: 'armv7.glibc', tools: 'arm-linux-gnueabihf' },
      }
    : {}),
};

/** Without what node-gyp builds: on Windows itself that is the real thing. */
const others = Object.fromEntries(
  Object.entries(crossTargets).filter(([name]) => !Object.hasOwn(nodeGypTargets, name)),
);
const targets = { ...nodeGypTargets, ...others };

const help = `Usage: node scripts/prebuild.mjs [--target NAME]... [options]

  --target NAME    ${Object.keys(targets).join(', ')} (default: this system)
  --all            every target whose compiler is installed; the others are named
  --nodedir DIR    the folder whose include/node holds the headers to build against
  --help           this text

Each binary is stripped, and a Linux one is checked: it asks for no glibc above 2.28 and for no
C++ runtime, and exports the module's entry only. The compilers for the other targets are Debian's
g++-aarch64-linux-gnu, g++-arm-linux-gnueabihf and g++-mingw-w64-x86-64-posix.
`;

/** What has to be installed for a target; undefined where nothing is missing. */
function missing({ tools, compiler, installedBy }) {
  if (compiler) return missingFor({ compiler, installedBy });
  return tools && !hasCommand(`${tools}-g++`) ? `${tools}-g++` : undefined;
}

function prebuild(name, { arch, tag, tools }, nodedir) {
  // A folder of its own: node-gyp owns build/, and that is the developer's.
  const folder = at('.cache/prebuild', name);
  for (const part of ['native', 'binding.gyp', 'package.json', 'node_modules/node-addon-api']) {
    const copy = path.join(folder, part);
    mkdirSync(path.dirname(copy), { recursive: true });
    cpSync(at(part), copy, { recursive: true, preserveTimestamps: true });
  }
  const headers = findNodeDir(nodedir);
  const env = { ...process.env };
  if (headers) env.npm_config_nodedir = headers;
  if (tools) {
    for (const [variable, tool] of Object.entries({ CC: 'gcc', CXX: 'g++', AR: 'ar' })) {
      env[variable] = `${tools}-${tool}`;
    }
    env.LINK = env.CXX;
  }
  // node-gyp counts these settings of npm's too, and they would win over the options.
  runModule(
    'node-gyp/bin/node-gyp.js',
    ['configure', 'build', '--release', '--loglevel=error', `--arch=${arch}`, `-C`, folder],
    { env },
  );
  const output = at('prebuilds', name, ['uvnet', tag, 'node'].filter(Boolean).join('.'));
  mkdirSync(path.dirname(output), { recursive: true });
  rmSync(output, { force: true });
  copyFileSync(path.join(folder, 'build/Release/uvnet.node'), output);
  if (process.platform === 'linux') {
    const problems = checkSymbols(output);
    if (problems.length) throw new CommandError(`${output}\n  ${problems.join('\n  ')}`);
  } else if (process.platform === 'darwin') {
    run('strip', ['-x', output]);
  }
  console.log(`${path.relative(at('.'), output)}: ${statSync(output).size} bytes`);
}

main(async () => {
  const { values } = parseArgs({
    options: {
      target: { type: 'string', multiple: true },
      all: { type: 'boolean' },
      nodedir: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(help);
    return;
  }
  let names = values.target ?? [Object.keys(targets)[0]];
  if (values.all) {
    for (const [name, target] of Object.entries(targets)) {
      if (missing(target)) console.log(`left out: ${name} (${missing(target)} is not installed)`);
    }
    names = Object.keys(targets).filter((name) => !missing(targets[name]));
  }
  for (const name of names) {
    if (!Object.hasOwn(targets, name)) throw new CommandError(`--target ${name}: not known here`);
    if (Object.hasOwn(others, name)) await crossBuild(name, others[name]);
    else prebuild(name, targets[name], values.nodedir);
  }
});
