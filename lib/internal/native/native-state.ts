/** Two numbers a native method returns beside its result. */
export const nativeState = new Int32Array(2);
