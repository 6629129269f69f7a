import { loaded } from './loader';
import type { NativeBinding } from './native-types';

/**
 * The native code. Only modules that are loaded for the native backend may use it.
 *
 * Its methods are looked up in what it inherits from: V8 keeps an object that native code has filled
 * as a hash table, and one that is a prototype with methods that compiled code takes for constants.
 */
export const binding = Object.create(loaded.binding ?? null) as NativeBinding;

/** libuv's status (a negative number) for an error's name, on this platform. */
export function errnoByName(name: string): number {
  return binding.errnoByName(name);
}

/** Two numbers a native method returns beside its result. */
export const nativeState = new Int32Array(2);

/**
 * A number of the native code is a slot of its table and a generation of that slot
 * (native/env/id_table.h), so that a number which somebody has kept is not that of a stranger later on.
 * Tables on this side have a place for each slot.
 */
const SLOTS = 2 ** 21;

/** `id & SLOT` is the slot. */
export const SLOT = SLOTS - 1;
