// Threads of a program whose main thread does not use uvnet.
import { runChild } from '../helpers/child';
import { uvnet } from '../helpers/implementations';

const linux = process.platform === 'linux' ? test : test.skip;

linux('the addon stays loaded when the last of them ends (/proc: Linux)', async () => {
  // Loading it once more would take the memory of its C++ runtime once more.
  const { stdout } = await runChild(
    { ...uvnet!, entry: 'node:net' },
    ({ require, args: [entry] }) => {
      const { Worker } = require('node:worker_threads') as typeof import('node:worker_threads');
      const { readFileSync } = require('node:fs') as typeof import('node:fs');
      const isLoaded = (): boolean =>
        readFileSync('/proc/self/maps', 'utf8').includes('uvnet.node');
      const before = isLoaded();
      new Worker(`require(${JSON.stringify(entry)})`, { eval: true }).on('exit', (code) => {
        console.log(before, code, isLoaded());
      });
    },
    { args: [uvnet!.entry] },
  );
  expect(stdout).toBe('false 0 true\n');
});
