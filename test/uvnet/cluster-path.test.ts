import nodeNet from 'node:net';

import type { ChildTools } from '../helpers/child';
import { policies, runClusterOn } from '../helpers/cluster';
import { uvnet } from '../helpers/implementations';
import { Scope } from '../helpers/scope';

/** The option `mode` in the workers of a cluster, whose primary binds the path. */

const scope = new Scope(nodeNet);
afterEach(() => scope.dispose());

/** Two workers listen one after the other. Each reports the mode of the path, or its error. */
function program({ net, require, args: [, path, umask, modes, exclusive] }: ChildTools): void {
  const cluster = require('node:cluster') as import('node:cluster').Cluster;
  const { existsSync, statSync } = require('node:fs') as typeof import('node:fs');
  if (cluster.isPrimary) {
    process.umask(umask as number);
    const fork = (index: number): void => {
      if (index === modes.length) {
        for (const each of Object.values(cluster.workers!)) each!.disconnect();
        return;
      }
      cluster.fork({ MODE: String(modes[index]) }).once('message', (message) => {
        console.log(message);
        fork(index + 1);
      });
    };
    fork(0);
    process.on('exit', () => console.log(existsSync(path as string) ? 'there' : 'gone'));
    return;
  }
  const mode = Number(process.env.MODE);
  const server = net.createServer();
  server.on('error', (error: NodeJS.ErrnoException) => {
    process.send!(`${error.code} ${server.listening}`);
  });
  // The cluster does not close an exclusive server.
  if (exclusive === true) process.on('disconnect', () => server.close());
  server.listen({ path, mode, exclusive } as never, () => {
    process.send!((statSync(path as string).mode & 0o777).toString(8));
  });
}

const cases: [string, umask: number, modes: number[], said: string[]][] = [
  ['is in place', 0o022, [0o600], ['600']],
  ['lets more in than the umask', 0o077, [0o666], ['666']],
  ['is the same in each worker', 0o022, [0o660, 0o660], ['660', '660']],
  ['fails where others could have connected before', 0, [0o600], ['EACCES false']],
  ['fails where another worker lets more in', 0o022, [0o666, 0o600], ['666', 'EACCES false']],
];

describe.each(policies)('mode (scheduling policy %s)', (policy) => {
  test.each(cases)('%s', async (_name, umask, modes, said) => {
    const args = [scope.path(), umask, modes, false];
    const { stdout, stderr } = await runClusterOn(uvnet!, program, policy, args);
    expect([stdout.trim().split('\n'), stderr]).toEqual([[...said, 'gone'], '']);
  });

  test('may be any for an exclusive path', async () => {
    const args = [scope.path(), 0, [0o600], true];
    const { stdout, stderr } = await runClusterOn(uvnet!, program, policy, args);
    expect([stdout.trim().split('\n'), stderr]).toEqual([['600', 'gone'], '']);
  });
});
