const path = require('node:path');
const { default: Sequencer } = require('@jest/test-sequencer');

/** Short to read and long to run: Jest goes by a file's size until it has seen it run, as on every fresh machine. */
const long = [
  'payments/agreement',
  'seeds/demo',
  'bench/orders',
  'bench/reconcile',
  'bench/logs',
  'bench/wall',
  'channels/new-channel',
  'faults/flood',
].map((name) => path.join(__dirname, `${name}.test.ts`));

module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    const rank = (test) => (test.duration === undefined && long.includes(test.path) ? 1 : 0);
    return super.sort(tests).sort((one, other) => rank(other) - rank(one));
  }
};
