// Tests that need more than the prerequisites in README: a program, root, another runtime. If that
// is missing, they are skipped with the reason in their name, by which scripts/lib/jest-report.mjs
// counts them. With UVNET_TEST_ALL=1, as in CI, they fail instead.
import { spawnSync } from 'node:child_process';

/** The Debian packages of the programs that tests use. */
const packages = {
  curl: 'curl',
  git: 'git',
  haproxy: 'haproxy',
  nc: 'netcat-openbsd',
  openssl: 'openssl',
  promtool: 'prometheus',
  python3: 'python3',
  'redis-cli': 'redis-tools',
  'redis-server': 'redis-server',
  strace: 'strace',
  'systemd-socket-activate': 'systemd',
  tcpdump: 'tcpdump',
  wget: 'wget',
  wrk: 'wrk',
} as const;

export type Command = keyof typeof packages;

/** On other systems these are the same; the others may be another program of that name. */
const everywhere: Command[] = ['curl', 'git'];

/** Whether the command can be started, even if it rejects the option. */
const isInstalled = (command: string): boolean =>
  spawnSync(command, ['--version'], { stdio: 'ignore' }).error === undefined;

/** Describes the missing command and its package; undefined if the command exists. */
export function missingCommand(command: Command): string | undefined {
  if (process.platform !== 'linux' && !everywhere.includes(command)) return `Linux, for ${command}`;
  return isInstalled(command) ? undefined : `${command}: apt-get install ${packages[command]}`;
}

type Make = (name: string, body: () => void) => void;

/**
 * Returns `run` if nothing is missing. Otherwise returns a function of the same kind that skips its
 * test or, under UVNET_TEST_ALL=1, makes it fail.
 */
function unlessMissing<Run extends Make & { skip: Make }>(
  run: Run,
  missing: string | undefined,
): Run {
  if (missing === undefined) return run;
  const named = (name: string): string => `${name} [needs ${missing}]`;
  const leaveOut: Make =
    process.env['UVNET_TEST_ALL'] === '1'
      ? (name) =>
          test(named(name), () => {
            throw new Error(`missing: ${missing}`);
          })
      : (name, body) => run.skip(named(name), body);
  const each =
    (cases: readonly unknown[]): Make =>
    (name, body) => {
      leaveOut(`${name} (${cases.length} cases)`, body);
    };
  return Object.assign(leaveOut, { each }) as unknown as Run;
}

/**
 * `test` that is skipped if something is missing: `needs(missingCommand('curl'))('curl gets a
 * page', …)`.
 */
export const needs = (missing: string | undefined): jest.It => unlessMissing(test, missing);

/** The same for `describe`. */
export const describeNeeds = (missing: string | undefined): jest.Describe =>
  unlessMissing(describe, missing);
