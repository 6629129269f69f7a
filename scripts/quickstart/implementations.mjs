// The two implementations that the quick start runs the same code on.
export const implementations = ['uvnet', 'node:net'];

/** The `net` module of that name. */
export async function load(name) {
  const { default: net } = await import(name);
  return net;
}
