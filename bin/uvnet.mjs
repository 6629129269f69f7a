#!/usr/bin/env node
// The command of the package: what is in use here, how fast it is, and building the core.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const help = `Usage: uvnet COMMAND [options]

  doctor [--json]   what uvnet runs on here: runtime, libuv, which binary or why none, a self-test
  proxy [options]   passes connections on to another address (proxy --help)
  build             builds the native core for this system (python3, make, a C++ compiler)
  bench [options]   compares uvnet with node:net on this machine (Linux; bench --help)
  --version         the version of uvnet
  --help            this text

Exit codes: 0 all is well; 1 the command failed, or doctor found the core not in use or not
working; 2 wrong usage.
`;

const [command, ...args] = process.argv.slice(2);

function usage(message) {
  console.error(`uvnet: ${message}\n\n${help}`);
  process.exitCode = 2;
}

switch (command) {
  case 'doctor': {
    const wrong = args.find((arg) => arg !== '--json');
    if (wrong !== undefined) {
      usage(`doctor: unknown option ${wrong}`);
      break;
    }
    const { doctor, format } = await import('./lib/doctor.mjs');
    const report = await doctor();
    console.log(args.includes('--json') ? JSON.stringify(report, null, 2) : format(report));
    process.exitCode = report.ok ? 0 : 1;
    break;
  }
  case 'proxy': {
    const { proxy } = await import('./lib/proxy.mjs');
    process.exitCode = await proxy(args);
    break;
  }
  case 'build': {
    if (args.length > 0) {
      usage(`build: unknown option ${args[0]}`);
      break;
    }
    const { build } = await import('./lib/build.mjs');
    process.exitCode = build();
    break;
  }
  case 'bench': {
    const script = fileURLToPath(new URL('../bench/run.mjs', import.meta.url));
    const { status } = spawnSync(process.execPath, [script, ...args], { stdio: 'inherit' });
    process.exitCode = status ?? 1;
    break;
  }
  case '--version': {
    const { version } = await import('./lib/package.mjs');
    console.log(version);
    break;
  }
  case '--help':
  case 'help':
    console.log(help);
    break;
  case undefined:
    usage('no command');
    break;
  default:
    usage(`unknown command ${command}`);
}
