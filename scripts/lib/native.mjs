// The developers' native build: CMakeLists.txt through cmake-js, one folder per flavour.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { at, capture, CommandError, findNodeDir, hasCommand, inParallel, root } from './tools.mjs';

export const flavours = ['debug', 'asan', 'tsan', 'coverage', 'release'];

/** The addon of a flavour. */
export const addonOf = (flavour) => at(`build-${flavour}`, 'Release', 'uvnet.node');

function cmake(step, folder, options, { stdio = 'inherit' } = {}) {
  if (!hasCommand('cmake')) {
    throw new CommandError("cmake is missing: install it with the system's package manager");
  }
  const script = at('node_modules/cmake-js/bin/cmake-js');
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [script, step, '--log-level', 'error', '--out', folder, ...options],
    { cwd: root, stdio, encoding: 'utf8' },
  );
  if (status !== 0) {
    throw new CommandError(
      `cmake-js ${step} of ${path.basename(folder)} failed\n${stdout ?? ''}${stderr ?? ''}`,
    );
  }
}

/** Configures a flavour's folder; also writes its compile_commands.json. */
export function configure(flavour, { nodedir, fuzz = false } = {}) {
  const headers = findNodeDir(nodedir);
  if (!headers) {
    throw new CommandError(
      'no headers of Node found: give --nodedir, the folder that holds include/node',
    );
  }
  const folder = at(fuzz ? 'build-fuzz' : `build-${flavour}`);
  const defines = {
    UVNET_FLAVOUR: flavour,
    UVNET_NODE_INCLUDE: path.join(headers, 'include/node'),
    UVNET_FUZZ: fuzz ? 'ON' : 'OFF',
    ...(fuzz ? { CMAKE_CXX_COMPILER: 'clang++' } : {}),
  };
  const options = Object.entries(defines).map(([name, value]) => `--CD${name}=${value}`);
  // Its messages matter only when it fails.
  cmake('configure', folder, options, { stdio: 'pipe' });
  return folder;
}

/** Builds one target (`uvnet`, `native_tests`, `fuzzers`) of a configured folder. */
export function build(folder, target) {
  cmake('build', folder, ['--target', target, '--parallel', String(availableParallelism())]);
}

/** The names of the C++ unit tests' programs. */
export function nativeTests() {
  const sources = readdirSync(at('test/native')).filter((name) => name.endsWith('_test.cc'));
  return sources.map((source) => source.slice(0, -'.cc'.length)).sort();
}

/**
 * Runs the C++ unit tests of a built folder. Each program prints a line "ok name" or "FAIL name" per
 * test; one that ends badly without saying so counts as one failure more.
 */
export async function runNativeTests(folder) {
  const result = { passed: 0, failures: [] };
  await inParallel(nativeTests(), async (name) => {
    const { status, signal, stdout, stderr } = await capture(path.join(folder, 'tests', name), [], {
      timeout: 300_000,
      killSignal: 'SIGKILL',
    });
    const passed = stdout.match(/^ok +\S+/gm)?.length ?? 0;
    const failed = (stdout.match(/^FAIL +\S+/gm) ?? []).map((line) => line.replace(/^FAIL +/, ''));
    if (status !== 0 && failed.length === 0) failed.push(signal ?? `exit code ${status}`);
    if (status === 0 && passed === 0) failed.push('ran no test');
    result.passed += passed;
    result.failures.push(...failed.map((failure) => `${name}: ${failure}`));
    console.log(
      `${failed.length ? 'FAIL' : 'ok  '} ${name} (${passed} passed, ${failed.length} failed)`,
    );
    if (failed.length) console.log(`${stdout}${stderr}`.replace(/^/gm, '  '));
  });
  return result;
}
