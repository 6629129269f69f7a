// The counters of servers as OpenMetrics text.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { metrics, metricsContentType, type Measurable } from '../../lib/front/metrics';
import { nextEvent } from '../helpers/events';
import { lean } from '../helpers/lean';
import { missingCommand, needs } from '../helpers/needs';
import { endpointOf } from '../helpers/scope';
import { describeUvnet } from '../helpers/uvnet';

interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

interface Family {
  type: string;
  unit: string | undefined;
  help: string;
  samples: Sample[];
}

/** Reads the labels of one sample; the text starts behind the brace. */
function readLabels(text: string): [Record<string, string>, rest: string] {
  const labels: Record<string, string> = {};
  let at = 0;
  for (;;) {
    const found = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"([,}])/.exec(text.slice(at));
    if (found === null) throw new Error(`bad labels: ${text.slice(at)}`);
    const [whole, name = '', value = '', end] = found;
    if (name in labels) throw new Error(`the label ${name} is there twice`);
    labels[name] = value.replace(/\\(.)/g, (_, mark: string) => (mark === 'n' ? '\n' : mark));
    at += whole.length;
    if (end === '}') return [labels, text.slice(at)];
  }
}

/** Parses OpenMetrics 1.0, as far as counters and gauges need it, and refuses everything else. */
function parse(text: string): Map<string, Family> {
  const families = new Map<string, Family>();
  if (!text.endsWith('# EOF\n')) throw new Error('the end is missing');
  const lines = text.slice(0, -1).split('\n');
  if (lines.pop() !== '# EOF') throw new Error('the end is not a line');
  const seen = new Set<string>();
  let name = '';
  let family: Family | undefined;
  for (const line of lines) {
    const [, kind, about = '', rest = ''] =
      /^# (TYPE|UNIT|HELP) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/.exec(line) ?? [];
    if (kind === 'TYPE') {
      if (families.has(about)) throw new Error(`${about} is there twice`);
      name = about;
      family = { type: rest, unit: undefined, help: '', samples: [] };
      families.set(name, family);
      continue;
    }
    if (family === undefined) throw new Error(`no family: ${line}`);
    if (kind !== undefined) {
      if (about !== name || family.samples.length > 0) throw new Error(`misplaced: ${line}`);
      if (kind === 'UNIT') family.unit = rest;
      else family.help = rest;
      continue;
    }
    const expected = family.type === 'counter' ? `${name}_total` : name;
    if (!line.startsWith(expected)) throw new Error(`not of ${name}: ${line}`);
    const behind = line.slice(expected.length);
    const [labels, number] = behind.startsWith('{') ? readLabels(behind.slice(1)) : [{}, behind];
    if (!/^ \d+$/.test(number)) throw new Error(`bad value: ${line}`);
    const key = JSON.stringify([expected, labels]);
    if (seen.has(key)) throw new Error(`${key} is there twice`);
    seen.add(key);
    family.samples.push({ name: expected, labels, value: Number(number) });
  }
  for (const [one, { type, unit, help, samples }] of families) {
    if (!['counter', 'gauge'].includes(type)) throw new Error(`${one} is a ${type}`);
    if (unit !== undefined && !one.endsWith(`_${unit}`)) throw new Error(`${one} in ${unit}`);
    if (help === '' || samples.length === 0) throw new Error(`${one} says nothing`);
  }
  return families;
}

const valueOf = (text: string, name: string, labels: Record<string, string> = {}): number => {
  const samples = [...parse(text).values()].flatMap((family) => family.samples);
  const wanted = JSON.stringify(labels);
  const found = samples.filter(
    (sample) => sample.name === name && JSON.stringify(sample.labels) === wanted,
  );
  expect(found.length).toBe(1);
  return found[0]!.value;
};

/** A server with these counters. */
const counting = (more: object = {}): Measurable => ({
  stats: () => ({ accepted: 3, open: 1, dropped: { blockList: 2 }, acceptErrors: 4, ...more }),
});

