#!/usr/bin/env node
// Generates TypeScript code and documentation from native/options/socket_options.def.
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import * as prettier from 'prettier';
import { at, CommandError, main } from './lib/tools.mjs';

const help = `Usage: node scripts/generate-socket-options.mjs [--check]

Reads native/options/socket_options.def and writes socket-option-types.ts and socket-option-names.ts in
lib/internal/options, lib/internal/native/option-rows.ts, and the table in docs/SOCKET_OPTIONS.md.

  --check   write nothing; fail if a file is out of date
  --help    this text
`;

const source = at('native/options/socket_options.def');
const typesFile = at('lib/internal/options/socket-option-types.ts');
const namesFile = at('lib/internal/options/socket-option-names.ts');
const rowsFile = at('lib/internal/native/option-rows.ts');
const docsFile = at('docs/SOCKET_OPTIONS.md');

const startMark = '<!-- Generated from native/options/socket_options.def; do not edit. -->';
const endMark = '<!-- End of the generated part. -->';

const kinds = {
  Flag: { type: 'boolean', unit: 'boolean' },
  Count: { type: 'number', unit: 'integer' },
  Bytes: { type: 'number', unit: 'bytes' },
  Microseconds: { type: 'number', unit: 'µs' },
  Milliseconds: { type: 'number', unit: 'ms' },
  TrafficClass: { type: 'number', input: 'TrafficClass', unit: 'byte or DSCP name' },
  Linger: { type: 'number | false', unit: 'ms or `false`' },
  Text: { type: 'string', unit: 'text' },
  Interface: { type: 'string', unit: 'interface name' },
  QueueLength: { type: 'number | boolean', unit: 'connections or boolean' },
  Protocol: { type: 'boolean', unit: 'boolean' },
};

const stages = {
  Create: 'with `connect`/`listen` only',
  Bind: 'before bind',
  Bound: 'before listen',
  Connect: 'before connect or listen',
  Any: 'at any time',
  Connected: 'once connected',
};

const servers = {
  Inherited: 'listener and, from it, every connection',
  Each: 'every connection',
  Listener: 'listener',
  OnlyListener: 'listener',
  Never: '',
};

// ---------------------------------------------------------------------------------------------
// Reading the table

/** Splits the arguments of a macro call at its top-level commas. */
function splitArguments(text) {
  const parts = [''];
  let depth = 0;
  for (const [token] of text.matchAll(/"(?:\\.|[^"\\])*"|[^"]/g)) {
    if (token === '(') depth++;
    if (token === ')') depth--;
    if (token === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += token;
  }
  return parts.map((part) => part.trim());
}

/** All calls of a macro, as lists of their arguments. */
function readCalls(text, macro) {
  const calls = [];
  const pattern = new RegExp(`^${macro}\\(`, 'gm');
  for (const match of text.matchAll(pattern)) {
    const start = match.index + match[0].length;
    // Calls end with a parenthesis at the end of a line.
    const end = text.indexOf(')\n', start);
    // The first such parenthesis may belong to a nested call.
    let stop = end;
    while (balance(text.slice(start, stop)) !== 0) stop = text.indexOf(')\n', stop + 1);
    calls.push(splitArguments(text.slice(start, stop)));
  }
  return calls;
}

function balance(text) {
  const code = text.replace(/"(?:\\.|[^"\\])*"/g, '');
  return code.split('(').length - code.split(')').length;
}

function pick(table, key, what) {
  if (!(key in table)) throw new CommandError(`${source}: ${key} is no ${what}`);
  return table[key];
}

/** Makes the table cell of one platform, and adds the kernel's names of the option to `kernelNames`. */
function readPlace(text, kernelNames) {
  if (text === 'NOWHERE') return undefined;
  const [, macro, inner] = /^(\w+)\((.*)\)$/.exec(text) ?? [];
  if (!['AT', 'BY_FAMILY', 'IN_SECONDS'].includes(macro)) {
    throw new CommandError(`${source}: cannot read ${text}`);
  }
  const names = splitArguments(inner);
  const constants = macro === 'BY_FAMILY' ? [names[1], names[3]] : [names[1]];
  for (const constant of constants) kernelNames.add(constant);
  return constants.map((name) => `\`${name}\``).join(', ') + (macro === 'IN_SECONDS' ? ' (s)' : '');
}

