import { binding } from './binding';
import { Handle, type ConnectCallback } from './handle';

/** Modes of `Pipe#fchmod`, with the numbers of libuv. */
export const PipeMode = { readable: 1, writable: 2 } as const;

/** A pipe: a Unix domain socket or a Windows named pipe. */
export class Pipe extends Handle {
  constructor(id?: number, type = 'PIPEWRAP') {
    super(id ?? binding.pipeNew(type));
  }

  open(fd: number): number {
    return binding.pipeOpen(this.id, fd);
  }

  bind(name: string): number {
    this.checkPermission(name);
    return binding.pipeBind(this.id, name);
  }

  connect(name: string, callback: ConnectCallback): number {
    this.checkPermission(name, true);
    return this.connects(binding.pipeConnect(this.id, name), callback);
  }

  fchmod(mode: number): number {
    return binding.pipeChmod(this.id, mode);
  }

  setPendingInstances(count: number): void {
    binding.pipePendingInstances(this.id, count);
  }
}
