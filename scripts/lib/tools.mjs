// Shared code of the scripts: paths, commands, Node's headers, checks for outdated files. It uses
// only built-in modules of Node, because it runs before node_modules exists.
import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';

/** The project's root folder. */
export const root = path.resolve(import.meta.dirname, '../..');

/** A path below the project's root. */
export const at = (...parts) => path.join(root, ...parts);

/** A failed command, whose output has already shown the reason. */
export class CommandError extends Error {}

/** A command as people see it. */
const shown = (command, args) =>
  [path.basename(command), ...args.map((arg) => path.relative(root, arg) || arg)].join(' ');

/** The error of a command that has failed, for people: all that it printed, if that was kept. */
function failed(command, args, { status, signal, error, stdout, stderr }) {
  if (error) return new CommandError(`${command}: ${error.message}`);
  const printed = stdout || stderr ? `\n${stdout ?? ''}${stderr ?? ''}` : '';
  return new CommandError(`${shown(command, args)}: ${signal ?? `exit code ${status}`}${printed}`);
}

/** Runs a command with our own output. Throws a CommandError if it fails. */
export function run(command, args, options = {}) {
  if (!options.quiet) console.log(`$ ${shown(command, args)}`);
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    // npm is a shell script on Windows.
    shell: process.platform === 'win32' && command === 'npm',
    ...options,
  });
  if (result.status !== 0) throw failed(command, args, result);
}

/** Runs a command and returns what it has written to its stdout. Throws a CommandError if it fails. */
export function output(command, args, options = {}) {
  const result = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    ...options,
  });
  if (result.status !== 0) throw failed(command, args, result);
  return result.stdout;
}

/** Runs a command and returns { status, signal, stdout, stderr }, even if it fails. */
export function capture(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...options,
    });
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('utf8').on('data', (text) => (stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text) => (stderr += text));
    child.once('error', (error) => reject(new CommandError(`${command}: ${error.message}`)));
    child.once('close', (status, signal) => resolve({ status, signal, stdout, stderr }));
  });
}

/** As output(), for several commands at a time. */
export async function outputLater(command, args, options) {
  const result = await capture(command, args, options);
  if (result.status !== 0) throw failed(command, args, result);
  return result.stdout;
}

/**
 * Calls `body` for each item, for `limit` items at the same time. Returns the results in the order
 * of the items.
 */
export async function inParallel(items, body, limit = availableParallelism()) {
  const results = [];
  const entries = [...items].entries();
  const worker = async () => {
    for (const [index, item] of entries) results[index] = await body(item);
  };
  await Promise.all(Array.from({ length: limit }, worker));
  return results;
}

/** Runs a script of an installed package with this Node: `runModule('typescript/bin/tsc', [...])`. */
export function runModule(script, args, options) {
  run(process.execPath, [at('node_modules', script), ...args], options);
}

/** Whether a command can be started at all. */
export function hasCommand(command) {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).error === undefined;
}

/**
 * Finds the folder with Node's headers in include/node: the requested one, npm's `nodedir`, or the
 * installation of the running Node. Returns undefined if there is none; node-gyp then downloads
 * headers.
 */
export function findNodeDir(asked) {
  const candidates = [
    asked,
    process.env.npm_config_nodedir,
    path.resolve(process.execPath, '../..'),
    path.resolve(process.execPath, '..'),
    // On Windows, Node has no headers, and node-gyp puts downloaded ones here.
    path.join(process.env.LOCALAPPDATA ?? '', 'node-gyp/Cache', process.versions.node),
  ];
  if (asked !== undefined && !existsSync(path.join(asked, 'include/node/node_api.h'))) {
    throw new CommandError(`--nodedir=${asked}: no include/node/node_api.h in it`);
  }
  return candidates.find((dir) => dir && existsSync(path.join(dir, 'include/node/node_api.h')));
}

/** All files below the given files and folders. */
export function listFiles(paths) {
  const files = [];
  for (const entry of paths) {
    if (!existsSync(entry)) continue;
    if (statSync(entry).isDirectory()) {
      files.push(...listFiles(readdirSync(entry).map((name) => path.join(entry, name))));
    } else {
      files.push(entry);
    }
  }
  return files;
}

/** Whether an output is missing or older than any of its inputs (files or folders). */
export function isStale(output, inputs) {
  if (!existsSync(output)) return true;
  const made = statSync(output).mtimeMs;
  return listFiles(inputs).some((file) => statSync(file).mtimeMs > made);
}

/**
 * Makes a folder of what `fill(staging)` leaves in another one, so that nobody ever sees a part of it. Where that is
 * only a folder inside, `fill` answers its path.
 */
export async function makeFolder(folder, fill) {
  const staging = `${folder}.staging-${process.pid}`;
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { recursive: true });
  try {
    const made = await fill(staging);
    renameSync(made ?? staging, folder);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

/** Reads a JSON file. */
export function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** Ends the process with the message of a CommandError, or with the stack of anything else. */
export function main(body) {
  Promise.resolve()
    .then(body)
    .catch((error) => {
      console.error(error instanceof CommandError ? `error: ${error.message}` : error);
      process.exitCode = 1;
    });
}
