// Every method and accessor of Socket, Server and their handles, called on other objects: it must
// throw or reject as in any JavaScript code, and never crash.
import { runChild } from '../helpers/child';
import type { Implementation } from '../helpers/implementations';
import { implementations } from '../helpers/implementations';

const rivals = implementations.map((each): [string, Implementation] => [each.name, each]);

describe.each(rivals)('borrowed methods on %s', (_, implementation) => {
  test.each(['Socket', 'Server', 'handle'])('never crash with a %s', async (what) => {
    const { code, signal, stdout } = await runChild(
      implementation,
      ({ net, args: [name] }) => {
        process.on('uncaughtException', () => {});
        process.on('unhandledRejection', () => {});
        let calls = 0;
        const callAll = (prototype: object): void => {
          const selves = [{}, null, 5, 'x', [], Object.create(prototype) as object, { id: -1 }];
          selves.push({ id: 0 }, { id: 1e9 }, { id: 'x' }, Object.create(null) as object);
          const lists = [
            [],
            ['x'],
            [Buffer.alloc(1), 'utf8', () => {}],
            [{}],
            [null],
            [1e9],
            [-1, -1],
          ];
          for (const key of Reflect.ownKeys(prototype)) {
            if (key === 'constructor') continue;
            const { value, get, set } = Object.getOwnPropertyDescriptor(prototype, key) ?? {};
            for (const method of [value, get, set] as unknown[]) {
              if (typeof method !== 'function') continue;
              for (const self of selves) {
                for (const list of lists) {
                  calls++;
                  try {
                    Promise.resolve(Reflect.apply(method, self, list)).catch(() => {});
                  } catch {
                    // An exception is an answer.
                  }
                }
              }
            }
          }
        };
        const server = net.createServer();
        server.listen(0, '127.0.0.1', () => {
          const { port } = server.address() as import('node:net').AddressInfo;
          const client = net.connect(port, '127.0.0.1', () => {
            if (name === 'Socket' || name === 'Server') {
              callAll((name === 'Socket' ? net.Socket : net.Server).prototype);
            } else {
              const handle = (client as unknown as { _handle: object })._handle;
              // The handles of node:net itself are not tested.
              const ours = (net as { backend?: string }).backend === 'native';
              calls++;
              for (let at: object | null = handle; ours && at && at !== Object.prototype;) {
                callAll(at);
                at = Object.getPrototypeOf(at) as object | null;
              }
            }
            setImmediate(() => {
              // The connection is as it was.
              server.on('connection', () => {});
              console.log(calls > 0 ? 'called' : 'nothing called', client.readyState);
              process.exit(0);
            });
          });
        });
      },
      { args: [what] },
    );
    expect({ code, signal, stdout }).toEqual({ code: 0, signal: null, stdout: 'called open\n' });
  });
});
