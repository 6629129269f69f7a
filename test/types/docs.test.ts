// The examples of the documentation compile under `strict`. An example that imports what it uses is
// a program and must be complete. Any other is a fragment: it may use names that it does not declare.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

const root = path.resolve(__dirname, '../..');

interface Example {
  /** `docs/LEAN.md:6` */
  place: string;
  code: string;
}

function examplesOf(page: string): Example[] {
  const text = readFileSync(path.join(root, page), 'utf8');
  return [...text.matchAll(/^```(?:js|ts)\n([^]*?)^```$/gm)].map((match) => ({
    place: `${page}:${text.slice(0, match.index).split('\n').length}`,
    code: match[1]!,
  }));
}

const pages = readdirSync(path.join(root, 'docs'))
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/${name}`);
const examples = ['README.md', ...pages].flatMap(examplesOf);

/** Declarations for the fragments of all pages. */
const surroundings = `
declare const server: net.Server;
declare const socket: net.Socket;
declare const client: net.Socket;
`;

const cannotFindName = new Set([2304, 2552, 18004]);

/** The example as a module, and the errors to ignore in it. */
function moduleOf({ code }: Example): { source: string; overlooked: ReadonlySet<number> } {
  const isImport = (line: string): boolean => line.startsWith('import ');
  const imports = code.split('\n').filter(isImport);
  const body = code.split('\n').filter((line) => !isImport(line));
  const program = imports.length > 0;
  return {
    source: [
      ...imports,
      ...(program ? [] : ["import net from 'uvnet';", surroundings]),
      'export async function example() {',
      ...body,
      '}',
    ].join('\n'),
    overlooked: program ? new Set() : cannotFindName,
  };
}

test('every example of the documentation compiles', () => {
  const { config } = ts.readConfigFile(path.join(root, 'tsconfig.test.json'), (file) =>
    ts.sys.readFile(file),
  ) as { config: { compilerOptions: object } };
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, root);
  // The package as an ES module imports it.
  options.paths = {
    uvnet: ['./lib/index.mts'],
    'uvnet/lean': ['./lib/lean.mts'],
    'uvnet/front': ['./lib/front.mts'],
    'uvnet/promises': ['./lib/promises.mts'],
    'uvnet/register': ['./lib/register/index.mts'],
  };
  const modules = new Map(
    examples.map((example, index) => [
      // The compiler has slashes in its names on Windows, too.
      path.join(root, 'test/types', `example-${index}.mts`).replaceAll(path.sep, '/'),
      { ...example, ...moduleOf(example) },
    ]),
  );
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.getSourceFile = (file, version, ...rest) => {
    const source = modules.get(file)?.source;
    return source === undefined
      ? getSourceFile.call(host, file, version, ...rest)
      : ts.createSourceFile(file, source, version);
  };
  host.fileExists = (file) => modules.has(file) || fileExists.call(host, file);
  host.readFile = (file) => modules.get(file)?.source ?? readFile.call(host, file);

  const program = ts.createProgram([...modules.keys()], options, host);
  const problems = [...modules].flatMap(([file, { place, overlooked }]) =>
    ts
      .getPreEmitDiagnostics(program, program.getSourceFile(file))
      .filter(({ code }) => !overlooked.has(code))
      .map(({ messageText }) => `${place}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`),
  );
  expect(examples.length).toBeGreaterThan(10);
  expect(problems).toEqual([]);
});
