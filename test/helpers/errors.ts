// Errors made by Node or in another realm are no instances of this realm's
// Error under jest, so they are compared by what they carry.
export interface ErrorShape {
  name: string;
  message: string;
  code?: unknown;
  errno?: unknown;
  syscall?: unknown;
  address?: unknown;
  port?: unknown;
}

const FIELDS = ['code', 'errno', 'syscall', 'address', 'port'] as const;

/** The contract of an error: everything but its stack. */
export function errorShape(error: unknown): ErrorShape {
  const from = error as ErrorShape;
  const shape: ErrorShape = { name: from.name, message: from.message };
  for (const field of FIELDS) {
    if (from[field] !== undefined) shape[field] = from[field];
  }
  return shape;
}

/** What `run` throws; fails where it throws nothing. */
export function thrownBy(run: () => unknown): ErrorShape {
  try {
    run();
  } catch (error) {
    return errorShape(error);
  }
  throw new Error('nothing was thrown');
}

/** What a promise rejects with; fails where it does not. */
export async function rejectionOf(promise: Promise<unknown>): Promise<ErrorShape> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return errorShape(error);
  }
  throw new Error(`fulfilled with ${String(value)}`);
}
