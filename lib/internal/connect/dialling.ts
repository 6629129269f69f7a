/** What it takes to connect; loaded at the first connect, since most servers never do (see later.ts). */
export { dialPipe, dialTcp } from './dial';
export { isObserved, noteConnect } from './net-entries';
