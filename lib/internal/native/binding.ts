import { loaded } from './loader';
import type { NativeBinding } from './native-types';

/**
 * The native methods. Only modules that are loaded for the native backend may use them.
 *
 * The methods are on the prototype of this object. V8 stores an object that native code has filled
 * as a hash table. If this object is a prototype, compiled code treats its methods as constants.
 */
export const binding = Object.create(loaded.binding ?? null) as NativeBinding;

/** The libuv status (a negative number) for the name of an error, on this platform. */
export function errnoByName(name: string): number {
  return binding.errnoByName(name);
}

/** Two numbers that a native method can return in addition to its result. */
export const nativeState = new Int32Array(2);

/**
 * A native id combines a slot of the native table with a generation of that slot
 * (native/env/id_table.h). So an old id never refers to a newer object in the same slot. Tables in
 * JavaScript are indexed by slot.
 */
const SLOTS = 2 ** 21;

/** `id & SLOT` is the slot. */
export const SLOT = SLOTS - 1;
