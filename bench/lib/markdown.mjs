/* The tables of docs/PERFORMANCE.md. */
import { formatNumber, formatRatio, formatTarget } from './terminal.mjs';

const OTHERS = ['floor', 'bun-net', 'bun-listen'];

/** By the id of a subject: its names in the results. A workload may have one of its own. */
function namesOf(results) {
  const names = new Map();
  for (const { subjects } of results) {
    for (const { id, label } of subjects) names.set(id, (names.get(id) ?? new Set()).add(label));
  }
  return names;
}

function table(report) {
  const names = namesOf(report.results);
  const labels = new Map([...names].map(([id, all]) => [id, [...all].join(' or ')]));
  const others = OTHERS.filter((id) => labels.has(id));
  const head = [
    'workload',
    'unit',
    labels.get('baseline'),
    labels.get('impl'),
    'ratio [95 %]',
    'target',
    ...others.map((id) => labels.get(id)),
  ];
  const rows = report.results.map((result) => {
    const of = (id) => result.subjects.find((subject) => subject.id === id);
    return [
      result.title,
      result.unit,
      formatNumber(of('baseline')?.value?.median),
      formatNumber(of('impl')?.value?.median),
      formatRatio(of('impl')?.ratio),
      formatTarget(result),
      ...others.map((id) => of(id)?.ratio?.median.toFixed(2) ?? ''),
    ];
  });
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, i) => (i < 2 ? '---' : '---:'));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}

/** One table per report, each under a heading. */
export function formatMarkdown(reports) {
  return `${reports
    .map((report) => {
      const { pairs, seconds, slice } = report.settings;
      const day = report.date.slice(0, 10);
      const with_ = `${pairs} pairs of ${seconds} s in slices of ${slice} s`;
      const bun = report.bun ? `, Bun ${report.bun}` : '';
      return `### Node ${report.node}\n\n${day}, ${with_}${bun}.\n\n${table(report)}`;
    })
    .join('\n\n')}\n`;
}
