// What Windows cannot do fails with one clear error. `npm run test:windows` runs these cases.
import nodeNet, { type Server, type Socket } from 'node:net';

import { thrownBy } from '../helpers/errors';
import { nextEvent } from '../helpers/events';
import { endpointOf, Scope, transports } from '../helpers/scope';
import { uvnet } from '../helpers/implementations';

const describeWindows =
  process.platform === 'win32' && uvnet !== undefined ? describe : describe.skip;

type WithHandle = { _handle: object };

describeWindows('handles of node:net on Windows', () => {
  const net = uvnet!.net;
  const scope = new Scope(nodeNet);
  afterEach(() => scope.dispose());

  const refusal = { name: 'TypeError', code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM' };

  test.each(transports)(
    'listen() refuses them and leaves their server listening (%s)',
    async (transport) => {
      const owner = await scope.listen(scope.server(), scope.listenOptions(transport));
      const { _handle: handle } = owner as Server & WithHandle;
      for (const given of [handle, { handle }, owner]) {
        const server = new net.Server();
        expect(thrownBy(() => server.listen(given as never))).toMatchObject(refusal);
        expect(server.listening).toBe(false);
      }
      const accepted = nextEvent(owner, 'connection');
      await nextEvent(scope.connect(endpointOf(owner)), 'connect');
      await accepted;
    },
  );

  test.each(transports)(
    'new Socket() refuses them and leaves their connection open (%s)',
    async (transport) => {
      const { client, peer } = await scope.pair({ transport });
      const { _handle: handle } = client as Socket & WithHandle;
      expect(thrownBy(() => new net.Socket({ handle } as never))).toMatchObject(refusal);
      client.write('still there');
      const [chunk] = (await nextEvent(peer, 'data')) as [Buffer];
      expect(chunk.toString()).toBe('still there');
    },
  );
});
