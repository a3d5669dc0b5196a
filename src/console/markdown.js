/**
 * Reads the Markdown that agents write into plain objects: paragraphs, headings, lists, quotes, code, tables, bold, emphasis, links,
 * citations. Makes no HTML, so nothing in a text can become any. What it does not know stays text.
 */

const FENCE = /^\s*(```|~~~)\s*([\w+-]*)\s*$/;
const HEADING = /^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$/;
const RULE = /^ {0,3}([-*_])(?:\s*\1){2,}\s*$/;
const ITEM = /^( {0,8})(?:([-*+])|(\d{1,4})[.)])\s+(.*)$/;
const DELIMITER_ROW = /^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$/;
/** Deeper lists are shown flat: nobody reads them, and depth costs time. */
const DEPTH_MAX = 4;

/** @returns blocks: `{ type: 'paragraph' | 'heading' | 'list' | 'code' | 'quote' | 'table' | 'rule', … }` */
export function parseMarkdown(text, depth = 0) {
  const lines = text.replaceAll('\r\n', '\n').split('\n');
  const blocks = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at];
    if (line.trim() === '') {
      at += 1;
      continue;
    }
    const [block, next] =
      readCode(lines, at) ??
      readLine(line, at) ??
      readQuote(lines, at, depth) ??
      readList(lines, at, depth) ??
      readTable(lines, at) ??
      readParagraph(lines, at);
    blocks.push(block);
    at = next;
  }
  return blocks;
}

function readCode(lines, at) {
  const fence = FENCE.exec(lines[at]);
  if (!fence) return null;
  let end = at + 1;
  while (end < lines.length && lines[end].trim() !== fence[1]) end += 1;
  return [{ type: 'code', language: fence[2], text: lines.slice(at + 1, end).join('\n') }, end + 1];
}

function readLine(line, at) {
  if (RULE.test(line)) return [{ type: 'rule' }, at + 1];
  const heading = HEADING.exec(line);
  return heading ? [{ type: 'heading', level: heading[1].length, inlines: parseInlines(heading[2]) }, at + 1] : null;
}

function readQuote(lines, at, depth) {
  if (!/^ {0,3}>/.test(lines[at]) || depth >= DEPTH_MAX) return null;
  let end = at;
  while (end < lines.length && /^ {0,3}>/.test(lines[end])) end += 1;
  const inner = lines.slice(at, end).map((line) => line.replace(/^ {0,3}> ?/, ''));
  return [{ type: 'quote', blocks: parseMarkdown(inner.join('\n'), depth + 1) }, end];
}

function readList(lines, at, depth) {
  const first = ITEM.exec(lines[at]);
  if (!first || depth >= DEPTH_MAX) return null;
  const ordered = first[3] !== undefined;
  const indent = first[1].length;
  const items = [];
  let end = at;
  while (end < lines.length) {
    const item = ITEM.exec(lines[end]);
    if (item && item[1].length <= indent + 1 && (item[3] !== undefined) === ordered && !RULE.test(lines[end])) items.push([item[4]]);
    else if (continuesItem(lines, end, indent)) items.at(-1)?.push(lines[end].slice(Math.min(indent + (ordered ? 3 : 2), lines[end].search(/\S|$/))));
    else break;
    end += 1;
  }
  return [
    { type: 'list', ordered, start: ordered ? Number(first[3]) : 1, items: items.map((inner) => parseMarkdown(inner.join('\n').trimEnd(), depth + 1)) },
    end,
  ];
}

/** Indented lines belong to the item above; so does an empty line with the list going on behind it, and text that just goes on. */
function continuesItem(lines, at, indent) {
  const line = lines[at];
  if (line.trim() === '') {
    const next = lines.slice(at).find((later) => later.trim() !== '');
    return next !== undefined && (next.search(/\S/) > indent + 1 || (ITEM.test(next) && next.search(/\S/) >= indent));
  }
  if (line.search(/\S/) > indent + 1) return true;
  return lines[at - 1].trim() !== '' && !startsBlock(line);
}

function readTable(lines, at) {
  const delimiters = lines[at + 1];
  if (!lines[at].includes('|') || delimiters === undefined || !delimiters.includes('-') || !DELIMITER_ROW.test(delimiters)) return null;
  let end = at + 2;
  while (end < lines.length && lines[end].includes('|')) end += 1;
  return [{ type: 'table', head: cells(lines[at]), rows: lines.slice(at + 2, end).map(cells) }, end];
}

function cells(line) {
  return line
    .trim()
    .replace(/^\|/, '')
    .replace(/\|$/, '')
    .split('|')
    .map((cell) => parseInlines(cell.trim()));
}

function readParagraph(lines, at) {
  let end = at + 1;
  while (end < lines.length && lines[end].trim() !== '' && !startsBlock(lines[end])) end += 1;
  return [{ type: 'paragraph', inlines: parseInlines(lines.slice(at, end).join('\n')) }, end];
}

function startsBlock(line) {
  return FENCE.test(line) || HEADING.test(line) || RULE.test(line) || ITEM.test(line) || /^ {0,3}>/.test(line);
}

const INLINE = new RegExp(
  [
    /(?<code>`+)(?<codeText>[^`\n]+)\k<code>(?!`)/,
    /\*\*(?=\S)(?<strong>[^\n]+?)(?<=\S)\*\*/,
    /(?<![\w*])\*(?=[^\s*])(?<em>[^*\n]+)(?<=\S)\*(?![\w*])/,
    // An underscore inside a word is a letter: `ANTHROPIC_API_KEY`.
    /(?<![\w])_(?=\S)(?<under>(?:[^_\n]|(?<=\w)_(?=\w))+)(?<=\S)_(?!\w)/,
    /\[(?<label>[^\][\n]+)\]\((?<href>https?:\/\/[^\s)]+)\)/,
    /\[(?<cite>\d{1,2})\](?!\()/,
    /(?<bare>https?:\/\/[^\s<>()[\]"']*[^\s<>()[\]"'.,;:!?])/,
    /(?<newline> *\n)/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'g',
);

/** @returns inlines: `{ type: 'text' | 'strong' | 'em' | 'code' | 'link' | 'cite' | 'break', … }`; links lead to http and https only */
export function parseInlines(text, depth = 0) {
  const inlines = [];
  let last = 0;
  for (const match of text.matchAll(INLINE)) {
    if (match.index > last) inlines.push({ type: 'text', text: text.slice(last, match.index) });
    last = match.index + match[0].length;
    inlines.push(inlineOf(match[0], match.groups, depth));
  }
  if (last < text.length) inlines.push({ type: 'text', text: text.slice(last) });
  return inlines;
}

function inlineOf(all, { codeText, strong, em, under, label, href, cite, bare, newline }, depth) {
  const within = (inner) => (depth < DEPTH_MAX ? parseInlines(inner, depth + 1) : [{ type: 'text', text: inner }]);
  if (codeText !== undefined) return { type: 'code', text: codeText };
  if (strong !== undefined) return { type: 'strong', inlines: within(strong) };
  if (em !== undefined || under !== undefined) return { type: 'em', inlines: within(em ?? under) };
  if (href !== undefined) return { type: 'link', href, inlines: [{ type: 'text', text: label }] };
  if (cite !== undefined) return { type: 'cite', number: Number(cite) };
  if (bare !== undefined) return { type: 'link', href: bare, inlines: [{ type: 'text', text: bare }] };
  return newline === undefined ? { type: 'text', text: all } : { type: 'break' };
}
