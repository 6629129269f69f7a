/* The report as a self-contained HTML file. */
import { chart, escapeHtml, scaleEnd } from './chart.mjs';
import { FIGURES, formatFigures, remarks } from './terminal.mjs';

const STYLE = `
:root { color-scheme: light dark; --page: #fcfcfb; --ink: #1b1b1a; --soft: #62615c; --line: #dfded9;
  --impl: #2a78d6; --floor: #8a8983; --bun-net: #d9822b; --bun-listen: #1f8f6b; --target: #c22f3d; }
@media (prefers-color-scheme: dark) { :root { --page: #1a1a19; --ink: #f1f0ec; --soft: #a8a79f;
  --line: #3a3935; --impl: #5b9ff0; --floor: #85847d; --bun-net: #e39a4c; --bun-listen: #3fb48c;
  --target: #ef6f79; } }
body { background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, sans-serif;
  max-width: 900px; margin: 2.5rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: .2rem } h2 { margin-top: 2.2rem; font-size: 1.2rem }
h3 { font-size: 1rem; margin: 1.6rem 0 .4rem } p, li { color: var(--soft) } b { color: var(--ink) }
svg { width: 100%; height: auto; font: 12px system-ui, sans-serif }
svg text { fill: var(--ink) } svg .label { text-anchor: end } svg .tick { fill: var(--soft); text-anchor: middle }
svg .value { font-variant-numeric: tabular-nums; fill: var(--soft) }
.grid { stroke: var(--line) } .one { stroke: var(--ink); stroke-width: 1.5 }
.whisker { stroke: var(--ink); stroke-width: 1.2 } .target { stroke: var(--target); stroke-width: 2.5 }
.s-impl .bar { fill: var(--impl) } .s-floor .bar { fill: var(--floor) }
.s-bun-net .bar { fill: var(--bun-net) } .s-bun-listen .bar { fill: var(--bun-listen) }
.legend { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; padding: 0; list-style: none }
.legend i { display: inline-block; width: .8em; height: .8em; border-radius: 2px; margin-right: .4em }
.scroll { overflow-x: auto }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; width: 100% }
th, td { padding: .25rem .6rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap }
th:first-child, td:first-child { text-align: left } thead th { color: var(--soft); font-weight: 500 }
tbody th { font-weight: 600; padding-top: .8rem } td:first-child { padding-left: 1.4rem }
`;

const HEADS = ['', 'unit', ...FIGURES];

function row(result, subject) {
  const cells = [
    escapeHtml(subject.label),
    escapeHtml(result.unit),
    ...formatFigures(result, subject),
  ];
  return `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
}

function table(results) {
  const head = HEADS.map((text) => `<th>${text}</th>`).join('');
  const body = results.map(
    (result) =>
      `<tr><th colspan="${HEADS.length}">${escapeHtml(result.title)}</th></tr>` +
      result.subjects.map((subject) => row(result, subject)).join(''),
  );
  return `<div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>${body.join('')}</tbody></table></div>`;
}

function legend(results) {
  const labels = new Map();
  for (const { subjects } of results) {
    for (const { id, label } of subjects) if (!labels.has(id)) labels.set(id, label);
  }
  // Workloads with a baseline of their own name it in the table.
  const baseline = labels.get('baseline');
  labels.delete('baseline');
  const entries = [...labels].map(
    ([id, label]) => `<li><i style="background: var(--${id})"></i>${escapeHtml(label)}</li>`,
  );
  entries.push(
    '<li><i style="background: var(--target); width: 3px"></i>target</li>',
    `<li><i style="background: var(--ink); width: 2px"></i>1.0 = ${escapeHtml(baseline)}</li>`,
  );
  return `<ul class="legend">${entries.join('')}</ul>`;
}

function groups(results) {
  const byGroup = new Map();
  for (const result of results) {
    byGroup.set(result.group, [...(byGroup.get(result.group) ?? []), result]);
  }
  const end = scaleEnd(results);
  return [...byGroup]
    .map(([name, members]) => [name, chart(members, end)])
    .filter(([, drawn]) => drawn !== '')
    .map(([name, drawn]) => `<h3>${escapeHtml(name)}</h3>${drawn}`)
    .join('');
}

function notes(results) {
  const lines = results.flatMap((result) => remarks(result).map((text) => [result.id, text]));
  if (lines.length === 0) return '';
  const items = lines.map(([id, text]) => `<li><b>${id}</b> ${escapeHtml(text)}</li>`);
  return `<h3>Remarks</h3><ul>${items.join('')}</ul>`;
}

function section(report) {
  const { machine, settings, results } = report;
  const where = [
    `${machine.cpu}, ${machine.cores} cores${machine.virtualized ? ' (virtual)' : ''}`,
    machine.kernel,
    new Date(report.date).toUTCString(),
    report.bun && `Bun ${report.bun}`,
    `load average at the start ${report.loadAverage.toFixed(1)}`,
  ].filter(Boolean);
  return `<section><h2>Node ${escapeHtml(report.node)}</h2>
<p>${escapeHtml(where.join(' · '))}<br>${settings.pairs} pairs, ${settings.seconds} s per side and pair
in slices of ${settings.slice} s, after ${settings.warmup} s of warm-up.</p>
${legend(results)}${groups(results)}<h3>Figures</h3>${table(results)}${notes(results)}</section>`;
}

/** The whole report as a string. */
export function formatHtml(reports) {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>uvnet benchmark</title><style>${STYLE}</style></head><body>
<h1>uvnet benchmark</h1>
<p>Bars are CPU time of the server process per operation, relative to the baseline measured in the
same pair: <b>shorter is better, 1.0 is the baseline</b>. Whiskers are the 95% interval of the median
over all pairs. Memory, loop delay and start-up are compared in the same way. Each side of a pair is
a fresh process; both are alive at once and work in turns of a fraction of a second.</p>
${reports.map(section).join('\n')}
</body></html>
`;
}
