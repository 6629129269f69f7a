// Random reads of random bytes in random pieces, against a plain model: the text that is left.
import type { Framing } from '../../lib/promises';
import { nextEvent } from '../helpers/events';
import { modelTests } from '../helpers/model';
import { describePromises, rejection, type Stream } from '../helpers/promises';
import { Random } from '../helpers/random';

const tests = modelTests({ steps: 6000, stepsOfOne: 60, onesOfTest: 10 });

/** What is left to be read, as the model knows it. */
class Model {
  rest: string;

  constructor(text: string) {
    this.rest = text;
  }

  take(size: number): string {
    const taken = this.rest.slice(0, size);
    this.rest = this.rest.slice(size);
    return taken;
  }
}

type Step = (stream: Stream, model: Model, random: () => number) => Promise<void>;

function randomFrom(seed: number): () => number {
  const source = new Random(seed);
  return () => source.next();
}

const below = (random: () => number, limit: number): number => Math.floor(random() * limit);

const steps: Step[] = [
  async function read(stream, model, random) {
    const max = 1 + below(random, 50);
    const bytes = await stream.read(random() < 0.5 ? undefined : max);
    if (model.rest === '') expect(bytes).toBe(null);
    else expect(String(bytes)).toBe(model.take(bytes!.length));
  },
  async function readExactly(stream, model, random) {
    const size = below(random, 60);
    const reading = stream.readExactly(size);
    if (size <= model.rest.length) expect(String(await reading)).toBe(model.take(size));
    else {
      const { partial } = (await rejection(reading)) as unknown as { partial: Buffer };
      expect(String(partial)).toBe(model.take(size));
    }
  },
  async function readUntil(stream, model, random) {
    const delimiter = ['\n', '\r\n', 'aa', 'aba'][below(random, 4)]!;
    const includeDelimiter = random() < 0.5;
    const max = below(random, 60);
    const at = model.rest.indexOf(delimiter);
    const reading = stream.readUntil(delimiter, { includeDelimiter, max });
    const before = at < 0 ? model.rest.length - delimiter.length + 1 : at;
    if (before > max) {
      expect(await rejection(reading)).toMatchObject({ code: 'ERR_UVNET_MESSAGE_TOO_LONG' });
    } else if (at < 0) {
      const { partial } = (await rejection(reading)) as unknown as { partial: Buffer };
      expect(String(partial)).toBe(model.take(Infinity));
    } else {
      const taken = model.take(at + delimiter.length);
      expect(String(await reading)).toBe(includeDelimiter ? taken : taken.slice(0, at));
    }
  },
  async function readLine(stream, model) {
    const line = await stream.readLine();
    if (model.rest === '') expect(line).toBe(null);
    else {
      const at = model.rest.indexOf('\n');
      const taken = model.take(at < 0 ? Infinity : at + 1);
      expect(line).toBe(taken.replace(/\n$/, '').replace(/\r$/, ''));
    }
  },
  async function lines(stream, model, random) {
    let left = below(random, 4);
    for await (const line of stream.lines()) {
      const at = model.rest.indexOf('\n');
      const taken = model.take(at < 0 ? Infinity : at + 1);
      expect(line).toBe(taken.replace(/\n$/, '').replace(/\r$/, ''));
      if ((left -= 1) < 0) break;
    }
  },
  async function messages(stream, model, random) {
    const framing: Framing =
      random() < 0.5
        ? { type: 'fixed', size: 1 + below(random, 9) }
        : { type: 'delimiter', delimiter: random() < 0.5 ? '\n' : 'ab' };
    let left = below(random, 5);
    if (left === 0) {
      await stream.messages(framing).return!();
      return;
    }
    // The last bytes may be no whole message, which closes the connection.
    const whole =
      framing.type === 'fixed'
        ? Math.floor(model.rest.length / framing.size)
        : model.rest.split(framing.delimiter as string).length - 1;
    left = Math.min(left, whole - 1);
    if (left <= 0) return;
    for await (const message of stream.messages(framing)) {
      const size =
        framing.type === 'fixed' ? framing.size : model.rest.indexOf(framing.delimiter as string);
      expect(String(message)).toBe(model.take(size));
      if (framing.type !== 'fixed') model.take(framing.delimiter!.length);
      if ((left -= 1) === 0) break;
    }
  },
  async function peek(stream, model, random) {
    const size = below(random, 60);
    expect(String(await stream.peek(size))).toBe(model.rest.slice(0, size));
  },
  // eslint-disable-next-line @typescript-eslint/require-await -- a step is asynchronous
  async function unread(stream, model, random) {
    const text = 'ab\r\n'.repeat(2).slice(0, below(random, 8));
    stream.unread(Buffer.from(text));
    model.rest = text + model.rest;
  },
  async function abort(stream, model, random) {
    const controller = new AbortController();
    const size = below(random, 200);
    const reading = stream.readExactly(size, { signal: controller.signal });
    setImmediate(() => controller.abort());
    try {
      expect(String(await reading)).toBe(model.take(size));
    } catch (error) {
      const { code, partial } = error as { code: string; partial?: Buffer };
      if (code !== 'ABORT_ERR') expect(String(partial)).toBe(model.take(Infinity));
    }
  },
];

describePromises('random reads', ({ scope }) => {
  test.each(tests)('agree with the model, seeds $first to $last', async ({ first, last }) => {
    for (let seed = first; seed <= last; seed += 1) {
      const random = randomFrom(seed);
      let text = '';
      while (text.length < 2500) {
        text += ['a', 'b', 'aa', 'aba', '\n', '\r\n', '\r', 'xyz'][below(random, 8)];
      }
      const { stream, peer } = await scope.pair(
        { highWaterMark: 1 + below(random, 300), noDelay: true },
        random() < 0.5 ? 'tcp' : 'unix',
      );
      peer.setNoDelay?.();
      const model = new Model(text);
      const sending = (async () => {
        for (let at = 0; at < text.length;) {
          const size = 1 + below(random, random() < 0.8 ? 40 : 800);
          if (!peer.write(text.slice(at, at + size))) await nextEvent(peer, 'drain');
          at += size;
          if (random() < 0.5) await new Promise((resolve) => setImmediate(resolve));
        }
        peer.end();
      })();
      // Of its own, so that the steps do not depend on when bytes come.
      const choose = randomFrom(seed + 1_000_000);
      const done: string[] = [];
      for (let i = 0; i < 60; i += 1) {
        const step = steps[below(choose, steps.length)]!;
        done.push(step.name);
        try {
          await step(stream, model, choose);
        } catch (error) {
          throw new Error(`seed ${seed}, after ${done.join(', ')}`, { cause: error });
        }
      }
      for (let left = await stream.read(); left !== null; left = await stream.read()) {
        expect(String(left)).toBe(model.take(left.length));
      }
      expect(model.rest).toBe('');
      await sending;
      await stream.close();
      peer.destroy();
    }
  });
});
