// Block lists that threads share.
import { once } from 'node:events';
import { MessageChannel, Worker } from 'node:worker_threads';
import { BlockList } from '../../lib/internal/block-list/block-list';
import { loaded } from '../../lib/internal/native/loader';

/** Acts when a worker says that it runs. Returns all that it says until it ends. */
async function whileRunning(worker: Worker, act: () => void): Promise<unknown[]> {
  const messages: unknown[] = [];
  worker.on('message', (message) => {
    messages.push(message);
    if (message === 'running') act();
  });
  await once(worker, 'exit');
  return messages;
}

describe('tokens', () => {
  test('refer to the same list', () => {
    const list = new BlockList();
    const token = list.share();
    expect(list.share()).toBe(token);
    const same = BlockList.from(structuredClone(token));
    same.addAddress('1.1.1.1');
    expect(list.check('1.1.1.1')).toBe(true);
    list.clear();
    expect(same.size).toBe(0);
    expect(BlockList.from(same.share()).share()).toBe(token);
    expect(() => BlockList.from('uvnet-block-list:0')).toThrow(
      'is not the token of a shared block list',
    );
    expect(() => BlockList.from(1 as never)).toThrow('must be of type string');
  });

  test('work in other threads, while the list changes', async () => {
    const list = new BlockList();
    list.addAddress('200.0.0.1');
    const worker = new Worker(
      `const { workerData, parentPort } = require('node:worker_threads');
       const binding = require(workerData.file);
       const owner = {};
       const id = binding.blockListFrom(owner, workerData.token);
       // One address is always on the list, one never; the others come and go.
       let wrong = 0;
       let hits = 0;
       for (let i = 0; i < 200000; i++) {
         if (binding.blockListCheck(id, '200.0.0.1', 4) !== 1) wrong++;
         if (binding.blockListCheck(id, '201.0.0.1', 4) !== 0) wrong++;
         hits += binding.blockListCheck(id, '10.0.' + (i & 255) + '.1', 4);
         if (i === 100) parentPort.postMessage('running');
       }
       binding.blockListAddress(id, false, '99.0.0.1', 4);
       parentPort.postMessage({ wrong, hits });`,
      { eval: true, workerData: { file: loaded.file, token: list.share() } },
    );
    const results = await whileRunning(worker, () => {
      for (let round = 0; round < 20; round++) {
        for (let i = 0; i < 256; i++) list.addSubnet(`10.0.${i}.0`, 24);
        list.addMany(Array.from({ length: 2000 }, (_, i) => `50.0.${i >> 8}.${i & 255}`));
        for (let i = 0; i < 256; i++) list.removeSubnet(`10.0.${i}.0`, 24);
      }
    });
    expect(results).toEqual(['running', { wrong: 0, hits: expect.any(Number) as number }]);
    expect(list.check('99.0.0.1')).toBe(true);
    expect(list.size).toBe(2002);
  });

  test('refer to a list that always has rules while it is replaced, posted, and shared again', async () => {
    const list = new BlockList();
    const rules = Array.from({ length: 5000 }, (_, i) => `50.${i & 7}.${i >> 8}.${i & 255}`);
    list.addMany([...rules, '200.0.0.1']);
    const stop = new Int32Array(new SharedArrayBuffer(4));
    const worker = new Worker(
      `const { workerData, parentPort } = require('node:worker_threads');
       const binding = require(workerData.file);
       const owner = {};
       const id = binding.blockListFrom(owner, workerData.token);
       parentPort.postMessage('running');
       let missed = 0;
       while (Atomics.load(workerData.stop, 0) === 0) {
         for (let i = 0; i < 1000; i++) missed += 1 - binding.blockListCheck(id, '200.0.0.1', 4);
       }
       parentPort.postMessage({ missed });`,
      { eval: true, workerData: { file: loaded.file, token: list.share(), stop } },
    );
    const results = await whileRunning(worker, () => {
      const { port1 } = new MessageChannel();
      for (let round = 0; round < 10; round++) {
        list.replaceMany([...rules.slice(round), '200.0.0.1']);
        port1.postMessage(list);
        list.share();
      }
      port1.close();
      Atomics.store(stop, 0, 1);
    });
    expect(results).toEqual(['running', { missed: 0 }]);
  });

  test('outlive the worker that made the list', async () => {
    const worker = new Worker(
      `const { workerData, parentPort } = require('node:worker_threads');
       const binding = require(workerData.file);
       const id = binding.blockListNew({});
       binding.blockListAddress(id, false, '1.2.3.4', 4);
       parentPort.postMessage(binding.blockListShare(id));`,
      { eval: true, workerData: { file: loaded.file } },
    );
    const [token] = await whileRunning(worker, () => {});
    expect(BlockList.from(token as string).check('1.2.3.4')).toBe(true);
  });
});
