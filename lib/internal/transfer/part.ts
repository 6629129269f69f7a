import type * as functions from './functions';
import { lazyPart } from '../base/parts';

/** Features that few connections use; see functions.ts. */
// eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would load it at once
export const transferPart = lazyPart(() => require('./functions') as typeof functions);
