import type * as dial from './dial';
import { lazyPart } from '../base/parts';

/** The code for connecting; see dial.ts. */
// eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would load it at once
export const diallingPart = lazyPart(() => require('./dial') as typeof dial);
