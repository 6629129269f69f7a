import { kOnWriteError } from './handle-events';
import { binding } from './binding';
import { handleOf } from './handle';
import { WRITE_GATHERED } from './native-types';
import { whenExiting } from '../base/exiting';

/** Writes that are gathered until the turn of the event loop is over, and then leave in one call. */

let exitHooked = false;

/** Schedules the end of this turn's gathering if `status` asks for it. */
export function afterWrite(status: number): number {
  if (status !== WRITE_GATHERED) return status;
  if (!exitHooked) {
    exitHooked = true;
    // What is written from the exit on, when no tick will run any more, leaves at once.
    whenExiting(() => reportFailures(binding.stopGathering()));
  }
  process.nextTick(flushGathered);
  return 0;
}

/** Sends what the writes of this turn have gathered. */
export function flushGathered(): void {
  reportFailures(binding.flushAll());
}

function reportFailures(failures: number[] | undefined): void {
  if (failures === undefined) return;
  for (let i = 0; i < failures.length; i += 2) {
    handleOf(failures[i])?.owner?.[kOnWriteError](failures[i + 1]);
  }
}
