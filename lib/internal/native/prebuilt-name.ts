/**
 * The name of the binary in `prebuilds/<platform>-<arch>/`, as prebuildify gives it and node-gyp-build
 * finds it. It cannot begin with "uvnet": node-gyp-build takes "uv" for its tag of libuv's version.
 */
export function prebuiltName(platform: string, arch: string, libc: 'glibc' | 'musl'): string {
  if (platform !== 'linux') return 'node.napi.node';
  return arch === 'arm' ? `node.napi.armv7.${libc}.node` : `node.napi.${libc}.node`;
}
