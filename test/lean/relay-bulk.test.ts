import { createHash } from 'node:crypto';
import { readdirSync, readlinkSync } from 'node:fs';

import { runChild, type ChildTools } from '../helpers/child';
import { nextEvent, nextTurn } from '../helpers/events';
import { uvnet } from '../helpers/implementations';
import { missingCommand, needs } from '../helpers/needs';
import { onLinux } from '../helpers/platforms';
import { Random } from '../helpers/random';
import { lean, leanEntry, openLine } from '../helpers/relaying';
import { fill, readAll } from '../helpers/streams';
import { describeUvnet } from '../helpers/uvnet';

type Socket = import('../../lib/index').Socket;

const { relay } = lean;
const isLinux = process.platform === 'linux';
const MIB = 1024 * 1024;

/** Pipes that have both ends in this process; those of a child's stdio have one. */
function openPipes(): number {
  const ends = new Map<string, number>();
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      if (target.startsWith('pipe:')) ends.set(target, (ends.get(target) ?? 0) + 1);
    } catch {
      // The folder's own descriptor is gone.
    }
  }
  return [...ends.values()].filter((count) => count === 2).length;
}

/** How many pipes an environment keeps at most (SplicePipePool). */
const POOLED = 4;

/** Writes `total` bytes in pieces of any size, as fast as they are taken, and ends. */
async function send(socket: Socket, total: number, random: Random): Promise<string> {
  const hash = createHash('sha256');
  const pool = random.bytes(MIB);
  for (let left = total; left > 0;) {
    const size = Math.min(left, random.size(MIB));
    const at = random.integer(0, MIB - size);
    const piece = pool.subarray(at, at + size);
    hash.update(piece);
    left -= size;
    if (!socket.write(piece)) await nextEvent(socket, 'drain');
  }
  socket.end();
  return hash.digest('hex');
}

/** Reads to the end, and stops in between for a while. */
async function receive(socket: Socket, random: Random): Promise<string> {
  const hash = createHash('sha256');
  socket.on('data', (chunk: Buffer) => {
    hash.update(chunk);
    if (!random.chance(0.05)) return;
    socket.pause();
    let turns = random.integer(1, 30);
    const wait = (): void => {
      if (--turns > 0) setImmediate(wait);
      else socket.resume();
    };
    wait();
  });
  await nextEvent(socket, 'end');
  return hash.digest('hex');
}

/** Waits until the relay has come to a halt. */
async function standstill(socket: Socket): Promise<void> {
  let rest = 0;
  for (let known = -1; rest < 100;) {
    if (socket.bytesRead === known) rest++;
    else rest = 0;
    known = socket.bytesRead;
    await nextTurn();
  }
}

