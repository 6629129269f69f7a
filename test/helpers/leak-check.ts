/** Loaded into every jest test file; filled in with the leak check as the core lands. */
export {};
