#!/usr/bin/env node
// The command of the package: checks, measures and builds the native code, and runs a proxy.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { home, isBuilt, version } from './lib/package.mjs';
import { usage } from './lib/usage.mjs';

const help = `Usage: uvnet COMMAND [options]

  doctor [--json]   reports the runtime, libuv and the binary in use, or why
                    there is none; runs a self-test
  proxy [options]   forwards connections to another address (proxy --help)
  build             builds the native code for this system (needs python3, make
                    and a C++ compiler)
  bench [options]   compares uvnet with node:net on this machine (Linux; see
                    bench --help)
  -v, --version     prints the version of uvnet
  -h, --help        prints this text

Exit codes: 0 success; 1 the command failed, or doctor found that the native
code is not in use or does not work; 2 wrong usage.
`;

const helps = {
  doctor: `Usage: uvnet doctor [--json]

Reports the runtime, libuv, and which binary is in use or why there is none.
Then it sends data over loopback and a local socket.

  --json       prints the report as JSON
  -h, --help   prints this text

Exit codes: 0 the native code is in use and works; 1 it is not; 2 wrong usage.
`,
  build: `Usage: uvnet build

Builds the native code for this system in the package's folder, which the loader
searches first. Needs python3, make and a C++17 compiler.

  -h, --help   prints this text

Exit codes: 0 built; 1 the build failed; 2 wrong usage.
`,
};

/** Returns the exit code of `doctor`. */
async function runDoctor(args) {
  const { doctor, format } = await import('./lib/doctor.mjs');
  const report = await doctor();
  console.log(args.includes('--json') ? JSON.stringify(report, null, 2) : format(report));
  return report.ok ? 0 : 1;
}

/** Returns the exit code of `bench`, which needs the native code. */
async function runBench(args) {
  const asksOnly = args.some((arg) => ['--help', '-h', '--list'].includes(arg));
  if (!asksOnly) {
    const { default: net } = await import('../dist/index.mjs');
    // A warning has already given the reason.
    if (net.backend !== 'native') {
      console.error('uvnet bench: the native code is not in use; see uvnet doctor');
      return 1;
    }
  }
  const script = fileURLToPath(new URL('../bench/run.mjs', import.meta.url));
  const { status } = spawnSync(process.execPath, [script, ...args], {
    stdio: 'inherit',
    env: { ...process.env, UVNET_COMMAND: 'uvnet bench' },
  });
  return status ?? 1;
}

/** Returns the exit code of a command that needs dist/ if there is none yet. */
function notBuilt(command) {
  console.error(`uvnet ${command}: uvnet is not built: run "npm run build" in ${home}`);
  return 1;
}

/** Returns the exit code. */
async function run([command, ...args]) {
  const isHelp = args.some((arg) => arg === '--help' || arg === '-h');
  if (isHelp && Object.hasOwn(helps, command)) {
    console.log(helps[command]);
    return 0;
  }
  if (!isBuilt && !isHelp && ['doctor', 'proxy', 'bench'].includes(command)) {
    return notBuilt(command);
  }
  switch (command) {
    case 'doctor': {
      const wrong = args.find((arg) => arg !== '--json');
      if (wrong !== undefined) return usage('doctor', `unknown option ${wrong}`);
      return runDoctor(args);
    }
    case 'proxy': {
      const { proxy } = await import('./lib/proxy.mjs');
      return proxy(args);
    }
    case 'build': {
      if (args.length > 0) return usage('build', `unknown option ${args[0]}`);
      const { build } = await import('./lib/build.mjs');
      return build();
    }
    case 'bench':
      return runBench(args);
    case '-v':
    case '--version':
      console.log(version);
      return 0;
    case '-h':
    case '--help':
    case 'help':
      console.log(help);
      return 0;
    case undefined:
      return usage('', 'no command');
    default:
      return usage('', `unknown command ${command}`);
  }
}

process.exitCode = await run(process.argv.slice(2));
