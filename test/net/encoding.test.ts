import { thrownBy } from '../helpers/errors';
import { nextEvent } from '../helpers/events';
import { describeNet } from '../helpers/implementations';
import { endpointOf } from '../helpers/scope';
import { readAll } from '../helpers/streams';

const TEXT = 'plain, größer, 漢字, 🎉, \u0000 and \ud800 alone';

describeNet('encodings', ({ net, scope }) => {
  describe('of written strings', () => {
    test.each([
      'utf8',
      'utf-8',
      'UTF8',
      'latin1',
      'binary',
      'ascii',
      'ucs2',
      'ucs-2',
      'utf16le',
      'utf-16le',
    ] as BufferEncoding[])('%s has the bytes that Buffer makes of it', async (encoding) => {
      const { client, peer } = await scope.pair();
      const received = readAll(peer);
      client.write(TEXT, encoding);
      client.end(TEXT, encoding);
      expect((await received).toString('hex')).toBe(
        Buffer.concat([Buffer.from(TEXT, encoding), Buffer.from(TEXT, encoding)]).toString('hex'),
      );
      expect(client.bytesWritten).toBe(2 * Buffer.byteLength(TEXT, encoding));
    });

    test.each([
      ['hex', '00ff10zz20'],
      ['hex', 'abc'],
      ['base64', 'AAEC/w=='],
      ['base64', 'AAEC_w'],
      ['base64url', 'AAEC_w'],
    ] as [BufferEncoding, string][])(
      '%s has the bytes that Buffer makes of %s',
      async (encoding, text) => {
        const { client, peer } = await scope.pair();
        const received = readAll(peer);
        client.end(text, encoding);
        expect((await received).toString('hex')).toBe(Buffer.from(text, encoding).toString('hex'));
      },
    );

    test('is utf8 if none, null or undefined is given', async () => {
      for (const args of [[], [undefined], [null]]) {
        const { client, peer } = await scope.pair();
        const received = readAll(peer);
        Reflect.apply(client.write, client, [TEXT, ...args]);
        client.end();
        expect((await received).equals(Buffer.from(TEXT))).toBe(true);
      }
    });

    test('setDefaultEncoding() sets the encoding of later writes', async () => {
      const { client, peer } = await scope.pair();
      const received = readAll(peer);
      client.setDefaultEncoding('hex');
      client.end('0aff');
      expect([...(await received)]).toEqual([0x0a, 0xff]);
    });

    test('an unknown encoding is refused', async () => {
      const { client } = await scope.pair();
      expect(thrownBy(() => client.write('x', 'nonsense' as BufferEncoding))).toEqual({
        name: 'TypeError',
        code: 'ERR_UNKNOWN_ENCODING',
        message: 'Unknown encoding: nonsense',
      });
      expect(client.destroyed).toBe(false);
    });

    test('strings and buffers mixed in one tick keep their order', async () => {
      const { client, peer } = await scope.pair();
      const received = readAll(peer);
      client.write('ü');
      client.write('ü', 'latin1');
      client.write(Buffer.from([1, 2]));
      client.write('616263', 'hex');
      client.write('€', 'utf16le');
      client.end('ende');
      expect((await received).toString('hex')).toBe(
        Buffer.concat([
          Buffer.from('ü'),
          Buffer.from('ü', 'latin1'),
          Buffer.from([1, 2]),
          Buffer.from('abc'),
          Buffer.from('€', 'utf16le'),
          Buffer.from('ende'),
        ]).toString('hex'),
      );
    });

    test('halves of a surrogate pair in two corked strings are encoded separately', async () => {
      for (const encoding of ['utf8', 'utf16le'] as const) {
        const { client, peer } = await scope.pair();
        const received = readAll(peer);
        client.cork();
        client.write('a\ud83c', encoding);
        client.write('\udf89b', encoding);
        client.uncork();
        client.end();
        expect((await received).toString('hex')).toBe(
          Buffer.concat([
            Buffer.from('a\ud83c', encoding),
            Buffer.from('\udf89b', encoding),
          ]).toString('hex'),
        );
      }
    });

    test.each(['utf8', 'latin1', 'utf16le'] as const)(
      '%s sends corked strings of one encoding, of two, and empty ones',
      async (encoding) => {
        const { client, peer } = await scope.pair();
        const received = readAll(peer);
        const texts = ['', 'ü€', '', TEXT, 'x'.repeat(20_000), 'ende'];
        for (const other of [encoding, 'latin1'] as const) {
          client.cork();
          for (const text of texts) client.write(text, encoding);
          client.write('ß', other);
          client.uncork();
        }
        client.cork();
        client.write('', encoding);
        client.write('', encoding);
        client.uncork();
        client.end();
        const all = Buffer.concat(texts.map((text) => Buffer.from(text, encoding)));
        expect((await received).toString('hex')).toBe(
          Buffer.concat([
            all,
            Buffer.from('ß', encoding),
            all,
            Buffer.from('ß', 'latin1'),
          ]).toString('hex'),
        );
        expect(client.bytesWritten).toBe(2 * all.length + Buffer.byteLength('ß', encoding) + 1);
      },
    );

    // Around the sizes up to which the native code encodes on its stack and into its area.
    test.each([16_383, 16_384, 16_385, 65_535, 65_536, 65_537])(
      'strings of %i units reach a peer that reads late',
      async (length) => {
        for (const letter of ['a', 'ü', '漢']) {
          const { client, peer } = await scope.pair();
          peer.pause();
          const texts = Array.from({ length: 60 }, (_, index) =>
            `${index}${letter.repeat(length)}`.slice(0, length),
          );
          for (const text of texts) client.write(text);
          client.end();
          const received = readAll(peer);
          peer.resume();
          const expected = Buffer.from(texts.join(''));
          expect((await received).equals(expected)).toBe(true);
          expect(client.bytesWritten).toBe(expected.length);
        }
      },
    );

    test('large strings of one and of two bytes per character arrive', async () => {
      for (const letter of ['a', 'ü', '漢', '🎉']) {
        const { client, peer } = await scope.pair();
        const received = readAll(peer);
        const text = letter.repeat(500_000);
        client.end(text);
        expect((await received).equals(Buffer.from(text))).toBe(true);
        expect(client.bytesWritten).toBe(Buffer.byteLength(text));
      }
    });
  });

  describe('setEncoding', () => {
    test('gives strings, whole characters only', async () => {
      const { client, peer } = await scope.pair();
      expect(peer.setEncoding('utf8')).toBe(peer);
      const chunks: unknown[] = [];
      peer.on('data', (chunk) => chunks.push(chunk));
      const ended = nextEvent(peer, 'end');
      for (const byte of Buffer.from('ü€🎉')) {
        await new Promise<void>((resolve) => {
          client.write(Buffer.from([byte]), () => resolve());
        });
      }
      client.end();
      await ended;
      expect(chunks.every((chunk) => typeof chunk === 'string')).toBe(true);
      expect(chunks.join('')).toBe('ü€🎉');
      expect(peer.bytesRead).toBe(9);
    });

    test('an incomplete character at the end becomes the replacement character', async () => {
      const { client, peer } = await scope.pair();
      peer.setEncoding('utf8');
      let text = '';
      peer.on('data', (chunk: string) => (text += chunk));
      const ended = nextEvent(peer, 'end');
      client.end(Buffer.from([0x61, 0xe2, 0x82]));
      await ended;
      expect(text).toBe('a\ufffd');
    });

    test('setEncoding() may be called before the connect', async () => {
      const server = await scope.listen(scope.server((peer) => peer.end('grüße')));
      const client = scope.track(new net.Socket());
      client.setEncoding('latin1');
      client.connect(endpointOf(server));
      let text = '';
      client.on('data', (chunk: string) => (text += chunk));
      await nextEvent(client, 'end');
      expect(text).toBe(Buffer.from('grüße').toString('latin1'));
    });

    test('setEncoding() takes hex and base64', async () => {
      for (const encoding of ['hex', 'base64'] as const) {
        const { client, peer } = await scope.pair();
        peer.setEncoding(encoding);
        let text = '';
        peer.on('data', (chunk: string) => (text += chunk));
        const ended = nextEvent(peer, 'end');
        client.end(Buffer.from('hello'));
        await ended;
        expect(text).toBe(Buffer.from('hello').toString(encoding));
      }
    });
  });
});
