/** Shows parsed Markdown as elements. Text becomes text nodes and nothing else; a block that did not change is left standing. */
import { parseMarkdown } from './markdown.js';

const shown = new WeakMap();

/** Makes `container` show the text. While an answer grows only its last blocks are made anew, so a selection above them survives. */
export function showMarkdown(container, text) {
  const before = shown.get(container) ?? [];
  const blocks = parseMarkdown(text);
  const after = blocks.map((block) => JSON.stringify(block));
  let same = 0;
  while (same < before.length && before[same] === after[same]) same += 1;
  while (container.childNodes.length > same) container.lastChild.remove();
  container.append(...blocks.slice(same).map(blockElement));
  shown.set(container, after);
}

/** @returns a new element with these children; strings become text nodes */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (value !== null && value !== undefined) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function blockElement(block) {
  switch (block.type) {
    case 'heading':
      return element('h4', {}, ...inlineNodes(block.inlines));
    case 'list':
      return element(
        block.ordered ? 'ol' : 'ul',
        block.ordered && block.start !== 1 ? { start: String(block.start) } : {},
        ...block.items.map((item) => element('li', {}, ...itemNodes(item))),
      );
    case 'code':
      return element('pre', { tabindex: '0' }, element('code', {}, block.text));
    case 'quote':
      return element('blockquote', {}, ...block.blocks.map(blockElement));
    case 'table':
      return tableElement(block);
    case 'rule':
      return element('hr');
    default:
      return element('p', {}, ...inlineNodes(block.inlines));
  }
}

/** The first paragraph of an item stands without a box of its own, so that simple lists are tight. */
function itemNodes(blocks) {
  const [first, ...rest] = blocks;
  if (first?.type !== 'paragraph') return blocks.map(blockElement);
  return [...inlineNodes(first.inlines), ...rest.map(blockElement)];
}

function tableElement({ head, rows }) {
  const row = (name, cells) => element('tr', {}, ...cells.map((cell) => element(name, {}, ...inlineNodes(cell))));
  const table = element('table', {}, element('thead', {}, row('th', head)), element('tbody', {}, ...rows.map((cells) => row('td', cells))));
  return element('div', { class: 'table', tabindex: '0' }, table);
}

function inlineNodes(inlines) {
  return inlines.map((inline) => {
    switch (inline.type) {
      case 'strong':
        return element('strong', {}, ...inlineNodes(inline.inlines));
      case 'em':
        return element('em', {}, ...inlineNodes(inline.inlines));
      case 'code':
        return element('code', {}, inline.text);
      case 'link':
        return element('a', { href: inline.href, rel: 'noopener noreferrer', target: '_blank' }, ...inlineNodes(inline.inlines));
      case 'cite':
        return element('sup', { class: 'cite' }, `[${inline.number}]`);
      case 'break':
        return element('br');
      default:
        return inline.text;
    }
  });
}
