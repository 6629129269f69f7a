import { Buffer } from 'node:buffer';
import { closeSync, openSync, readSync } from 'node:fs';

/** A C library of Linux, by which binaries differ. */
export type Libc = 'glibc' | 'musl';

/** What is known about the running program. */
export interface ProgramFacts {
  /** The start of the program's file, as text of one character for each byte. Throws if it cannot be read. */
  head(): string;
  /** The header of Node's report. It takes milliseconds. */
  reportHeader(): object | undefined;
}

const ofThisProcess: ProgramFacts = {
  head() {
    const file = openSync('/proc/self/exe', 'r');
    try {
      const bytes = Buffer.alloc(2048);
      return bytes.toString('latin1', 0, readSync(file, bytes));
    } finally {
      closeSync(file);
    }
  },
  reportHeader() {
    const { report } = process as unknown as {
      report?: { excludeNetwork?: boolean } & NodeJS.ProcessReport;
    };
    if (report === undefined) return undefined;
    const { excludeNetwork } = report;
    // Where Node has this property: names of hosts would be looked up.
    if (excludeNetwork !== undefined) report.excludeNetwork = true;
    try {
      return (report.getReport() as unknown as { header: object }).header;
    } finally {
      if (excludeNetwork !== undefined) report.excludeNetwork = excludeNetwork;
    }
  },
};

/**
 * The C library of the running Node, on Linux. Nearly every program names its dynamic loader at the start of its file,
 * such as `/lib/ld-musl-x86_64.so.1`, which is found in less than 0.1 ms. The rest was changed after it was built, or
 * started by the loader itself; Node's report tells of them. Undefined if this Node makes no report.
 */
export function findLibc(facts = ofThisProcess): Libc | undefined {
  try {
    const [, loader] = /\/ld-(linux|musl)/.exec(facts.head()) ?? [];
    if (loader !== undefined) return loader === 'musl' ? 'musl' : 'glibc';
  } catch {
    // No /proc, or no permission.
  }
  try {
    const header = facts.reportHeader();
    if (header !== undefined) return 'glibcVersionRuntime' in header ? 'glibc' : 'musl';
  } catch {
    // A program may have replaced what makes reports.
  }
  return undefined;
}
