import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const root = path.resolve(__dirname, '../..');

/** The text that bench/lib/terminal.mjs makes of results. */
function table(results: unknown[]): string[] {
  const module = pathToFileURL(path.join(root, 'bench/lib/terminal.mjs')).href;
  const script = `import { formatTable } from ${JSON.stringify(module)};
    console.log(formatTable(${JSON.stringify(results)}));`;
  return execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
    .trimEnd()
    .split('\n');
}

test('the table of the benchmark fits 80 columns, with large figures and remarks as well', () => {
  const of = (median: number): object => ({ median, low: median * 0.9, high: median * 1.1 });
  const subject = {
    errors: ['it failed', 'again'],
    perSecond: of(1_234_567),
    p50: of(1234),
    p99: of(12_345),
    serverBusy: of(0.5),
    serverWait: of(0.3),
    loadBusy: of(0.99),
  };
  const lines = table([
    {
      title: 'relay() against pipe(), a connection each',
      id: 'relay-connections',
      unit: 'µs/op',
      target: 0.85,
      subjects: [
        { ...subject, id: 'baseline', label: 'node:net', value: of(9999), ratio: undefined },
        { ...subject, id: 'impl', label: 'uvnet', value: of(8888), ratio: of(0.88) },
        { ...subject, id: 'bun', label: 'Bun.listen', value: of(7777), ratio: of(10.77) },
      ],
    },
  ]);
  expect(lines.filter((line) => [...line].length > 80)).toEqual([]);
  expect(lines[1]).toBe(
    'relay() against pipe(), a connection each (relay-connections), cost in µs/op',
  );
  const [header = '', , first = ''] = lines;
  expect([...first]).toHaveLength([...header].length);
});
