// Callbacks of the native code get as many arguments as it can pass.
import { readFileSync } from 'node:fs';
import path from 'node:path';

import { reporting } from '../../lib/internal/native/report';

const header = path.resolve(__dirname, '../../native/env/js_call.h');

test('a callback that reports exceptions passes on as many arguments as the native code', () => {
  const [, most] = /kMaxArguments = (\d+);/.exec(readFileSync(header, 'utf8'))!;
  const given = Array.from({ length: Number(most) + 1 }, (_, index) => index);
  let seen: unknown[] = [];
  reporting((...args: unknown[]) => void (seen = args))(...(given as [number]));
  expect(seen).toEqual(given.slice(0, -1));
});
