// The bytes that a stream of uvnet/promises has and nobody took, against one plain Buffer.
import { Input } from '../../lib/promises/input';
import { Random } from '../helpers/random';

describe('the input of a stream', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])('agrees with one Buffer, seed %i', (seed) => {
    const random = new Random(seed);
    const below = (limit: number): number => Math.floor(random.next() * limit);
    const bytes = (): Buffer => {
      const size = below(below(4) === 0 ? 3000 : 40);
      return Buffer.from(Array.from({ length: size }, () => 97 + below(3)));
    };
    const input = new Input();
    const given: [Buffer, string][] = [];
    let plain = Buffer.alloc(0);
    const took = (part: Buffer, size: number): void => {
      expect(part.equals(plain.subarray(0, size))).toBe(true);
      given.push([part, part.toString('latin1')]);
      plain = plain.subarray(size);
    };
    for (let step = 0; step < 3000; step += 1) {
      const size = below(plain.length + 1);
      const action = below(10);
      if (action < 4) {
        const more = bytes();
        input.push(more);
        plain = Buffer.concat([plain, more]);
      } else if (action === 4) {
        const back = bytes();
        input.unshift(back);
        plain = Buffer.concat([back, plain]);
      } else if (action === 5) {
        took(input.take(size), size);
      } else if (action === 6 && plain.length > 0) {
        const chunk = input.takeChunk(1 + below(50));
        took(chunk, chunk.length);
      } else if (action === 7) {
        expect(input.takeText(size, 'latin1')).toBe(plain.toString('latin1', 0, size));
        plain = plain.subarray(size);
      } else if (action === 8) {
        input.skip(size);
        plain = plain.subarray(size);
      } else if (size < plain.length) {
        expect(input.at(size)).toBe(plain[size]);
        expect(input.copy(size).equals(plain.subarray(0, size))).toBe(true);
        const delimiter = Buffer.from('abcab'.slice(0, 1 + below(5)));
        expect(input.indexOf(delimiter, size)).toBe(plain.indexOf(delimiter, size));
        expect(input.indexOf(delimiter, 0)).toBe(plain.indexOf(delimiter));
      }
      expect(input.length).toBe(plain.length);
    }
    // What was given away is the caller's: nothing that came later has changed it.
    for (const [part, text] of given) expect(part.toString('latin1')).toBe(text);
  });

  test('has few chunks, however small the pieces are that come', () => {
    const input = new Input();
    for (let i = 0; i < 100_000; i += 1) input.push(Buffer.from([i & 255]));
    expect((Reflect.get(input, 'chunks') as Buffer[]).length).toBeLessThan(20);
    expect(input.take(100_000).every((byte, i) => byte === (i & 255))).toBe(true);
  });

  test('does not keep the chunks that were taken', () => {
    const input = new Input();
    for (let i = 0; i < 1000; i += 1) {
      input.push(Buffer.alloc(2000));
      input.push(Buffer.alloc(2000));
      input.skip(i === 0 ? 2000 : 4000);
    }
    expect((Reflect.get(input, 'chunks') as Buffer[]).length).toBeLessThan(70);
  });
});
