import { thrownBy } from '../helpers/errors';
import { nextEvent } from '../helpers/events';
import { lean } from '../helpers/relaying';
import { endpointOf } from '../helpers/scope';
import { describeUvnet } from '../helpers/uvnet';

const { proxyHeader } = lean;

type Socket = import('../../lib/index').Socket;

const client = {
  remoteAddress: '192.0.2.1',
  remotePort: 40_000,
  localAddress: '198.51.100.9',
  localPort: 443,
};
const client6 = { ...client, remoteAddress: '2001:db8::1', localAddress: '2001:db8::2' };

describeUvnet('proxyHeader', ({ net, scope }) => {
  test('version 1 is a line', () => {
    const line = (of: object): string => proxyHeader(of, { version: 1 }).toString();
    expect(line(client)).toBe('PROXY TCP4 192.0.2.1 198.51.100.9 40000 443\r\n');
    expect(line(client6)).toBe('PROXY TCP6 2001:db8::1 2001:db8::2 40000 443\r\n');
    expect(line({})).toBe('PROXY UNKNOWN\r\n');
    expect(line({ ...client, localAddress: '::1' })).toBe('PROXY UNKNOWN\r\n');
  });

  test('version 2 is binary and is the default', () => {
    const signature = '0d0a0d0a000d0a515549540a';
    expect(proxyHeader(client).toString('hex')).toBe(
      `${signature}2111000cc0000201c63364099c4001bb`,
    );
    expect(proxyHeader({}).toString('hex')).toBe(`${signature}21000000`);
    expect(proxyHeader(client)).toEqual(proxyHeader(client, { version: 2 }));
  });

  describe.each([1, 2] as const)('a server of uvnet that reads version %i', (version) => {
    const told = async (of: object): Promise<Socket> => {
      const server = scope.trackServer(net.createServer({ proxyProtocol: 'required' }) as never);
      await scope.listen(server);
      const accepted = nextEvent(server, 'connection');
      scope.connect(endpointOf(server)).write(proxyHeader(of, { version }));
      const [socket] = (await accepted) as [Socket];
      return socket;
    };

    test.each([
      ['IPv4', client, client],
      ['IPv6', client6, client6],
      [
        'IPv4 on a socket of both families',
        { ...client, remoteAddress: '::ffff:192.0.2.1', localAddress: '::FFFF:198.51.100.9' },
        client,
      ],
      ['link-local', { ...client6, remoteAddress: 'fe80::1%lo' }, { remoteAddress: 'fe80::1' }],
    ])('gets the addresses of %s', async (_, of, expected) => {
      const socket = await told(of);
      expect(socket).toMatchObject(expected);
      expect(socket.proxyInfo).toMatchObject({ version, command: 'proxy' });
    });

    test('accepts a header without addresses', async () => {
      const socket = await told({});
      expect(socket.proxyInfo).toMatchObject({ version });
      expect(socket.remoteAddress).toBe('127.0.0.1');
    });
  });

  test('wrong arguments are rejected', () => {
    expect(thrownBy(() => proxyHeader(null as never)).code).toBe('ERR_INVALID_ARG_TYPE');
    expect(thrownBy(() => proxyHeader({}, { version: 3 as never })).code).toBe(
      'ERR_INVALID_ARG_VALUE',
    );
  });
});
