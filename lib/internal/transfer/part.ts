import type * as moves from './moves';
import { lazyPart } from '../base/parts';

/** What few connections do; see moves.ts. */
// eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would load it at once
export const movesPart = lazyPart(() => require('./moves') as typeof moves);