function readTable() {
  const text = readFileSync(source, 'utf8').replace(/^\/\/.*\n/gm, '');
  const options = readCalls(text, 'UVNET_SOCKET_OPTION').map((call) => {
    if (call.length !== 11) {
      throw new CommandError(`${source}: ${call[0]} has ${call.length} columns`);
    }
    const [name, kind, minimum, maximum, stage, server, domain, linux, darwin, windows] = call;
    const kernelNames = new Set();
    const places = {
      linux: readPlace(linux, kernelNames),
      darwin: readPlace(darwin, kernelNames),
      win32: readPlace(windows, kernelNames),
    };
    const literals = call[10].match(/"(?:\\.|[^"\\])*"/g) ?? [];
    return {
      name,
      kind,
      ...pick(kinds, kind, 'kind'),
      minimum: Number(minimum),
      maximum: Number(maximum),
      stage,
      when: pick(stages, stage, 'stage'),
      server,
      appliedTo: pick(servers, server, 'server column'),
      domain,
      places,
      kernelNames: [...kernelNames],
      platforms: Object.keys(places).filter((platform) => places[platform] !== undefined),
      text: literals.map((literal) => JSON.parse(literal)).join(''),
    };
  });
  const dscp = readCalls(text, 'UVNET_DSCP').map(([name, point]) => ({
    name,
    byte: Number(point) << 2,
  }));
  return { options, dscp };
}

// ---------------------------------------------------------------------------------------------
// Writing

const quote = (text) => `'${text}'`;

/** Makes a block comment with lines of at most 96 columns. */
function comment(paragraphs) {
  const lines = paragraphs.flatMap((paragraph) => ['', ...paragraph.match(/.{1,90}(?:\s|$)/g)]);
  return `/**\n${lines
    .slice(1)
    .map((line) => ` * ${line}`.trimEnd())
    .join('\n')}\n */`;
}

const platformNames = { linux: 'Linux', darwin: 'macOS', win32: 'Windows' };

function describe({ text, type, unit, minimum, maximum, when, platforms }) {
  const value = unit === 'integer' ? 'An integer' : `In ${unit}`;
  const range = type === 'number' ? ` ${value}, ${minimum} to ${maximum}.` : '';
  const where = platforms.map((platform) => platformNames[platform]).join(', ');
  return `${text}${range} Effective when set ${when}. Available on ${where}.`;
}

/** Makes one property per name. Kernel options with the same name share a property with both types. */
function properties(options, optional) {
  return [...new Set(options.map(({ name }) => name))]
    .map((name) => {
      const rows = options.filter((option) => option.name === name);
      const types = new Set(rows.flatMap((row) => (row.input ?? row.type).split(' | ')));
      const mark = optional ? '?' : '';
      return `${comment(rows.map(describe))}\n${name}${mark}: ${[...types, ...(optional ? ['undefined'] : [])].join(' | ')};`;
    })
    .join('\n\n');
}

/** Makes an interface with some options of SocketOptionInputs, all of them optional. */
function subset(name, options, all) {
  // If a name means several options and only some of them are included, its type is narrower.
  const own = options.filter((option) =>
    all.some((other) => other.name === option.name && !options.includes(other)),
  );
  const shared = options.filter((option) => !own.includes(option));
  return `export interface ${name}
    extends Given<Pick<SocketOptionInputs, ${shared.map((option) => quote(option.name)).join(' | ')}>> {
      ${properties(own, true)}
    }`;
}

async function typesText({ options, dscp }) {
  const connect = options.filter(({ server }) => server !== 'OnlyListener');
  const listen = options.filter(({ server }) => server !== 'Never');
  const changed = options.filter(({ input }) => input !== undefined);
  const rows = options.map(
    (option) => `{
      name: ${quote(option.name)}, kind: ${quote(option.kind)}, minimum: ${option.minimum},
      maximum: ${option.maximum}, stage: ${quote(option.stage)}, server: ${quote(option.server)},
      domain: ${quote(option.domain)}, platforms: [${option.platforms.map(quote).join(', ')}],
      kernelNames: [${option.kernelNames.map(quote).join(', ')}],
    }`,
  );
  const text = `
    /**
     * Generated from native/options/socket_options.def by scripts/generate-socket-options.mjs; do not edit.
     *
     * Names, types and limits of the socket options.
     */

    /** The differentiated services code points that have a name (IANA registry, RFC 2474). */
    export type DscpName = ${dscp.map(({ name }) => quote(name)).join(' | ')};

    /** The traffic class as a byte (0 to 255), or as the name of a code point, in either case. */
    export type TrafficClass = number | DscpName | Lowercase<DscpName>;

    /** The values that \`setOption()\` takes, by name. */
    export interface SocketOptionInputs {
      ${properties(options, false)}
    }

    /** The values that \`getOption()\` returns, by name: those of \`setOption()\`, in their plainest form. */
    export interface SocketOptionValues
      extends Omit<SocketOptionInputs, ${changed.map(({ name }) => quote(name)).join(' | ')}> {
      ${changed.map(({ name, type }) => `${name}: ${type};`).join('\n')}
    }

    /** All optional; undefined is allowed, as everywhere in \`node:net\`. */
    type Given<Options> = { [Name in keyof Options]?: Options[Name] | undefined };

    /** Options of \`connect()\`, set on the new socket before it connects. */
    ${subset('ConnectSocketOptions', connect, options)}

    /** Options of \`listen()\` and \`createServer()\`, for the listening socket and its connections. */
    ${subset('ListenSocketOptions', listen, options)}

    /** The name of a socket option. */
    export type SocketOptionName = keyof SocketOptionInputs;

    /** One row of the table. The native code identifies an option by the index of its row. */
    export interface SocketOptionRow {
      readonly name: SocketOptionName;
      readonly kind: ${Object.keys(kinds).map(quote).join(' | ')};
      readonly minimum: number;
      readonly maximum: number;
      readonly stage: ${Object.keys(stages).map(quote).join(' | ')};
      readonly server: ${Object.keys(servers).map(quote).join(' | ')};
      readonly domain: 'Tcp' | 'Any';
      readonly platforms: readonly NodeJS.Platform[];
      /** The names in C, for messages about unknown names. */
      readonly kernelNames: readonly string[];
    }

    export const socketOptionTable: readonly SocketOptionRow[] = [${rows.join(',\n')}];

    /** The byte for each name: the code point in the upper six bits. */
    export const trafficClassBytes: Readonly<Record<DscpName, number>> = {
      ${dscp.map(({ name, byte }) => `${name}: ${byte}`).join(',\n')}
    };
  `;
  const config = await prettier.resolveConfig(typesFile);
  return prettier.format(text, { ...config, parser: 'typescript' });
}

