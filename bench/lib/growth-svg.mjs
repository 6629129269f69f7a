/* The picture of growth in docs/PERFORMANCE.md: what an operation costs among more and more open connections. */
import { line, picture, text } from './svg-parts.mjs';

const PANELS = [
  ['growth-echo-', 'Echo of 64 bytes, µs'],
  ['growth-accept-', 'A connection accepted, µs'],
  ['growth-memory-', 'Memory of a connection, B'],
];
const WIDTH = 820;
const MARGIN = 24;
const PANEL = { width: 258, left: 64, right: 236, top: 118, bottom: 288 };
const CURVES = [
  ['baseline', 'theirs'],
  ['impl', 'ours'],
];

/** The points of one subject: number of open connections, value, and its interval. */
const pointsOf = (results, subject) =>
  results.flatMap(({ load, id, subjects }) => {
    const value = subjects.find((one) => one.id === subject)?.value;
    return value ? [{ open: load.idle ?? load.connections, id, ...value }] : [];
  });

/** The next larger number that makes a readable scale. */
function roundStep(number) {
  const power = 10 ** Math.floor(Math.log10(number));
  return [1, 2, 2.5, 5, 10].find((factor) => factor * power >= number) * power;
}

function curve(points, kind, x, y) {
  const at = ({ open, median }) => `${x(open)} ${y(median)}`;
  return [
    `<path class="curve ${kind}" style="fill: none" d="M${points.map(at).join('L')}"/>`,
    ...points.flatMap(({ open, median, low, high }) => [
      `<circle class="${kind}" cx="${x(open)}" cy="${y(median)}" r="3"/>`,
      line(kind, x(open), y(low), y(high)),
    ]),
  ];
}

function panel(results, title, offset) {
  const curves = CURVES.map(([subject, kind]) => [pointsOf(results, subject), kind]);
  const all = curves.flatMap(([points]) => points);
  const most = Math.max(...all.map(({ open }) => open));
  const step = roundStep(Math.max(...all.map(({ high }) => high)) / 4);
  const top = 4 * step;
  const round = (number) => Math.round(number * 10) / 10;
  const x = (open) => round(offset + PANEL.left + (open / most) * (PANEL.right - PANEL.left));
  const y = (value) => round(PANEL.bottom - (value / top) * (PANEL.bottom - PANEL.top));
  const shapes = [text(offset + MARGIN, 104, title, 'group')];
  for (let value = 0; value <= top; value += step) {
    shapes.push(
      `<path class="curve grid" style="stroke-width: 1" d="M${x(0)} ${y(value)}H${x(most)}"/>`,
    );
    shapes.push(text(x(0) - 40, y(value) + 4, value.toLocaleString('en-US'), 'soft'));
  }
  for (const open of [0, Math.round(most / 2), most]) {
    shapes.push(text(x(open), PANEL.bottom + 20, open.toLocaleString('en-US'), 'soft middle'));
  }
  return [...shapes, ...curves.flatMap(([points, kind]) => curve(points, kind, x, y))];
}

/** Draws the growth of one report, for light and dark pages. Panels without results are left out. */
export function formatGrowthSvg({ node, results }) {
  const shown = PANELS.map(([prefix, title]) => [
    results.filter(({ id }) => id.startsWith(prefix)),
    title,
  ]).filter(([found]) => found.length > 0);
  const title = 'What a growing number of open connections costs';
  const key = ([label, kind], i) =>
    `<path class="curve ${kind}" d="M${MARGIN + 110 * i} 80h24"/>${text(MARGIN + 32 + 110 * i, 84, label)}`;
  return picture(WIDTH, PANEL.bottom + 36, title, [
    text(MARGIN, 34, title, 'title'),
    text(MARGIN, 56, `Node ${node.replace('v', '')}. Lower and flat is better.`, 'soft'),
    ...[
      ['node:net', 'theirs'],
      ['uvnet', 'ours'],
    ].map(key),
    ...shown.flatMap(([found, panelTitle], i) => panel(found, panelTitle, i * PANEL.width)),
  ]);
}
