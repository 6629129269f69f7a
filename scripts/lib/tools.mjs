// Shared code of the scripts: paths, commands, Node's headers, checks for outdated files. It uses
// only built-in modules of Node, because it runs before node_modules exists.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';

/** The project's root folder. */
export const root = path.resolve(import.meta.dirname, '../..');

/** A path below the project's root. */
export const at = (...parts) => path.join(root, ...parts);

/** A failed command, whose output has already shown the reason. */
export class CommandError extends Error {}

/** Runs a command with our own output. Throws a CommandError if it fails. */
export function run(command, args, options = {}) {
  const shown = [path.basename(command), ...args.map((arg) => path.relative(root, arg) || arg)];
  if (!options.quiet) console.log(`$ ${shown.join(' ')}`);
  const { status, signal, error } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    // npm is a shell script on Windows.
    shell: process.platform === 'win32' && command === 'npm',
    ...options,
  });
  if (error) throw new CommandError(`${command}: ${error.message}`);
  if (status !== 0) {
    throw new CommandError(`${shown.join(' ')}: ${signal ?? `exit code ${status}`}`);
  }
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
