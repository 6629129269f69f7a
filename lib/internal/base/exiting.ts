/**
 * Calls the function when the process exits. If the process is exiting already, it calls it now,
 * because no tick will run any more.
 */
export function whenExiting(stop: () => void): void {
  if ((process as { _exiting?: boolean })._exiting === true) stop();
  else process.once('exit', stop);
}
