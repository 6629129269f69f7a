'use strict';

// The jest environment under Wine. It records the start and the end of every case. If a case hangs
// or crashes, another process continues the file after it. Other systems check for open handles,
// because process.report takes seconds under Wine.

const { appendFileSync, readFileSync } = require('node:fs');

const { TestEnvironment } = require('jest-environment-node');

const log = process.env.UVNET_TEST_LOG;

/** The cases that started in an earlier process, with their numbers. */
const begun = readFileSync(log, 'utf8')
  .split('\n')
  .filter(Boolean)
  .map((line) => JSON.parse(line).begun)
  .filter(Boolean);

/** Cases that cannot hold on Windows, by regular expressions. */
const leftOut = JSON.parse(process.env.UVNET_TEST_LEFT_OUT).map((text) => new RegExp(text));

function nameOf(test) {
  const names = [];
  for (let at = test; at.parent; at = at.parent) names.unshift(at.name);
  return names.join(' › ');
}

module.exports = class WineEnvironment extends TestEnvironment {
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
