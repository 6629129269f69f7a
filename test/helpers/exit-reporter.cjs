'use strict';

// Ends a jest process that something keeps alive after its last test: a leak must be a failure, not a hang.

const graceMilliseconds = 10_000;

module.exports = class ExitReporter {
  onRunComplete() {
    // The timer itself keeps nothing alive: it fires only if something else does.
    setTimeout(() => {
      console.error(
        `jest is still alive ${graceMilliseconds / 1000} s after its last test; open libuv handles:`,
      );
      const { libuv } = process.report.getReport();
      console.error(libuv.filter((handle) => handle.is_active && handle.is_referenced));
      process.exit(1);
    }, graceMilliseconds).unref();
  }
};
