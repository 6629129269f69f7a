/**
 * Placeholder of the public surface, replaced as the core lands.
 */
export const backend: 'native' | 'node' = 'node';
