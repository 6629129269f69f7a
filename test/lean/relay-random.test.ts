// Relays whose ends act at random: each relay ends with correct numbers.
import { nextEvent, nextTurn } from '../helpers/events';
import { Random } from '../helpers/random';
import { lean, openLine, type Line } from '../helpers/relaying';
import { describeUvnet } from '../helpers/uvnet';

const { relay } = lean;

const ENDS = ['end', 'end', 'end', 'destroy', 'reset', 'destroyRelayed', 'abort'] as const;

/** Writes, reads, waits, and ends at random. */
async function play(
  line: Line,
  side: 'left' | 'right',
  random: Random,
  controller: AbortController,
): Promise<void> {
  const socket = line[side];
  socket.resume();
  for (let steps = random.integer(0, 12); steps > 0 && !socket.destroyed; steps--) {
    const room = socket.write(Buffer.alloc(random.size(2_000_000), side));
    if (random.chance(0.3)) socket.pause();
    for (let turns = random.integer(0, 10); turns > 0; turns--) await nextTurn();
    if (random.chance(0.8)) socket.resume();
    if (!room && random.chance(0.3)) break;
  }
  socket.resume();
  switch (random.pick(ENDS)) {
    case 'end':
      socket.end();
      break;
    case 'destroy':
      socket.destroy();
      break;
    case 'reset':
      if (line.left.remoteAddress !== undefined && side === 'left') socket.resetAndDestroy();
      else socket.destroy();
      break;
    case 'destroyRelayed':
      line[random.pick(['a', 'b'] as const)].destroy();
      break;
    case 'abort':
      controller.abort();
  }
}

describeUvnet('random relays', ({ scope }) => {
  test.each(Array.from({ length: 30 }, (_, index) => 1000 + index))(
    'pass bytes and ends as the model predicts (seed %i)',
    async (seed) => {
      const random = new Random(seed);
      const line = await openLine(scope, {
        left: random.pick(['tcp', 'unix'] as const),
        right: random.pick(['tcp', 'unix'] as const),
      });
      const sockets = Object.values(line) as Line['a'][];
      const closed = sockets.map((socket) => {
        socket.on('error', () => {});
        return nextEvent(socket, 'close');
      });
      const before = random.chance(0.3) ? 'before' : '';
      const first = random.chance(0.3) ? 'first' : '';
      if (before !== '') line.a.unshift(Buffer.from(before));
      if (first !== '') line.b.write(first);
      const controller = new AbortController();
      const { signal } = controller;
      const result = relay(line.a, line.b, { signal }).then(
        (value) => ({ ...value, side: undefined }),
        (error: { name: string; side?: string; bytesAtoB: number; bytesBtoA: number }) => error,
      );
      const played = Promise.all([
        play(line, 'left', new Random(seed + 1), controller),
        play(line, 'right', new Random(seed + 2), controller),
      ]);
      const outcome = await result;
      await played;
      for (const end of [line.left, line.right]) if (!end.writableEnded) end.end();
      await Promise.all(closed);
      if ('reason' in outcome) {
        if (outcome.reason !== 'end') return;
        const { a, b } = line;
        expect(outcome).toMatchObject({
          bytesAtoB: a.bytesRead + before.length,
          bytesBtoA: b.bytesRead,
        });
        expect([b.bytesWritten, a.bytesWritten]).toEqual([
          outcome.bytesAtoB + first.length,
          outcome.bytesBtoA,
        ]);
      } else if (outcome.name !== 'AbortError') {
        expect(outcome.side).toMatch(/^[ab]$/);
      }
    },
  );
});
