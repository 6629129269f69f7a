/** What it takes to connect to a name, or with a race; loaded at the first such connect. */
export { isFamily, lookupAll, lookupBoth, lookupOne, queryOf } from './lookup';
export { Race } from './race';
