'use strict';

// The jest environment under an emulator. Every case is written down when it begins and when it has ended, so that
// a case that hangs or crashes is known, and the file goes on behind it in another process. The check for
// open handles is left to other systems: process.report takes seconds here.

const { appendFileSync, readFileSync } = require('node:fs');

const { TestEnvironment } = require('jest-environment-node');

const { nameOf } = require('../../test/helpers/left-out.cjs');

const log = process.env.UVNET_TEST_LOG;

/** Those that began in an earlier process, as often as they are named. */
const begun = readFileSync(log, 'utf8')
  .split('\n')
  .filter(Boolean)
  .map((line) => JSON.parse(line).begun)
  .filter(Boolean);

/** Cases that cannot hold there, by regular expressions. */
const leftOut = JSON.parse(process.env.UVNET_TEST_LEFT_OUT).map((text) => new RegExp(text));

module.exports = class ForeignEnvironment extends TestEnvironment {
  handleTestEvent({ name: event, test }) {
    const note = (entry) => appendFileSync(log, `${JSON.stringify(entry)}\n`);
    if (event === 'test_start') {
      const name = nameOf(test);
      const earlier = begun.indexOf(name);
      if (earlier >= 0) {
        begun.splice(earlier, 1);
        test.mode = 'skip';
      } else if (leftOut.some((pattern) => pattern.test(name))) {
        test.mode = 'skip';
        note({ begun: name });
        note({ ended: name, leftOut: true });
      } else {
        note({ begun: name });
      }
    } else if (event === 'test_skip') {
      note({ ended: nameOf(test), skipped: true });
    } else if (event === 'test_done') {
      const [error] = test.errors.flat().filter(Boolean);
      note({ ended: nameOf(test), error: error && String(error.message ?? error) });
    } else if (event === 'run_finish') {
      note({ finished: true });
    }
  }
};
