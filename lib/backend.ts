import type * as fallback from './fallback/index';
import type * as native from './net';
import { lazily } from './internal/base/builtins';
import { loaded } from './internal/native/loader';

/** `'native'` if uvnet's native code is in use, `'node'` if it is `node:net`. */
export const backend: 'native' | 'node' = loaded.binding !== undefined ? 'native' : 'node';

/**
 * The implementation behind the entry points: uvnet's native code, or `node:net` if that could not
 * be loaded.
 */
/* eslint-disable @typescript-eslint/no-require-imports -- one of the two is loaded */
export const implementation = lazily(() =>
  loaded.binding === undefined
    ? ((require('./fallback/index') as typeof fallback).fallBack(loaded.reason!) as typeof native)
    : (require('./net') as typeof native),
);
