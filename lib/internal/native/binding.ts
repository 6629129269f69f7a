import { loaded } from './loader';
import type { NativeBinding } from './native-types';

/**
 * The native code. Only modules that are loaded for the native backend may use it.
 *
 * Its methods are looked up in what it inherits from: V8 keeps an object that native code has filled
 * as a hash table, and one that is a prototype with methods that compiled code takes for constants.
 */
export const binding = Object.create(loaded.binding ?? null) as NativeBinding;
