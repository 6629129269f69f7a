import { getSystemErrorMap } from 'node:util';

const byName = new Map<string, number>();
for (const [status, [name]] of getSystemErrorMap()) byName.set(name, status);

/** libuv's status (a negative number) for an error's name, on this platform. */
export function errnoByName(name: string): number {
  return byName.get(name) ?? -4094; // UV_UNKNOWN
}
