// A folder with a program and the packages that it depends on, uvnet among them.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { addonEnvironment, type Outcome } from './child';

const root = path.resolve(__dirname, '../..');

export class Project {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'uvnet-project-'));

  constructor(files: Record<string, string> = {}) {
    mkdirSync(path.join(this.folder, 'node_modules'));
    // On Windows, every user may make a junction.
    symlinkSync(root, path.join(this.folder, 'node_modules/uvnet'), 'junction');
    this.write(files);
  }

  /** Files by their paths in the folder. */
  write(files: Record<string, string>): void {
    for (const [name, text] of Object.entries(files)) {
      const file = path.join(this.folder, name);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
  }

  /** Runs node in the folder. */
  run(args: string[], env: Record<string, string> = {}): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, args, {
        cwd: this.folder,
        env: { ...addonEnvironment, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
        // A hanging process must not outlive its test.
        timeout: 50_000,
        killSignal: 'SIGKILL',
      });
      let stdout = '';
      let stderr = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
      child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
      child.once('error', reject);
      child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
    });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