describeUvnet('metrics()', ({ scope }) => {
  test('writes the counters of a server, with its drops by reason', async () => {
    const server = scope.server((socket) =>
      socket.pipe(socket),
    ) as import('../../lib/index').Server;
    server.maxConnections = 1;
    await scope.listen(server);
    const client = scope.connect(endpointOf(server));
    client.write('hello');
    await nextEvent(client, 'data');
    const dropped = nextEvent(server, 'drop');
    const refused = scope.connect(endpointOf(server));
    refused.on('error', () => {});
    await dropped;
    const text = metrics(server);
    expect(valueOf(text, 'uvnet_connections_accepted_total')).toBe(1);
    expect(valueOf(text, 'uvnet_connections_open')).toBe(1);
    expect(valueOf(text, 'uvnet_connections_dropped_total', { reason: 'maxConnections' })).toBe(1);
    expect(valueOf(text, 'uvnet_connections_dropped_total', { reason: 'blockList' })).toBe(0);
    expect(valueOf(text, 'uvnet_accept_errors_total')).toBe(0);
    expect(valueOf(text, 'uvnet_received_bytes_total')).toBe(5);
    expect(valueOf(text, 'uvnet_sent_bytes_total')).toBe(5);
  });

  test('writes the counters of a server with a handler table, and after it was closed', async () => {
    const server = lean.listen(
      { port: 0, host: '127.0.0.1' },
      { data: (connection, bytes) => void connection.write(bytes) },
    );
    await server.ready;
    const client = scope.connect({ port: server.port!, host: '127.0.0.1' });
    client.write('12345678');
    await nextEvent(client, 'data');
    client.destroy();
    await server.close();
    const text = metrics(server);
    expect(valueOf(text, 'uvnet_connections_accepted_total')).toBe(1);
    expect(valueOf(text, 'uvnet_connections_open')).toBe(0);
    expect(valueOf(text, 'uvnet_received_bytes_total')).toBe(8);
  });

  test('tells several servers apart by the label server', () => {
    const text = metrics({ web: counting(), admin: counting({ accepted: 9 }) });
    expect(valueOf(text, 'uvnet_connections_accepted_total', { server: 'web' })).toBe(3);
    expect(valueOf(text, 'uvnet_connections_accepted_total', { server: 'admin' })).toBe(9);
    const labels = { server: 'web', reason: 'blockList' };
    expect(valueOf(text, 'uvnet_connections_dropped_total', labels)).toBe(2);
  });

  test('leaves out what a server does not count', () => {
    expect([...parse(metrics(counting())).keys()]).toEqual([
      'uvnet_connections_accepted',
      'uvnet_connections_open',
      'uvnet_connections_dropped',
      'uvnet_accept_errors',
    ]);
    const without = metrics({ a: counting(), b: counting({ bytesRead: 7 }) });
    expect(parse(without).get('uvnet_received_bytes')!.samples).toEqual([
      { name: 'uvnet_received_bytes_total', labels: { server: 'b' }, value: 7 },
    ]);
  });

  test('writes an empty list if there is no server', () => {
    expect(metrics({})).toBe('# EOF\n');
  });

  test('escapes the values of labels', () => {
    const place = 'a "quoted"\\ place\nwith {braces}, and ä';
    const text = metrics({ [place]: counting() }, { labels: { zone: place, _empty: '' } });
    const labels = { zone: place, _empty: '', server: place };
    expect(valueOf(text, 'uvnet_connections_open', labels)).toBe(1);
  });

  test('begins the names with a prefix', () => {
    const text = metrics(counting(), { prefix: 'app:tcp' });
    expect([...parse(text).keys()].every((name) => name.startsWith('app:tcp_'))).toBe(true);
  });

  test.each([
    [undefined, {}, 'ERR_INVALID_ARG_TYPE'],
    [[counting()], {}, 'ERR_INVALID_ARG_TYPE'],
    [{ web: {} }, {}, 'ERR_INVALID_ARG_TYPE'],
    [counting(), null, 'ERR_INVALID_ARG_TYPE'],
    [counting(), { prefix: 1 }, 'ERR_INVALID_ARG_TYPE'],
    [counting(), { prefix: 'my-app' }, 'ERR_INVALID_ARG_VALUE'],
    [counting(), { prefix: '' }, 'ERR_INVALID_ARG_VALUE'],
    [counting(), { labels: [] }, 'ERR_INVALID_ARG_TYPE'],
    [counting(), { labels: { zone: 1 } }, 'ERR_INVALID_ARG_TYPE'],
    [counting(), { labels: { 'a-b': '' } }, 'ERR_INVALID_ARG_VALUE'],
    [counting(), { labels: { __name__: '' } }, 'ERR_INVALID_ARG_VALUE'],
    [counting(), { labels: { reason: '' } }, 'ERR_INVALID_ARG_VALUE'],
    [counting(), { labels: { server: '' } }, 'ERR_INVALID_ARG_VALUE'],
  ])('throws for wrong arguments (%j, %j)', (servers, options, code) => {
    expect(() => metrics(servers as never, options as never)).toThrow(
      expect.objectContaining({ code }),
    );
  });

  describe('as Prometheus reads it', () => {
    let folder: string;
    beforeAll(() => (folder = mkdtempSync(path.join(tmpdir(), 'uvnet-metrics-'))));
    afterAll(() => rmSync(folder, { recursive: true }));

    const all = { bytesRead: 5, bytesWritten: 2 ** 40, relays: 3, relayErrors: 1 };
    const text = metrics({ 'we"b\\\n': counting(all), admin: counting(all) });
    const test = needs(missingCommand('promtool'));
    const promtool = (args: string[], input = ''): [number | null, string] => {
      const { status, stdout, stderr } = spawnSync('promtool', args, { input, encoding: 'utf8' });
      return [status, stdout + stderr];
    };

    test('its names follow the conventions', () => {
      // promtool lints the older format, in which the name of a counter includes the suffix.
      const older = text.replace(/^# (TYPE|HELP) (\S+)(?= counter$)/gm, '# $1 $2_total');
      const helped = older.replace(
        /^(# TYPE (\S+)_total counter\n(?:# UNIT.*\n)?# HELP) \2/gm,
        '$1 $2_total',
      );
      expect(helped).toMatch(/# HELP \S+_total/);
      expect(promtool(['check', 'metrics'], helped)).toEqual([0, '']);
    });

    test('its text is read as OpenMetrics', () => {
      // The command that imports a text needs timestamps.
      const stamped = text.replace(/^(?!#)(.+)$/gm, '$1 1700000000');
      const file = path.join(folder, 'metrics');
      writeFileSync(file, stamped);
      const blocks = path.join(folder, 'blocks');
      const [status, output] = promtool([
        'tsdb',
        'create-blocks-from',
        'openmetrics',
        file,
        blocks,
      ]);
      expect([status, output]).toEqual([0, expect.stringContaining('BLOCK ULID')]);
      const samples = stamped.split('\n').filter((line) => /^[^#]/.test(line));
      // It opens the folder as a data base, which has a log.
      mkdirSync(path.join(blocks, 'wal'));
      const [, dump] = promtool(['tsdb', 'dump', blocks]);
      expect(
        dump
          .trim()
          .split('\n')
          .filter((line) => line.startsWith('{')).length,
      ).toBe(samples.length);
      expect(readFileSync(file, 'utf8')).toContain('we\\"b\\\\\\n');
    });
  });

  test('has the content type that Prometheus asks for', () => {
    expect(metricsContentType).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
  });
});
