// Compiles the native code for Windows with mingw-w64, without linking: keeps the Windows halves
// honest on a machine that has no Windows.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { at, CommandError, findNodeDir, readJson, root } from './tools.mjs';

const compiler = 'x86_64-w64-mingw32-g++';

export function checkWindows() {
  const headers = findNodeDir();
  if (!headers) throw new CommandError('no headers of Node found');
  const { sources } = readJson(at('native/sources.json'));
  console.log(`$ ${compiler} -fsyntax-only <native sources>`);
  const failed = [];
  for (const source of sources) {
    const { status, error } = spawnSync(
      compiler,
      [
        '-fsyntax-only',
        '-std=c++17',
        '-Wall',
        '-Wextra',
        '-Werror',
        '-fno-exceptions',
        '-fno-rtti',
        '-D_WIN32_WINNT=0x0A00',
        '-DWIN32_LEAN_AND_MEAN',
        '-DNOMINMAX',
        '-DNAPI_VERSION=8',
        '-DNODE_ADDON_API_DISABLE_DEPRECATED',
        '-DNODE_ADDON_API_DISABLE_CPP_EXCEPTIONS',
        `-I${root}`,
        '-isystem',
        path.join(headers, 'include/node'),
        '-isystem',
        at('node_modules/node-addon-api'),
        source,
      ],
      { cwd: root, stdio: 'inherit' },
    );
    if (error) throw new CommandError(`${compiler}: ${error.message}`);
    if (status !== 0) failed.push(source);
  }
  if (failed.length) throw new CommandError(`does not compile for Windows: ${failed.join(', ')}`);
}
