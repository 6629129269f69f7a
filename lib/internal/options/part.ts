import type * as methods from './option-methods';
import { lazyPart } from '../base/parts';

/** Socket options, and the kernel's statistics of a connection; see option-methods.ts. */
// eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would load it at once
export const optionsPart = lazyPart(() => require('./option-methods') as typeof methods);