describeUvnet('a relay of bulk data', ({ scope }) => {
  const routes = [
    ['tcp', 'tcp'],
    ['tcp', 'unix'],
    ['unix', 'tcp'],
    ['unix', 'unix'],
  ] as const;

  test.each(routes)('64 MiB pass in both directions at once, %s to %s', async (left, right) => {
    const line = await openLine(scope, { left, right });
    const seed = 1 + routes.findIndex((route) => route[0] === left && route[1] === right);
    const size = 64 * MIB;
    const result = relay(line.a, line.b);
    const [fromLeft, fromRight, atLeft, atRight] = await Promise.all([
      send(line.left, size, new Random(seed)),
      send(line.right, size, new Random(seed + 10)),
      receive(line.left, new Random(seed + 20)),
      receive(line.right, new Random(seed + 30)),
    ]);
    expect({ atLeft, atRight }).toEqual({ atLeft: fromRight, atRight: fromLeft });
    expect(await result).toEqual({ bytesAtoB: size, bytesBtoA: size, reason: 'end' });
  });

  /** A relay that holds a pipe because its receiver does not read. */
  async function stalledRelay() {
    const line = await openLine(scope);
    line.right.pause();
    const result = relay(line.a, line.b);
    fill(line.left);
    await standstill(line.a);
    return { ...line, result };
  }

  /** The pipes that are open once those that earlier tests have left in the pool are in use. */
  async function pipesWithoutPool(): Promise<number> {
    for (let i = 0; i < POOLED; i++) {
      const { left, right, a, b, result } = await stalledRelay();
      for (const end of [left, right, a, b]) end.on('error', () => {});
      result.catch(() => {});
    }
    return openPipes();
  }

  test.each(routes)('a slow receiver slows its sender, %s to %s', async (left, right) => {
    const pipesOfOthers = isLinux ? await pipesWithoutPool() : 0;
    const line = await openLine(scope, { left, right });
    line.right.pause();
    const result = relay(line.a, line.b);
    const size = fill(line.left, 64 * MIB);
    line.left.end();
    await standstill(line.a);
    // The rest waits in the sender.
    expect(line.a.bytesRead).toBeLessThan(size / 2);
    expect(line.a.bytesRead - line.b.bytesWritten).toBeLessThanOrEqual(256 * 1024);
    // If splice(2) exists, it is used.
    if (isLinux) expect(openPipes()).toBeGreaterThan(pipesOfOthers);

    // The other direction is not affected.
    line.right.write('meanwhile');
    const [chunk] = (await nextEvent(line.left, 'data')) as [Buffer];
    expect(chunk.toString()).toBe('meanwhile');
    line.right.end();
    const bytes = await readAll(line.right);
    expect(bytes.length).toBe(size);
    expect(await result).toEqual({ bytesAtoB: size, bytesBtoA: 9, reason: 'end' });
  });

  onLinux('aborted relays leave no descriptor', async () => {
    const pipesOfOthers = await pipesWithoutPool();
    const lines = [];
    for (let i = 0; i < 8; i++) lines.push(await stalledRelay());
    expect(openPipes()).toBeGreaterThan(pipesOfOthers + POOLED);
    for (const { left, right, a, b, result } of lines) {
      const closed = [nextEvent(a, 'close'), nextEvent(b, 'close')];
      for (const end of [left, right]) end.on('error', () => {});
      a.destroy();
      await result;
      await Promise.all(closed);
    }
    expect(openPipes()).toBeLessThanOrEqual(pipesOfOthers + POOLED);
  });

  test('a receiver that goes away before it has taken everything ends the relay', async () => {
    const { left, a, b, right } = await openLine(scope);
    right.pause();
    left.on('error', () => {}).resume();
    const result = relay(a, b).catch((error: object) => ({ ...error }));
    fill(left);
    await standstill(a);
    right.resetAndDestroy();
    expect(await result).toMatchObject({ side: 'b' });
    await nextEvent(left, 'close');
  });

  onLinux('a relay works without descriptors for pipes', async () => {
    const { code, stdout, stderr } = await runChild(uvnet!, transfer, {
      args: [leanEntry, true],
      under: ['prlimit', '--nofile=64'],
    });
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'true 20000000 end', stderr: '' });
  });

  // The first call is the one that fills the pipe, the second the one that empties it.
  needs(missingCommand('strace')).each(['when=1+', 'when=2+'])(
    'where splice(2) does not work, %s',
    async (which) => {
      const { code, stdout } = await runChild(uvnet!, transfer, {
        args: [leanEntry, false],
        // Leaks cannot be looked for under ptrace.
        env: { ASAN_OPTIONS: `${process.env['ASAN_OPTIONS'] ?? ''}:detect_leaks=0` },
        under: ['strace', '-f', '-o', '/dev/null', '-e', 'trace=splice', '-e',
          `inject=splice:error=EINVAL:${which}`], // prettier-ignore
      });
      expect({ code, stdout }).toEqual({ code: 0, stdout: 'true 20000000 end' });
    },
  );
});

/** Relays a lot to a sink, with all descriptors taken meanwhile or not. */
function transfer({ net, require, args }: ChildTools): void {
  const [entry, starve] = args as [string, boolean];
  const { relay: join } = require(entry) as typeof lean;
  const fs = require('node:fs') as typeof import('node:fs');
  const sent = Buffer.alloc(20_000_000, 'abcdefghijk');
  const received: Buffer[] = [];
  const sink = net.createServer((socket) => {
    socket.on('data', (chunk: Buffer) => received.push(chunk));
  });
  const proxy = net.createServer({ allowHalfOpen: true, pauseOnConnect: true }, (a) => {
    const { port } = sink.address() as import('node:net').AddressInfo;
    const b = net.connect(port, '127.0.0.1', () => {
      const taken: number[] = [];
      while (starve) {
        try {
          taken.push(fs.openSync('/dev/null', 'r'));
        } catch {
          break;
        }
      }
      void join(a as never, b as never).then(({ bytesAtoB, reason }) => {
        const equal = Buffer.concat(received).equals(sent);
        taken.forEach((fd) => fs.closeSync(fd));
        sink.close();
        proxy.close();
        process.stdout.write(`${String(equal)} ${bytesAtoB} ${reason}`);
      });
    });
  });
  sink.listen(0, '127.0.0.1', () => {
    proxy.listen(0, '127.0.0.1', () => {
      const { port } = proxy.address() as import('node:net').AddressInfo;
      const client = net.connect(port, '127.0.0.1');
      client.resume();
      client.end(sent);
    });
  });
}
