// Connections that are transferred at random, in any state and from any callback. Each byte arrives
// once and in order, each callback of a write is called, and each old object is closed. Some
// connections are reset at the end: then the bytes that arrive are the first ones, and everything
// is closed.
//
// Size and seed: test/helpers/model.ts.
import { nextEvent, nextTurn } from '../helpers/events';
import { modelTests } from '../helpers/model';
import { cut, End, numbered, type EndOptions } from '../helpers/ends';
import { StreamOwner } from '../helpers/owners';
import { Random } from '../helpers/random';
import type { Transport } from '../helpers/scope';
import { describeUvnet } from '../helpers/uvnet';

type Socket = import('../../lib/index').Socket;

const STEPS_OF_ONE = 200;
/** The percentage of connections that are reset, and after how many of the remaining steps. */
const RESET = 15;
const STEPS_OF_RESET = 10;
/** How many at the same time: one native delivery has the events of several connections. */
const TOGETHER = 8;
const LARGE = 300_000;
/** Milliseconds without a byte. */
const STALLED = Number(process.env['UVNET_MODEL_STALLED'] ?? 10_000);

describeUvnet('connections that are transferred at random', ({ net, scope }) => {
  /** Servers by transport and whether descriptors are received. */
  const servers = new Map<string, import('node:net').Server>();

  /** One after the other, so that each client gets its own peer. */
  let opened: Promise<unknown> = Promise.resolve();
  function open(...how: Parameters<typeof openPair>): Promise<[Socket, Socket]> {
    const opening = opened.then(() => openPair(...how));
    opened = opening;
    return opening;
  }

  async function openPair(
    transport: Transport,
    receiveDescriptors: boolean,
    client: object = {},
    pauseOnConnect = false,
  ): Promise<[Socket, Socket]> {
    const key = `${transport} ${receiveDescriptors} ${pauseOnConnect}`;
    let server = servers.get(key);
    if (server === undefined) {
      const options = {
        allowHalfOpen: true,
        pauseOnConnect,
        ...(receiveDescriptors && { receiveDescriptors }),
      };
      server = scope.server(options as never);
      await scope.listen(server, scope.listenOptions(transport));
      servers.set(key, server);
    }
    const pair = await scope.join(server, {
      allowHalfOpen: true,
      ...(receiveDescriptors && { receiveDescriptors }),
      ...client,
    } as never);
    return [pair.client, pair.peer] as never;
  }

  afterEach(() => servers.clear());

  /** Sends a connection that was not read yet as a descriptor, as to another process. */
  async function pass(socket: Socket, receiveDescriptors: boolean): Promise<Socket> {
    const [sender, receiver] = await open('unix', true);
    const passed = new Promise<Socket>((resolve) => {
      receiver.once('descriptor', (handle: import('../../lib/index').ReceivedDescriptor) => {
        resolve(scope.track(handle.toSocket({ allowHalfOpen: true, receiveDescriptors } as never)));
      });
    });
    const closed = nextEvent(socket, 'close');
    receiver.resume();
    sender.sendDescriptor('x', socket, () => {
      socket.destroy();
      sender.destroy();
    });
    const there = await passed;
    receiver.destroy();
    await closed;
    return there;
  }

  /** Half a message at the end would be an error of the framing. */
  function stopCutting(ends: readonly End[]): boolean {
    if (ends.some(({ owner }) => owner.kind.startsWith('table ('))) return false;
    for (const { options } of ends) options.cutting = false;
    return true;
  }

  function act(random: Random, ends: readonly End[]): void {
    const end = random.pick(ends);
    const { owner } = end;
    const what = random.integer(0, 99);
    if (what < 30) {
      end.write(random.size(4000), random.chance(0.3));
    } else if (what < 36) {
      end.write(random.size(LARGE), random.chance(0.3));
    } else if (what < 56) {
      end.move(random.pick(owner.moves));
    } else if (what < 76) {
      end.armed = () => end.move(random.pick(end.owner.moves));
    } else if (what < 82) {
      end.note('pause');
      owner.pause();
    } else if (what < 92) {
      end.note('resume');
      owner.resume();
    } else if (what < 95) {
      end.note('cork');
      owner.cork();
    } else if (what < 99) {
      owner.uncork();
    } else if (random.chance(0.2)) {
      if (stopCutting(ends)) end.finish();
    } else if (owner instanceof StreamOwner && owner.kind === 'socket' && !end.finished) {
      sendDescriptor(end, owner.socket as Socket);
    }
  }

  function sendDescriptor(end: End, socket: Socket): void {
    if (!end.options.receiveDescriptors || socket.destroyed) return;
    try {
      socket.sendDescriptor(numbered(end.sent, 3), 0);
      end.sent += 3;
      end.note('sends a descriptor');
    } catch (error) {
      if ((error as { code?: string }).code !== 'ERR_INVALID_STATE') throw error;
    }
  }

  /**
   * At once or from the next callback, followed by some more steps of ends that have not noticed it
   * yet.
   */
  async function reset(random: Random, ends: readonly End[]): Promise<void> {
    const first = random.integer(0, 1);
    const [end, other] = [ends[first], ends[1 - first]];
    const now = (): void => cut(end, other);
    if (random.chance(0.5)) end.armed = now;
    else now();
    for (let step = random.integer(0, STEPS_OF_RESET); step > 0; step--) {
      if (random.chance(0.2)) await nextTurn();
      act(random, ends);
    }
    if (!end.cut) now();
  }

  /** Everything that was sent arrives, unless the connection was cut. */
  async function conclude(ends: readonly End[]): Promise<void> {
    for (const end of ends) {
      end.armed = undefined;
      end.note('conclusion');
      if (end.owner.kind.startsWith('table (')) end.move('toSocket');
      for (let corks = 0; corks < 100; corks++) end.owner.uncork();
      end.owner.resume();
    }
    await nextTurn();
    for (const end of ends) end.finish();
    if (ends.some((end) => end.cut)) return;
    await progress(ends, Promise.all(ends.map(({ over }) => over)));
  }

  /** Reports the seed of a run that never ends. */
  async function progress(ends: readonly End[], done: Promise<unknown>): Promise<void> {
    const state = (): string =>
      ends
        .map(({ sent, received, told, ended }) => `${sent} ${received} ${told} ${ended}`)
        .join(', ');
    let before = '';
    const timer = setInterval(() => {
      const now = state();
      if (now === before) for (const end of ends) end.fail(`nothing moves any more (${now})`);
      before = now;
    }, STALLED);
    await done;
    clearInterval(timer);
  }

  async function play(seed: number): Promise<void> {
    const random = new Random(seed);
    const transport = random.pick(['tcp', 'unix'] as const);
    const receiveDescriptors = transport === 'unix' && random.chance(0.3);
    const pairs: [Socket, Socket][] = [];
    const pair = (): Promise<[Socket, Socket]> => open('tcp', false);
    if (random.chance(0.5)) pairs.push(await pair(), await pair());
    const options: EndOptions = {
      net,
      random,
      transport,
      cutting: true,
      receiveDescriptors,
      pair,
      pairs,
    };
    const ends = [new End(`seed ${seed}, client`, options), new End(`seed ${seed}, peer`, options)];

    const direct = random.chance(0.2);
    const onread = {
      buffer: Buffer.alloc(random.size(70_000)),
      callback(size: number, buffer: Buffer) {
        ends[0].take(ends[0].owner, buffer.subarray(0, size));
        ends[0].called('onread');
        return true;
      },
    };
    const passes = random.chance(0.2);
    const sockets = await open(transport, receiveDescriptors, direct ? { onread } : {}, passes);
    if (passes) sockets[1] = await pass(sockets[1], receiveDescriptors);
    sockets.forEach((socket, index) => {
      ends[index].owner = new StreamOwner(ends[index], socket, false, !(direct && index === 0));
    });
    const resetAt = random.chance(RESET / 100) ? random.integer(1, STEPS_OF_ONE) : STEPS_OF_ONE;
    for (let step = 0; step < resetAt; step++) {
      if (ends.some(({ failure }) => failure !== undefined)) break;
      if (random.chance(0.2)) await nextTurn();
      act(random, ends);
    }
    if (resetAt < STEPS_OF_ONE) await reset(random, ends);
    await conclude(ends);
    for (const [index, { received }] of ends.entries()) {
      const { sent } = ends[1 - index];
      if (ends[index].cut ? received > sent : received !== sent) {
        ends[index].fail(`received ${received} of ${sent}`);
      }
    }
    const closed = Promise.all(ends.flatMap(({ closing }) => closing));
    await progress(ends, Promise.race([closed, ...ends.map(({ failed }) => failed)]));
    for (const end of ends) {
      if (end.told !== end.writes) end.fail(`${end.told} of ${end.writes} callbacks`);
    }
    if (ends.some(({ failure }) => failure !== undefined)) {
      throw new Error(ends.map((end) => end.report()).join('\n'));
    }
    for (const unused of pairs.flat()) unused.destroy();
  }

  const tests = modelTests({ steps: 100_000, stepsOfOne: STEPS_OF_ONE, onesOfTest: 25 });
  test.each(tests)(
    'connections of the seeds $first to $last do what the model does',
    async ({ first, last }) => {
      for (let seed = first; seed <= last; seed += TOGETHER) {
        const count = Math.min(TOGETHER, last + 1 - seed);
        await Promise.all(Array.from({ length: count }, (_, index) => play(seed + index)));
      }
    },
  );
});
