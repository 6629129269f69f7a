import { binding } from './binding';

/** libuv's status (a negative number) for an error's name, on this platform. */
export function errnoByName(name: string): number {
  return binding.errnoByName(name);
}
