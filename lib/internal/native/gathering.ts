import { kOnWriteError } from './handle-events';
import { binding } from './binding';
import { handleOf } from './handle';
import { WRITE_GATHERED } from './native-types';
import { whenExiting } from '../base/exiting';

/**
 * Gathered writes: they wait until the end of the turn of the event loop, and then leave in one
 * call.
 */

let exitHooked = false;

/** Schedules the flush at the end of this turn, if `status` requests it. */
export function afterWrite(status: number): number {
  if (status !== WRITE_GATHERED) return status;
  if (!exitHooked) {
    exitHooked = true;
    // During the exit no tick runs any more, so writes leave at once.
    whenExiting(() => reportFailures(binding.stopGathering()));
  }
  process.nextTick(flushGathered);
  return 0;
}

/** Sends the gathered writes of this turn. */
export function flushGathered(): void {
  reportFailures(binding.flushAll());
}

function reportFailures(failures: number[] | undefined): void {
  if (failures === undefined) return;
  for (let i = 0; i < failures.length; i += 2) {
    handleOf(failures[i])?.owner?.[kOnWriteError](failures[i + 1]);
  }
}
