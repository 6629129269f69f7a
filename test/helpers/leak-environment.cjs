'use strict';

// The jest environment of all tests.
//
// A sanitizer that is preloaded into this process stays here: other programs do not get it unless a
// test requests it (`addonEnvironment`). Debian's curl and wget hang in setlocale() under ASan's
// runtime.
//
// After a test and its afterEach hooks, no TCP, pipe or poll handle may be open that was not open
// when the test started. The list of handles comes from the process's own report, so it includes
// those of node:net, uvnet and the addon. A hook in a setup file would run before the hooks of the
// test file have cleaned up; the events of the environment come after them. On Windows, the report does not say which
// handles are open.
//
// Cases that this platform cannot run are skipped (scripts/lib/left-out.mjs).

const path = require('node:path');

const { TestEnvironment } = require('jest-environment-node');

const { leaveOut } = require('./left-out.cjs');

const root = path.resolve(__dirname, '../..');
const isWindows = process.platform === 'win32';

delete process.env.LD_PRELOAD;

// These are made when they are first used, and belong to no test.
void process.stdout;
void process.stderr;

/** How long handles may take to close; closing takes a turn or two of the event loop. */
const graceMilliseconds = 1000;

const watched = new Set(['tcp', 'pipe', 'poll']);

/** The open handles by address. A closing handle has no file descriptor any more. */
function openHandles() {
  const handles = new Map();
  if (isWindows) return handles;
  for (const handle of process.report.getReport().libuv) {
    if (watched.has(handle.type) && handle.fd !== undefined) handles.set(handle.address, handle);
  }
  return handles;
}

function describe({ type, fd, localEndpoint, remoteEndpoint }) {
  const show = (end) => (typeof end === 'object' ? end && `${end.host}:${end.port}` : end) || '-';
  return `  ${type} fd ${fd}, local ${show(localEndpoint)}, remote ${show(remoteEndpoint)}`;
}

module.exports = class LeakEnvironment extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    this.file = path.relative(root, context.testPath).replaceAll('\\', '/');
    this.leftOut = [];
  }

  async setup() {
    await super.setup();
    const { leftOutHere } = await import('../../scripts/lib/left-out.mjs');
    const { leftOut } = await leftOutHere();
    this.leftOut = leftOut.filter(({ file }) => file === this.file);
  }

  async handleTestEvent(event, state) {
    if (event.name === 'run_start') {
      leaveOut(state.rootDescribeBlock, this.leftOut);
    } else if (event.name === 'test_start') {
      this.before = openHandles();
    } else if (event.name === 'test_done' && event.test.errors.length === 0) {
      const leaked = await this.leakedHandles();
      if (leaked.length > 0) {
        const error = new Error(
          `handles left open by this test:\n${leaked.map(describe).join('\n')}`,
        );
        error.stack = `Error: ${error.message}`;
        event.test.errors.push(error);
      }
    }
  }

  async leakedHandles() {
    const deadline = Date.now() + graceMilliseconds;
    for (;;) {
      const leaked = [...openHandles()].filter(([address]) => !this.before.has(address));
      if (leaked.length === 0 || Date.now() > deadline) return leaked.map(([, handle]) => handle);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
};
