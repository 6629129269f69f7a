/* The live progress line and the table. */

const CLEAR = '\r\x1b[2K';

/** Three significant digits, without exponent. */
export function formatNumber(value) {
  if (value === undefined || !Number.isFinite(value)) return '-';
  const magnitude = Math.abs(value);
  if (magnitude >= 1000) return Math.round(value).toLocaleString('en-US');
  if (magnitude >= 100) return value.toFixed(0);
  if (magnitude >= 10) return value.toFixed(1);
  return value.toFixed(2);
}

/** "0.84 [0.82, 0.86]" */
export function formatRatio(ratio) {
  if (ratio === undefined) return '';
  const [middle, low, high] = [ratio.median, ratio.low, ratio.high].map((x) => x.toFixed(2));
  return `${middle} [${low}, ${high}]`;
}

/** "≤ 0.85", or "≤ 8 ms" if the target is an absolute value; empty without a target. */
export function formatTarget({ target, limit, unit }) {
  if (target !== undefined) return `≤ ${target.toFixed(2)}`;
  return limit === undefined ? '' : `≤ ${limit} ${unit}`;
}

function duration(seconds) {
  const rounded = Math.max(0, Math.round(seconds));
  return rounded < 60 ? `${rounded} s` : `${Math.floor(rounded / 60)} min ${rounded % 60} s`;
}

/** Shows the progress of `total` measurements. It writes nothing if stderr is not a terminal. */
export class Progress {
  #total;
  #finished = 0;
  #started = performance.now();
  #stream;

  constructor(total, stream = process.stderr) {
    this.#total = total;
    this.#stream = stream;
  }

  #write(text) {
    if (this.#stream.isTTY) this.#stream.write(text);
  }

  step({ workload, subject, round, pairs }) {
    const elapsed = (performance.now() - this.#started) / 1000;
    const left =
      this.#finished === 0
        ? ''
        : `, ${duration((elapsed / this.#finished) * (this.#total - this.#finished))} left`;
    const share = Math.floor((100 * this.#finished) / this.#total);
    this.#write(
      `${CLEAR}${share} %  ${workload.id}  pair ${round + 1} of ${pairs}  ${subject.label}${left}`,
    );
  }

  done({ workload, subject, run }) {
    this.#finished += 1;
    if (run.error) this.print(`${workload.id}, ${subject.label}: ${run.error}`);
  }

  /** Removes the progress line. */
  clear() {
    this.#write(CLEAR);
  }

  print(text) {
    this.clear();
    this.#stream.write(`${text}\n`);
  }
}

/** One line about a workload that is done. */
export function formatSummary({ id, unit, subjects }) {
  const parts = subjects.map(({ label, value, ratio }) => {
    const figure = value ? `${formatNumber(value.median)} ${unit}` : 'failed';
    return `${label} ${figure}${ratio ? ` (${ratio.median.toFixed(2)})` : ''}`;
  });
  return `${id}: ${parts.join(', ')}`;
}

/**
 * Formats rows of text cells as aligned lines: the first column to the left, the others to the
 * right. A row with a single cell is a heading of any length.
 */
function alignRows(rows) {
  const widths = [];
  for (const row of rows.filter(({ length }) => length > 1)) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, [...cell].length);
    });
  }
  return rows.map((row) =>
    row
      .map((cell, i) => {
        const space = ' '.repeat(Math.max(0, widths[i] - [...cell].length));
        return i === 0 ? cell + space : space + cell;
      })
      .join('  ')
      .trimEnd(),
  );
}

/** Remarks about possible distortions of a result. */
export function remarks(result) {
  const found = [];
  for (const subject of result.subjects) {
    const { label, errors, serverBusy, serverWait, loadBusy } = subject;
    if (errors.length > 0) found.push(`${label}: ${errors.length} failed`);
    if (serverBusy === undefined) continue;
    const wait = serverWait?.median ?? 0;
    if (wait > 0.1) found.push(`${label}: waited ${Math.round(wait * 100)} % for its core`);
    const idle = 1 - serverBusy.median - wait;
    if (idle > 0.1) {
      const cause = (loadBusy?.median ?? 0) > 0.9 ? ', generator at its limit' : '';
      found.push(`${label}: ${Math.round(idle * 100)} % idle${cause}`);
    }
  }
  return found;
}

export const FIGURES = ['cost', 'ratio [95 %]', 'target', 'per second', 'p50 µs', 'p99 µs'];

/** The figures of one subject; FIGURES names them. */
export function formatFigures(result, { id, value, ratio, perSecond, p50, p99 }) {
  return [
    formatNumber(value?.median),
    formatRatio(ratio),
    id === 'impl' ? formatTarget(result) : '',
    perSecond ? formatNumber(perSecond.median) : '',
    p50 ? formatNumber(p50.median) : '',
    p99 ? formatNumber(p99.median) : '',
  ];
}

/** The results as text, for terminals of 80 columns. */
export function formatTable(results) {
  const rows = [['', ...FIGURES]];
  for (const result of results) {
    rows.push([`${result.title} (${result.id}), cost in ${result.unit}`]);
    for (const subject of result.subjects) {
      rows.push([`  ${subject.label}`, ...formatFigures(result, subject)]);
    }
  }
  const lines = alignRows(rows);
  const notes = results.flatMap((result) => {
    return remarks(result).map((remark) => `  ${result.id}: ${remark}`);
  });
  if (notes.length > 0) lines.push('', 'Remarks', ...notes);
  return lines.join('\n');
}
