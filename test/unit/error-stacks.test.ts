// Compares the output of errors with that of the running Node.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ts from 'typescript';

// Jest replaces Error.prepareStackTrace and has its own Error classes, so a child process shows
// what users see.
test('stack, instanceof and inspect show the same as in Node', () => {
  const codeOf = (name: string): string => {
    const source = readFileSync(join(__dirname, `../../lib/internal/base/${name}.ts`), 'utf8');
    const { outputText } = ts.transpileModule(source, {
      compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
    });
    return `((exports, require) => {\n${outputText}\n})`;
  };
  const program = `
    const errors = {};
    ${codeOf('errors')}(errors, require);
    ${codeOf('system-errors')}(errors, (name) => name === './errors' ? errors : require(name));
    const net = require('node:net');
    const { inspect } = require('node:util');
    const node = [];
    for (const call of [
      () => net.connect({}),
      () => net.connect({ port: 99999 }),
      () => net.connect({ port: 1, lookup: 1 }),
    ]) {
      try { call(); } catch (error) { node.push(error); }
    }
    const ours = [
      new errors.ERR_MISSING_ARGS(['options', 'port', 'path']),
      new errors.ERR_SOCKET_BAD_PORT('Port', 99999),
      new errors.ERR_INVALID_ARG_TYPE('options.lookup', 'Function', 1),
    ];
    const view = (error) => [
      error.stack.split('\\n')[0],
      inspect(error).split('\\n')[0],
      inspect(error).split('\\n').at(-2),
      error instanceof TypeError, error instanceof RangeError, error instanceof Error,
      error.constructor === TypeError,
      Object.prototype.toString.call(error),
    ];
    function raise() { return errors.errnoException(-2, 'open'); }
    console.log(JSON.stringify({
      node: node.map(view),
      ours: ours.map(view),
      system: raise().stack.split('\\n').slice(0, 2),
      aggregate: errors.aggregateError([raise()]).stack.split('\\n')[0],
      aggregateClass: errors.aggregateError([]) instanceof AggregateError,
      family: new errors.ERR_INVALID_ADDRESS_FAMILY(9, 'h', 1).stack.split('\\n')[0],
    }));
  `;
  const output = execFileSync(process.execPath, ['-'], { input: program, encoding: 'utf8' });
  const seen = JSON.parse(output) as Record<string, unknown>;
  expect(seen.ours).toEqual(seen.node);
  expect((seen.ours as unknown[][]).length).toBe(3);
  expect(seen.system).toEqual(['Error: open ENOENT', expect.stringMatching(/at raise /)]);
  expect(seen.aggregate).toBe('AggregateError [ENOENT]: ');
  expect(seen.aggregateClass).toBe(true);
  expect(seen.family).toBe(
    'RangeError [ERR_INVALID_ADDRESS_FAMILY]: Invalid address family: 9 h:1',
  );
});
