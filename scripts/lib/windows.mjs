// Compiles the native code for Windows with mingw-w64, without linking: keeps the Windows halves
// honest on a machine that has no Windows.
import path from 'node:path';
import { at, capture, CommandError, findNodeDir, readJson, root } from './tools.mjs';

export const windowsCompiler = 'x86_64-w64-mingw32-g++';

/** One function for each source, which throws with what the compiler says. */
export function windowsJobs() {
  const headers = findNodeDir();
  if (!headers) throw new CommandError('no headers of Node found');
  const options = [
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
    `-I${at('native')}`,
    '-isystem',
    path.join(headers, 'include/node'),
    '-isystem',
    at('node_modules/node-addon-api'),
  ];
  return readJson(at('native/sources.json')).sources.map((source) => async () => {
    const { status, stderr } = await capture(windowsCompiler, [...options, source]);
    if (status !== 0) throw new CommandError(stderr);
  });
}
