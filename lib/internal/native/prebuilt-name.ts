import type { Libc } from './libc';

/**
 * The name of the binary in `prebuilds/<platform>-<arch>/`. prebuildify writes this name, and
 * node-gyp-build looks for it. It must not begin with "uvnet", because node-gyp-build treats "uv"
 * as its tag for a version of libuv.
 */
export function prebuiltName(platform: string, arch: string, libc: Libc): string {
  if (platform !== 'linux') return 'node.napi.node';
  return arch === 'arm' ? `node.napi.armv7.${libc}.node` : `node.napi.${libc}.node`;
}

/**
 * The files in `prebuilds/` that may fit, the likeliest first. If the C library is unknown, musl's binary is tried first:
 * glibc refuses it, since it has no library of that name, while musl takes the names of glibc's libraries for its own.
 */
export function prebuiltFiles(platform: string, arch: string, libc: Libc | undefined): string[] {
  const some: Libc[] =
    libc === undefined && platform === 'linux' ? ['musl', 'glibc'] : [libc ?? 'glibc'];
  return some.map((each) => `${platform}-${arch}/${prebuiltName(platform, arch, each)}`);
}

/**
 * The reason why none of these files is for this processor, if so. `config` is `process.config`, if a program has left
 * it: it names the processor that Node was built for. An instruction that a processor lacks would end the process.
 */
export function unfitProcessor(
  arch: string,
  config: { variables?: object } | undefined,
): string | undefined {
  const { arm_version: version } = (config?.variables ?? {}) as { arm_version?: string | number };
  if (arch !== 'arm' || !(Number(version) < 7)) return undefined;
  return `is for ARMv7, and this Node for ARMv${version}`;
}