async function namesText({ options }) {
  const text = `/**
     * Generated from native/options/socket_options.def by scripts/generate-socket-options.mjs; do not edit.
     *
     * The names of the socket options. The table with their details is loaded only for a program that
     * uses one.
     */
    export const socketOptionNames: ReadonlySet<string> = new Set([
      ${[...new Set(options.map(({ name }) => quote(name)))].join(',')}
    ]);
  `;
  const config = await prettier.resolveConfig(namesFile);
  return prettier.format(text, { ...config, parser: 'typescript' });
}

async function rowsText({ options }) {
  const text = `/**
     * Generated from native/options/socket_options.def by scripts/generate-socket-options.mjs; do not edit.
     *
     * Rows of the socket option table that methods of handles use.
     */
    export const TYPE_OF_SERVICE = ${options.findIndex(({ name }) => name === 'typeOfService')};
  `;
  const config = await prettier.resolveConfig(rowsFile);
  return prettier.format(text, { ...config, parser: 'typescript' });
}

async function docsText({ options, dscp }) {
  const cell = (text) => text.replaceAll('|', '\\|');
  const range = ({ kind, minimum, maximum }) =>
    ['Flag', 'Protocol', 'Text', 'Interface'].includes(kind) ? '' : `, ${minimum} to ${maximum}`;
  const rows = options.map((option) =>
    [
      `\`${option.name}\``,
      option.unit + range(option),
      option.when,
      option.appliedTo || 'not for servers',
      option.domain === 'Any' ? 'TCP, unix' : 'TCP',
      option.places.linux ?? '–',
      option.places.darwin ?? '–',
      option.places.win32 ?? '–',
      option.text,
    ].map(cell),
  );
  const heads = [
    'Option',
    'Value',
    'Effective when set',
    'With a server, set on',
    'For',
    'Linux',
    'macOS',
    'Windows',
    'Meaning',
  ];
  const table = [heads, heads.map(() => '---'), ...rows]
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n');
  const names = dscp.map(({ name, byte }) => `\`${name}\` ${byte}`).join(', ');
  const generated = `${startMark}\n\n${table}\n\nNames for \`typeOfService\` and their bytes: ${names}.\n\n${endMark}`;

  const page = readFileSync(docsFile, 'utf8');
  const start = page.indexOf(startMark);
  const end = page.indexOf(endMark);
  if (start < 0 || end < start) throw new CommandError(`${docsFile}: the marks are missing`);
  const text = page.slice(0, start) + generated + page.slice(end + endMark.length);
  const config = await prettier.resolveConfig(docsFile);
  return prettier.format(text, { ...config, parser: 'markdown' });
}

main(async () => {
  const { values } = parseArgs({
    options: { check: { type: 'boolean' }, help: { type: 'boolean' } },
  });
  if (values.help) {
    console.log(help);
    return;
  }
  const table = readTable();
  const outputs = [
    [typesFile, await typesText(table)],
    [namesFile, await namesText(table)],
    [rowsFile, await rowsText(table)],
    [docsFile, await docsText(table)],
  ];
  for (const [file, text] of outputs) {
    let present = '';
    try {
      present = readFileSync(file, 'utf8');
    } catch {
      // Not written yet.
    }
    if (present === text) continue;
    if (values.check) {
      throw new CommandError(
        `${file} is out of date: run node scripts/generate-socket-options.mjs`,
      );
    }
    writeFileSync(file, text);
    console.log(`wrote ${file}`);
  }
});
