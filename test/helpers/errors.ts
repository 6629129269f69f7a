// Under jest, errors made by Node or in another realm are not instances of this realm's Error, so
// their properties are compared.
import { getSystemErrorMap } from 'node:util';

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

/** The number of an error on this platform, as libuv has it. */
export function errnoOf(code: string): number {
  const [errno] = [...getSystemErrorMap()].find(([, [name]]) => name === code) ?? [];
  if (errno === undefined) throw new Error(`this platform has no ${code}`);
  return errno;
}

/** Returns what `run` throws. Fails if it throws nothing. */
export function thrownBy(run: () => unknown): ErrorShape {
  try {
    run();
  } catch (error) {
    return errorShape(error);
  }
  throw new Error('nothing was thrown');
}

/** Returns the error of a rejected promise. Fails if it is not rejected. */
export async function rejectionOf(promise: Promise<unknown>): Promise<ErrorShape> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return errorShape(error);
  }
  throw new Error(`fulfilled with ${String(value)}`);
}
