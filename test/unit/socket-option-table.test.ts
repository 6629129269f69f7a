// Checks that the files generated from native/options/socket_options.def are up to date.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import {
  socketOptionTable,
  trafficClassBytes,
} from '../../lib/internal/options/socket-option-types';

const root = path.resolve(__dirname, '../..');

describe('the table of socket options', () => {
  it('has been generated from its source', () => {
    const script = path.join(root, 'scripts/generate-socket-options.mjs');
    const result = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
    expect(result.stderr).toBe('');
    expect(result.status).toBe(0);
  });

  it('has one row per name, except where one name stands for two options', () => {
    const names = socketOptionTable.map(({ name }) => name);
    const twice = names.filter((name, index) => names.indexOf(name) !== index);
    expect(twice).toEqual(['fastOpen']);
  });

  it('puts code points into the upper six bits', () => {
    expect(trafficClassBytes.EF).toBe(0xb8);
    expect(trafficClassBytes.AF41).toBe(0x88);
    expect(trafficClassBytes.DF).toBe(0);
    expect(Object.values(trafficClassBytes).every((byte) => (byte & 3) === 0)).toBe(true);
  });
});
