import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadMarkdown } from './module.ts';

const { parseMarkdown, parseInlines } = await loadMarkdown();
const plain = (text: string) => [{ type: 'text', text }];

describe('blocks', () => {
  it('are paragraphs, headings, lists, code, quotes, tables and rules', () => {
    const text = '# Title\n\nOne\nline\n\n- a\n- b\n  - c\n\n3. x\n4. y\n\n```js\n**no**\n```\n\n> said\n\n| A | B |\n|---|---|\n| 1 | 2 |\n\n---';
    expect(parseMarkdown(text)).toMatchObject([
      { type: 'heading', level: 1, inlines: plain('Title') },
      { type: 'paragraph', inlines: [{ type: 'text', text: 'One' }, { type: 'break' }, { type: 'text', text: 'line' }] },
      {
        type: 'list',
        ordered: false,
        items: [
          [{ type: 'paragraph', inlines: plain('a') }],
          [
            { type: 'paragraph', inlines: plain('b') },
            { type: 'list', items: [[{ inlines: plain('c') }]] },
          ],
        ],
      },
      { type: 'list', ordered: true, start: 3, items: [[{ inlines: plain('x') }], [{ inlines: plain('y') }]] },
      { type: 'code', language: 'js', text: '**no**' },
      { type: 'quote', blocks: [{ type: 'paragraph', inlines: plain('said') }] },
      { type: 'table', head: [plain('A'), plain('B')], rows: [[plain('1'), plain('2')]] },
      { type: 'rule' },
    ]);
  });

  it('keep a numbered list together across empty lines and sub-points', () => {
    expect(parseMarkdown('1. One\n\n2. Two\n   - detail\n\n3. Three\n\nAfter')).toMatchObject([
      { type: 'list', ordered: true, items: [[{}], [{}, { type: 'list' }], [{}]] },
      { type: 'paragraph', inlines: plain('After') },
    ]);
  });

  it('show code that is still being written as code', () => {
    expect(parseMarkdown('```\nGET /v1')).toEqual([{ type: 'code', language: '', text: 'GET /v1' }]);
  });
});

describe('inlines', () => {
  it('are bold, emphasis, code, links and citations', () => {
    expect(parseInlines('**b** *e* _u_ `c*d*` [l](https://a.example/x) [2] https://b.example/y.')).toEqual([
      { type: 'strong', inlines: plain('b') },
      { type: 'text', text: ' ' },
      { type: 'em', inlines: plain('e') },
      { type: 'text', text: ' ' },
      { type: 'em', inlines: plain('u') },
      { type: 'text', text: ' ' },
      { type: 'code', text: 'c*d*' },
      { type: 'text', text: ' ' },
      { type: 'link', href: 'https://a.example/x', inlines: plain('l') },
      { type: 'text', text: ' ' },
      { type: 'cite', number: 2 },
      { type: 'text', text: ' ' },
      { type: 'link', href: 'https://b.example/y', inlines: plain('https://b.example/y') },
      { type: 'text', text: '.' },
    ]);
  });

  it('leave names with underscores and masked addresses alone', () => {
    expect(parseInlines('Set ANTHROPIC_API_KEY for t***@x.example')).toEqual(plain('Set ANTHROPIC_API_KEY for t***@x.example'));
  });

  it('lead to http and https only', () => {
    for (const href of ['javascript:alert(1)', 'data:text/html,x', '//a.example', ' https://a.example'])
      expect(JSON.stringify(parseInlines(`[l](${href})`))).not.toContain(`"href":"${href}"`);
  });
});

it('loses no text and ends, whatever it is given', () => {
  const pieces = fc.constantFrom(
    '**',
    '*',
    '_',
    '`',
    '```',
    '\n',
    '\n\n',
    '- ',
    '1. ',
    '   ',
    '> ',
    '| a |',
    '|--|',
    '#',
    ' ',
    'word',
    '[1]',
    '[a](https://x.example)',
    '---',
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 60 }), (parts) => {
      const text = parts.join('');
      const shown = JSON.stringify(parseMarkdown(text));
      expect(shown.split('word').length).toBe(text.split('word').length);
    }),
    { numRuns: 2_000 },
  );
});
