// The platforms whose binary is built with a cross compiler, without node-gyp.
import { at } from './tools.mjs';
import { fetchZig, zig } from './nodes.mjs';
import { windowsArm64Imports, windowsImports } from './windows-binary.mjs';

const zigTarget = (triple) => ({
  compiler: [zig, 'c++', '-target', triple],
  fetch: fetchZig,
  env: { ZIG_GLOBAL_CACHE_DIR: at('.cache/zig'), ZIG_LOCAL_CACHE_DIR: at('.cache/zig') },
  // zig always links, unless it writes objects. It keeps them by what went into them.
  checkOnly: ['-O0', '-c'],
});

// The C++ runtime is compiled along with the binary, by the options of the link: small, not fast, since
// of it little runs often.
const macos = (triple) => ({
  ...zigTarget(triple),
  link: ['-Os', '-s', '-Wl,-undefined,dynamic_lookup', '-Wl,-dead_strip'],
  needsLlvm: true,
  // zig's linker keeps the names of local functions. This signs the binary again, as macOS on arm64 requires.
  strip: ['llvm-strip', '-x'],
});

const musl = (triple) => ({
  ...zigTarget(triple),
  flags: ['-fPIC'],
  link: [
    ...['-Os', '-s', '-Wl,--gc-sections', `-Wl,--version-script=${at('native/exports.map')}`],
    ...['-Wl,-z,relro,-z,now', '-Wl,-z,nodelete'],
  ],
});

/**
 * One entry for each, by the name of binaries.json:
 *
 * - `compiler`: the command, with the options that choose the target.
 * - `installedBy`: the package to install where the compiler is missing; or `fetch`: brings it.
 * - `env`: what the compiler needs in its environment.
 * - `defines`: the name of the list in native/sources.json, beyond `defines`.
 * - `flags`: beyond those that all compilers of GCC's and clang's kind get.
 * - `checkOnly`: the options that compile and keep nothing.
 * - `link`: what the linker gets, the objects left out.
 * - `needsLlvm`: whether Debian's package llvm strips or checks the binary.
 * - `strip`: the command that removes the symbols which the linker leaves in spite of `-s`.
 * - `imports`: makes, in the given folder, what these objects have to be linked with for the functions of
 *   Node and libuv; answers the arguments.
 */
export const crossTargets = {
  'win32-x64': {
    compiler: ['x86_64-w64-mingw32-g++-posix'],
    installedBy: 'g++-mingw-w64-x86-64-posix',
    defines: 'windowsDefines',
    flags: ['-D_WIN32_WINNT=0x0A00'],
    // The runtime comes along, and only the module's entry is exported.
    link: ['-static', '-s', '-Wl,--gc-sections', '-Wl,--exclude-all-symbols'],
    libraries: ['-lws2_32', '-liphlpapi'],
    imports: windowsImports,
  },
  'win32-arm64': {
    ...zigTarget('aarch64-windows-gnu'),
    needsLlvm: true,
    defines: 'windowsDefines',
    // All functions of the host by a pointer: scripts/windows/host_functions.cc sets them.
    flags: ['-DUSING_UV_SHARED', '-DNAPI_EXTERN=__declspec(dllimport)'],
    link: ['-Os', '-s', '-Wl,--gc-sections'],
    libraries: ['-lws2_32', '-liphlpapi'],
    imports: windowsArm64Imports,
  },
  'darwin-arm64': macos('aarch64-macos.11.0'),
  'darwin-x64': macos('x86_64-macos.11.0'),
  'linux-x64-musl': musl('x86_64-linux-musl'),
  'linux-arm64-musl': musl('aarch64-linux-musl'),
};

/**
 * What lint compiles for: each system, and clang where the build itself is by g++. g++ on Linux is the
 * build. With `only`, just the sources that contain it.
 */
export const lintTargets = {
  'linux-x64-clang': {
    compiler: ['clang++'],
    installedBy: 'clang',
    flags: ['-fPIC', '-include', at('native/env/glibc_compat.h')],
  },
  ...Object.fromEntries(
    ['win32-x64', 'darwin-arm64', 'darwin-x64'].map((name) => [name, crossTargets[name]]),
  ),
  // musl, and 32 bits, in one: the binaries are of musl on 64 bits, and of glibc on arm.
  'linux-arm-musl': musl('arm-linux-musleabihf'),
  // What clang says of the rest, it says for the other systems.
  'win32-arm64': { ...crossTargets['win32-arm64'], only: '_WIN32' },
};
