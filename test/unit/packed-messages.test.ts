import { PackedMessages } from '../../lib/lean/connection/packed-messages';
import { Random } from '../helpers/random';

describe('PackedMessages', () => {
  test('returns messages unchanged and in order', () => {
    const random = new Random(5);
    const queue = new PackedMessages();
    const model: Buffer[] = [];
    let wrong = 0;
    for (let step = 0; step < 4000; step += 1) {
      if (random.chance(0.5)) {
        const message = random.bytes(random.chance(0.3) ? 0 : random.size(4000));
        queue.push(message);
        model.push(Buffer.from(message));
        message.fill(0);
      } else {
        const [message, expected] = [queue.shift(), model.shift()];
        if (message?.equals(expected!) !== (expected !== undefined || undefined)) wrong += 1;
      }
      if (queue.isEmpty !== (model.length === 0)) wrong += 1;
    }
    expect(wrong).toBe(0);
  });

  test.each([0, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152])('takes %i bytes', (size) => {
    const queue = new PackedMessages();
    const message = Buffer.alloc(size, 'm');
    queue.push(message);
    queue.push(Buffer.from('next'));
    expect(queue.shift()?.equals(message)).toBe(true);
    expect(String(queue.shift())).toBe('next');
    expect(queue.shift()).toBeUndefined();
  });
});
