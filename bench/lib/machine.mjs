import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';

function read(path) {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** Expands "0-2,5" to [0, 1, 2, 5]. */
function parseCpuList(text) {
  return text.split(',').flatMap((part) => {
    const [first, last = first] = part.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

/** The cores that this process may use: one per physical core, if the kernel reports them. */
function usableCores() {
  const allowed = /^Cpus_allowed_list:\s*(.+)$/m.exec(read('/proc/self/status') ?? '');
  const cpus = parseCpuList(allowed?.[1] ?? '0');
  const seen = new Set();
  return cpus.filter((cpu) => {
    const siblings = read(`/sys/devices/system/cpu/cpu${cpu}/topology/thread_siblings_list`);
    const core = siblings ?? String(cpu);
    if (seen.has(core)) return false;
    seen.add(core);
    return true;
  });
}

/**
 * Cores for the server and for the generator: the last two, because interrupts and processes
 * without pinning tend to use the first. Undefined with a single core.
 */
export function chooseCpus(wanted) {
  if (wanted !== undefined) return { server: wanted[0], load: wanted[1] };
  const cores = usableCores();
  return cores.length < 2 ? undefined : { server: cores.at(-2), load: cores.at(-1) };
}

/** Full output of `binary --version`. */
export function versionOf(binary) {
  return execFileSync(binary, ['--version'], { encoding: 'utf8' }).trim();
}

/** Describes the machine for the reader. */
export function describeMachine() {
  const cpus = os.cpus();
  return {
    cpu: cpus[0]?.model.trim() ?? 'unknown',
    cores: cpus.length,
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    kernel: `${os.type()} ${os.release()}`,
    arch: os.arch(),
    governor: read('/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor') ?? 'unknown',
    virtualized: /^flags.*\bhypervisor\b/m.test(read('/proc/cpuinfo') ?? ''),
  };
}

/** Load average of the last minute: the load by other processes. */
export function loadAverage() {
  return os.loadavg()[0];
}
