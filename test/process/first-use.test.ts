import { fewDescriptors, runChild } from '../helpers/child';
import { uvnet } from '../helpers/implementations';

/** What a program loads when it uses uvnet for the first time. */

test('neither uvnet nor a connect to an IP address loads node:net', async () => {
  const { stdout, stderr } = await runChild(uvnet!, ({ net }) => {
    const { moduleLoadList } = process as unknown as { moduleLoadList: string[] };
    net.connect(1, '127.0.0.1').on('error', () => {
      // Asked before process.stdout is made, which is a socket of node:net.
      const loaded = moduleLoadList.includes('NativeModule net');
      process.stdout.write(String(loaded));
    });
  });
  expect([stdout, stderr]).toEqual(['false', '']);
});

test('a listen outside of a cluster does not load node:cluster', async () => {
  const { stdout, stderr } = await runChild(uvnet!, ({ net }) => {
    const { moduleLoadList } = process as unknown as { moduleLoadList: string[] };
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      process.stdout.write(String(moduleLoadList.includes('NativeModule cluster')));
      server.close();
    });
  });
  expect([stdout, stderr]).toEqual(['false', '']);
});

test('a first listen without a free descriptor is an error event, and a later one works', async () => {
  const { stdout, stderr } = await runChild(
    uvnet!,
    ({ net, takeDescriptors }) => {
      process.stdout.write('');
      const release = takeDescriptors();
      const server = net.createServer();
      server.once('error', ({ code }: any) => {
        release();
        server.listen(0, () => {
          process.stdout.write(`${code} listening`);
          server.close();
        });
      });
      server.listen(0);
    },
    { under: fewDescriptors },
  );
  expect([stdout, stderr]).toEqual(['EMFILE listening', '']);
});
