// Names that resemble options and handlers of uvnet: each is reported once.
import { describeUvnet } from '../helpers/uvnet';
import { runChild } from '../helpers/child';
import path from 'node:path';

const lean = path.resolve(__dirname, '../../dist/lean.js');

describeUvnet('a name that is nearly one of uvnet', (implementation) => {
  test('is reported with one warning, wherever it is given', async () => {
    const { stdout } = await runChild(
      implementation as never,
      ({ net: given, require: load, args: [leanPath] }) => {
        const net = given as any;
        const { listen, connect } = load(leanPath as string) as any;
        const warnings: string[] = [];
        process.on('warning', ({ name, message }) => {
          if (name === 'UvnetWarning') warnings.push(message);
        });
        for (let i = 0; i < 2; i++) {
          net.createServer({ proxyProtocl: 'required', maxConnectionsPerAdress: 1 });
          net.createServer().listen({ port: 0, replaceStal: true }, function (this: any) {
            this.close();
          });
          new net.Socket({ receiveDesciptors: true });
          const target = { port: 1, host: '127.0.0.1' };
          net.connect({ ...target, dualLookpu: true }).on('error', () => {});
          net.connect({ ...target, bindtodevice: 'lo' }).on('error', () => {});
          void listen({ port: 0, host: '127.0.0.1' }, { onDrian() {} }).close();
          connect(target, { clsoe() {} }).catch(() => {});
        }
        // These resemble no name, are short, or belong to other libraries.
        net.createServer({
          handler: () => {},
          node: 1,
          headers: {},
          agent: 1,
          rejectUnauthorized: true,
        });
        net
          .connect({ port: 1, host: '127.0.0.1', method: 'GET', lookup: undefined })
          .on('error', () => {});
        setImmediate(() => console.log(JSON.stringify(warnings)));
      },
      { args: [lean] },
    );
    const told = (JSON.parse(stdout) as string[]).map((text) => text.match(/'\w+'/g)!.join(' '));
    expect(told.sort()).toEqual(
      [
        "'Drian' 'drain'",
        "'bindtodevice' 'bindToDevice'",
        "'clsoe' 'close'",
        "'dualLookpu' 'dualLookup'",
        "'receiveDesciptors' 'receiveDescriptors'",
        "'maxConnectionsPerAdress' 'maxConnectionsPerAddress'",
        "'proxyProtocl' 'proxyProtocol'",
        "'replaceStal' 'replaceStale'",
      ].sort(),
    );
  });
});
