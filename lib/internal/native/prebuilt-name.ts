/**
 * The name of the binary in `prebuilds/<platform>-<arch>/`. prebuildify writes this name, and
 * node-gyp-build looks for it. It must not begin with "uvnet", because node-gyp-build treats "uv"
 * as its tag for a version of libuv.
 */
export function prebuiltName(platform: string, arch: string, libc: 'glibc' | 'musl'): string {
  if (platform !== 'linux') return 'node.napi.node';
  return arch === 'arm' ? `node.napi.armv7.${libc}.node` : `node.napi.${libc}.node`;
}
