/* The chart of README.md: eight workloads that represent the whole benchmark. */
import { line, picture, text } from './svg-parts.mjs';
import { formatRatio } from './terminal.mjs';

/** The bars, by the ids of workloads. A report may lack some of them. */
const GROUPS = [
  [
    'Messages',
    [
      ['echo-64', 'Echo of 64 bytes'],
      ['resp-p16', '16 pipelined commands, one write each'],
      ['node-http', 'node:http server'],
    ],
  ],
  [
    'Bulk data and connections',
    [
      ['bulk-in', 'Data received in writes of 64 KiB'],
      ['churn', 'A connection with 64 bytes each way'],
      ['idle', 'Memory of an idle connection'],
    ],
  ],
  [
    'Handler tables (uvnet/lean)',
    [
      ['lean-echo-64', 'Echo of 64 bytes'],
      ['lean-idle', 'Memory of an idle connection'],
    ],
  ],
];

const WIDTH = 820;
const MARGIN = 24;
const PLOT = { left: 330, right: 660 };
const ROW = 24;
const BAR = 14;
const HEADER = 94;
const GROUP_HEAD = 32;

const bar = (x, y, width) =>
  `<rect class="bar" x="${x}" y="${y - BAR / 2}" width="${width}" height="${BAR}" rx="2"/>`;
const interval = (low, high, y) =>
  `<path class="interval" d="M${low} ${y}H${high}M${low} ${y - 4}v8M${high} ${y - 4}v8"/>`;
const mark = (x, y) => `<path class="mark" d="M${x} ${y - 6}l4.5 6l-4.5 6l-4.5 -6z"/>`;

function row({ subjects }, label, y, x) {
  const { ratio } = subjects.find(({ id }) => id === 'impl');
  const floor = subjects.find(({ id }) => id === 'floor')?.ratio;
  return [
    text(MARGIN, y + 4, label),
    bar(x(0), y, x(ratio.median) - x(0)),
    interval(x(ratio.low), x(ratio.high), y),
    floor === undefined ? '' : mark(x(floor.median), y),
    text(PLOT.right + 20, y + 4, formatRatio(ratio), 'soft'),
  ].join('');
}

function legend(y, baseline) {
  return [
    bar(MARGIN, y, 20) + text(50, y + 4, 'uvnet'),
    interval(110, 130, y) + text(138, y + 4, '95% interval'),
    mark(250, y) + text(262, y + 4, 'plain C server'),
    line('one', 380, y - 8, y + 8) + text(388, y + 4, `${baseline} = 1.0`),
  ].join('');
}

/** Draws the chart of one report, for light and dark pages. */
export function formatSvg({ node, results }) {
  const found = new Map(results.map((result) => [result.id, result]));
  const groups = GROUPS.map(([name, rows]) => [
    name,
    rows.filter(([id]) => found.get(id)?.subjects.some((one) => one.id === 'impl' && one.ratio)),
  ]).filter(([, rows]) => rows.length > 0);
  const shown = groups.flatMap(([, rows]) => rows.map(([id]) => found.get(id)));
  const highest = Math.max(
    1.1,
    ...shown.map(({ subjects }) => subjects.find(({ id }) => id === 'impl').ratio.high),
  );
  const x = (ratio) =>
    Math.round((PLOT.left + (ratio / highest) * (PLOT.right - PLOT.left)) * 10) / 10;

  const shapes = [];
  let y = HEADER;
  for (const [name, rows] of groups) {
    shapes.push(text(MARGIN, y + 24, name, 'group'));
    y += GROUP_HEAD;
    for (const [id, label] of rows) {
      shapes.push(row(found.get(id), label, y + ROW / 2, x));
      y += ROW;
    }
  }
  const grid = [];
  for (let tick = 0; tick <= highest; tick += 0.2) {
    grid.push(line('grid', x(tick), HEADER, y + 4));
    grid.push(text(x(tick), y + 20, tick.toFixed(1), 'soft middle'));
  }
  const height = y + 34;
  const baseline = shown[0]?.subjects.find(({ id }) => id === 'baseline')?.label ?? 'node:net';
  const title = `Cost of uvnet relative to ${baseline}`;
  return picture(WIDTH, height, `${title}: shorter is better`, [
    text(MARGIN, 34, title, 'title'),
    text(
      MARGIN,
      56,
      `CPU time of the server per operation, or memory. Node ${node.replace('v', '')}. Shorter is better.`,
      'soft',
    ),
    legend(78, baseline),
    ...grid,
    ...shapes,
    line('one', x(1), HEADER, y + 4),
  ]);
}
