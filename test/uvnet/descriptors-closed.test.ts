// Descriptors over Unix sockets that no listener takes: none leaks.
import { setTimeout as sleep } from 'node:timers/promises';

import type { ReceivedDescriptor, Socket } from '../../lib/index';
import { errorShape, thrownBy } from '../helpers/errors';
import { nextEvent } from '../helpers/events';
import { uvnet } from '../helpers/implementations';
import { Scope } from '../helpers/scope';

const describeUnix = process.platform !== 'win32' && uvnet !== undefined ? describe : describe.skip;

describeUnix('a descriptor that nobody takes', () => {
  const scope = new Scope(uvnet!.net);
  afterEach(() => scope.dispose());

  async function join(
    options: object = { receiveDescriptors: true },
  ): Promise<{ sender: Socket; receiver: Socket }> {
    const { client, peer } = await scope.pair({ transport: 'unix', server: options });
    return { sender: client as Socket, receiver: peer as Socket };
  }

  /** A connected pair; one end goes over the link, and the other sees its last copy close. */
  async function witness(): Promise<{ gift: Socket; closed: Promise<unknown> }> {
    const { client, peer } = await scope.pair({ transport: 'unix' });
    const closed = nextEvent(peer, 'end');
    peer.resume();
    return { gift: client as Socket, closed };
  }

  async function send(sender: Socket): Promise<Promise<unknown>> {
    const { gift, closed } = await witness();
    await new Promise((resolve) => sender.sendDescriptor('x', gift, resolve));
    gift.destroy();
    return closed;
  }

  test('is closed if there is no listener', async () => {
    const { sender, receiver } = await join();
    receiver.resume();
    await await send(sender);
    expect(receiver.readyState).toBe('open');
  });

  test('is closed if a listener does not take it', async () => {
    const { sender, receiver } = await join();
    const kept: ReceivedDescriptor[] = [];
    receiver.on('descriptor', (received: ReceivedDescriptor) => kept.push(received));
    receiver.resume();
    await await send(sender);
    expect(kept[0].fd).toBe(-1);
    expect(errorShape(thrownBy(() => kept[0].toSocket())).code).toBe('ERR_INVALID_STATE');
  });

  test('is closed if descriptors were not requested', async () => {
    const { sender, receiver } = await join({});
    receiver.on('descriptor', () => {
      throw new Error('not asked for');
    });
    const data = nextEvent(receiver, 'data');
    await await send(sender);
    expect(String((await data)[0])).toBe('x');
  });

  test('is closed if the receiver is destroyed in the middle', async () => {
    const { sender, receiver } = await join();
    receiver.on('descriptor', () => receiver.destroy());
    receiver.on('data', () => {
      throw new Error('data after destroy');
    });
    await await send(sender);
    expect(receiver.destroyed).toBe(true);
  });

  test('is closed if the sender is destroyed before its turn', async () => {
    const { sender, receiver } = await join();
    receiver.pause();
    const { gift, closed } = await witness();
    sender.write(Buffer.alloc(4 * 1024 * 1024));
    const errors: string[] = [];
    for (let i = 0; i < 5; i++) {
      sender.sendDescriptor('x', gift, (error) => errors.push(errorShape(error).code as string));
    }
    gift.destroy();
    sender.destroy();
    await closed;
    await until(() => errors.length === 5);
    // The write that was under way is cancelled, and the others with it.
    expect(errors.filter((code) => !/^(ECANCELED|ERR_STREAM_DESTROYED)$/.test(code))).toEqual([]);
  });

  test('is closed if the socket never connects', async () => {
    const { gift, closed } = await witness();
    const client = scope.connect({ path: scope.path('nobody') }) as Socket;
    const failed = nextEvent(client, 'error');
    const error = new Promise((resolve) => client.sendDescriptor('x', gift, resolve));
    gift.destroy();
    expect(errorShape((await failed)[0]).code).toBe('ENOENT');
    expect(await error).toBeInstanceOf(Object);
    await closed;
  });
});

/** The event loop does the rest of the work. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(1);
}
