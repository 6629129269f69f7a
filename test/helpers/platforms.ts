// Tests of what only some platforms have. Elsewhere they are skipped, with the reason in their name.
import { networkInterfaces } from 'node:os';

import { describeNeeds, needs } from './needs';

const { platform } = process;

const linux = platform === 'linux' ? undefined : 'Linux';
const unix = platform === 'win32' ? 'anything but Windows' : undefined;

export const onLinux = needs(linux);
export const describeLinux = describeNeeds(linux);
/** For cases that exist for root alone. */
export const onLinuxAsRoot = needs(linux ?? (process.getuid?.() === 0 ? undefined : 'root'));
export const onUnix = needs(unix);
export const describeUnix = describeNeeds(unix);

/**
 * Whether sockets may have any address of 127.0.0.0/8. On Linux and Windows the whole network belongs to the
 * interface; on macOS only the addresses that it was given.
 */
function hasLoopbackNetwork(): boolean {
  if (platform !== 'linux' && platform !== 'win32') return false;
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return all.some(({ address, netmask }) => address === '127.0.0.1' && netmask === '255.0.0.0');
}

const loopback = hasLoopbackNetwork() ? undefined : 'the addresses 127.0.0.2 and up';

export const withLoopbackNetwork = needs(loopback);
export const describeLoopbackNetwork = describeNeeds(loopback);
