/**
 * A number of the native code is a slot of its table and a generation of that slot
 * (native/env/id_table.h), so that a number which somebody has kept is not that of a stranger later on.
 * Tables on this side have a place for each slot.
 */
const SLOTS = 2 ** 21;

/** `id & SLOT` is the slot. */
export const SLOT = SLOTS - 1;
