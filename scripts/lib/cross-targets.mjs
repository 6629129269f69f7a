// The platforms whose binary is built here by a cross compiler, without node-gyp.
import { checkWindowsBinary, windowsImports } from './windows-binary.mjs';

/**
 * One entry for each:
 *
 * - `file`: what the binary is called in `prebuilds/<platform>-<arch>/`.
 * - `compiler`: the command, with the options that choose the target.
 * - `installedBy`: what to install where the compiler is missing.
 * - `defines`: the name of the list in native/sources.json, beyond `defines`.
 * - `flags`: beyond those that all compilers of GCC's and clang's kind get.
 * - `link`: what the linker gets, the objects left out.
 * - `imports`: makes, in the given folder, what has to be linked for the functions of Node and libuv;
 *   answers the files.
 * - `check`: answers the complaints about the finished binary.
 */
export const crossTargets = {
  'win32-x64': {
    file: 'uvnet.node',
    compiler: ['x86_64-w64-mingw32-g++-posix'],
    installedBy: 'g++-mingw-w64-x86-64-posix',
    defines: 'windowsDefines',
    flags: ['-D_WIN32_WINNT=0x0A00'],
    // The runtime comes along, and only the module's entry is exported.
    link: ['-static', '-s', '-Wl,--gc-sections', '-Wl,--exclude-all-symbols'],
    libraries: ['-lws2_32', '-liphlpapi'],
    imports: windowsImports,
    check: checkWindowsBinary,
  },
};
