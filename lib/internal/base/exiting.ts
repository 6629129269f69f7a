/** Calls the function when the process exits, or now if it does already: no tick runs any more then. */
export function whenExiting(stop: () => void): void {
  if ((process as { _exiting?: boolean })._exiting === true) stop();
  else process.once('exit', stop);
}
