/**
 * What of a question counts at all: which characters, which phrases stand for a word the database would drop, and which stems say
 * nothing about a topic. What its words may stand for is understand.ts. Stems nothing itself and knows no rows.
 */

/** What comes later in a long message rarely changes its topic, and each word costs time. */
export const QUERY_CHARS_MAX = 500;

/** Phrases whose sense hangs on a word that the database drops ("in", "out", "down"), and what articles call it. */
const PHRASES: readonly (readonly [RegExp, string])[] = [
  [/\b(loomwork|site|website|app|service|system|platform|everything)(?: is| was| went| goes)? down\b/giu, '$1 downtime'],
  [/\blog(?:s|ged|ging)? (?:me |us )?(?:out|off)\b/giu, 'signed out session'],
  [/\blog(?:ged|ging)? in(?:to)?\b/giu, 'login'],
  [/\bhow (?:long|often|many|much|big|fast)\b/giu, 'how'],
];

/** Stemmed words of politeness and asking: rare in articles, so they would weigh much, and they say nothing about the topic. */
export const SMALL_TALK: readonly string[] = [
  'actual',
  'advanc',
  'also',
  'anybodi',
  'anyon',
  'appreci',
  'ask',
  'best',
  'bit',
  'cant',
  'could',
  'day',
  'dear',
  'dont',
  'els',
  'explain',
  'get',
  'give',
  'go',
  'good',
  'got',
  'guy',
  'hello',
  'help',
  'hey',
  'hi',
  'im',
  'issu',
  'ive',
  'keep',
  'kind',
  'know',
  'let',
  'like',
  'loomwork',
  'make',
  'mani',
  'mayb',
  'much',
  'need',
  'pleas',
  'possibl',
  'problem',
  'question',
  'realli',
  'regard',
  'right',
  'say',
  'see',
  'seem',
  'show',
  'someth',
  'sorri',
  'still',
  'sure',
  'take',
  'tell',
  'thank',
  'thing',
  'tri',
  'understand',
  'us',
  'use',
  'want',
  'way',
  'wonder',
  'work',
  'would',
  'yesterday',
  'today',
];

/** Letters and digits only: no operator, quotation mark or path reaches the parser of the database, and `card_declined` is two words. Contractions ("can't", "what's") say nothing. */
export function toWords(query: string): string {
  const words = query
    .slice(0, QUERY_CHARS_MAX)
    .toWellFormed()
    .replace(/\b\p{L}+n['’]t\b|['’](?:s|re|ve|ll|d|m)\b/giu, ' ')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
  return PHRASES.reduce((text, [pattern, meaning]) => text.replace(pattern, meaning), words);
}
