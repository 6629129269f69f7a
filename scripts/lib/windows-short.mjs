// What npm run test:windows -- --short runs: what differs most on Windows, in files that end within seconds there.
// .ci/run has no time for more. All other files run every night.

export const shortSelection = [
  // What Windows refuses.
  'test/uvnet/windows.test.ts',
  // TCP and named pipes.
  'test/net/connect.test.ts',
  'test/net/data.test.ts',
  'test/net/destroy.test.ts',
  'test/net/end.test.ts',
  'test/net/listen.test.ts',
  'test/lean/closing.test.ts',
  'test/lean/events.test.ts',
  'test/lean/writing.test.ts',
];
