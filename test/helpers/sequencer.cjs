'use strict';

// Distributes the test files over the processes of a divided run, so that each takes about the same
// time. All processes get the same durations from scripts/lib/test-parts.mjs, so that their
// selections fit together.

const path = require('node:path');

const { default: Sequencer } = require('@jest/test-sequencer');

const root = path.resolve(__dirname, '../..');
const durations = JSON.parse(process.env.UVNET_TEST_DURATIONS ?? '{}');
const usualMilliseconds = 1000;

const weight = (test) => durations[path.relative(root, test.path)] ?? usualMilliseconds;

module.exports = class ShardSequencer extends Sequencer {
  shard(tests, { shardIndex, shardCount }) {
    const sums = new Array(shardCount).fill(0);
    const byWeight = [...tests].sort((a, b) => weight(b) - weight(a) || (a.path < b.path ? -1 : 1));
    return byWeight.filter((test) => {
      const least = sums.indexOf(Math.min(...sums));
      sums[least] += weight(test);
      return least === shardIndex - 1;
    });
  }
};
