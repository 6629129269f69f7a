/* What the pictures of the documentation have in common: colours, for light and dark pages, and shapes. */
import { escapeHtml } from './chart.mjs';

/** Plain colours: several viewers of SVG do not support CSS variables. */
const colours = ({ page, ink, soft, line, bar, mark }) => `
text, .one { fill: ${ink} } .one, .interval { stroke: ${ink} } .soft { fill: ${soft} }
.page { fill: ${page} } .grid { stroke: ${line} } .bar { fill: ${bar} } .mark { fill: ${mark} }
.ours { stroke: ${bar}; fill: ${bar} } .theirs { stroke: ${mark}; fill: ${mark} }`;

const LIGHT = {
  page: '#fcfcfb',
  ink: '#1b1b1a',
  soft: '#5f5e59',
  line: '#dfded9',
  bar: '#5a9be6',
  mark: '#b3541e',
};
const DARK = {
  page: '#1a1a19',
  ink: '#f1f0ec',
  soft: '#b3b2aa',
  line: '#3f3e3a',
  bar: '#2f72c4',
  mark: '#f0a35e',
};

export const STYLE = `
text { font: 13px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif }
.title { font-size: 17px; font-weight: 600 } .group { font-weight: 600 } .middle { text-anchor: middle }
.one { stroke-width: 1.5 } .curve { fill: none; stroke-width: 2 } .interval { stroke-width: 1.3; fill: none }${colours(LIGHT)}
@media (prefers-color-scheme: dark) {${colours(DARK)}
}
`;

export const text = (x, y, content, kind = '') =>
  `<text x="${x}" y="${y}" class="${kind}">${escapeHtml(content)}</text>`;
export const line = (kind, x, from, to) =>
  `<line class="${kind}" x1="${x}" x2="${x}" y1="${from}" y2="${to}"/>`;

/** A whole picture on its page. */
export const picture = (width, height, title, shapes) =>
  `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${escapeHtml(title)}</title><style>${STYLE}</style>`,
    `<rect class="page" width="${width}" height="${height}" rx="8"/>`,
    ...shapes,
    '</svg>',
  ].join('\n')}\n`;
