// Runs a function in a child process, on an implementation.
import { spawn } from 'node:child_process';
import type { StdioOptions } from 'node:child_process';

import type { Implementation, Net } from './implementations';

export interface Outcome {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

const plainEnvironment: NodeJS.ProcessEnv = { ...process.env, NODE_OPTIONS: '' };

/**
 * The environment for a process that loads the addon, with any command: a sanitized addon needs its
 * runtime preloaded. Other processes get the environment of a plain spawn, without it
 * (leak-environment.cjs).
 */
export const addonEnvironment: NodeJS.ProcessEnv = {
  ...plainEnvironment,
  LD_PRELOAD: process.env['UVNET_PRELOAD'] ?? '',
};

/** The tools for the body of a child program. */
export interface ChildTools {
  net: Net;
  require: NodeJS.Require;
  /** Opens descriptors until none is left. Returns a function that closes so many of them, or all. */
  takeDescriptors: () => (count?: number) => void;
  /** The `args` after conversion through JSON; only the body knows their types. */
  args: any;
}

export interface ChildOptions {
  args?: unknown[];
  nodeFlags?: string[];
  env?: NodeJS.ProcessEnv;
  /** If the child takes longer, it is killed, and the case fails. */
  timeoutMs?: number;
  /** Runs node with this command, for example `['prlimit', '--nofile=40']`. */
  under?: string[];
  stdio?: StdioOptions;
}

/** For `under`: few descriptors, so that a child soon has none left. */
export const fewDescriptors = ['sh', '-c', 'ulimit -n 64; exec "$0" "$@"'];

/** Part of the child's source. */
function takeDescriptors(): (count?: number) => void {
  const { openSync, closeSync } = require('node:fs') as typeof import('node:fs');
  const taken: number[] = [];
  try {
    for (;;) taken.push(openSync('/dev/null', 'r'));
  } catch {
    // None is left.
  }
  return (count = taken.length) => taken.splice(0, count).forEach((fd) => closeSync(fd));
}

export type Body = (tools: ChildTools) => unknown;

/** The source of a program that runs `body`, which must not close over anything. */
export function programOf({ entry }: Implementation, body: Body, args: unknown[] = []): string {
  return `'use strict';
${takeDescriptors.toString()}
const tools = { net: require(${JSON.stringify(entry)}), require, takeDescriptors, args: ${JSON.stringify(args)} };
(${body.toString()})(tools);`;
}

/** Runs `body` in a child process. Returns how it ended and its output. */
export function runChild(
  implementation: Implementation,
  body: Body,
  { args, nodeFlags = [], env, timeoutMs = 50_000, under = [], stdio }: ChildOptions = {},
): Promise<Outcome> {
  const source = programOf(implementation, body, args);
  const [command = '', ...rest] = [...under, process.execPath, ...nodeFlags, '-e', source];
  return new Promise((resolve, reject) => {
    const child = spawn(command, rest, {
      env: { ...(implementation.isUvnet ? addonEnvironment : plainEnvironment), ...env },
      stdio: stdio ?? ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, timeoutMs);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      if (late) reject(new Error(`the child took over ${timeoutMs} ms\n${stdout}\n${stderr}`));
      else resolve({ code, signal, stdout, stderr });
    });
  });
}
