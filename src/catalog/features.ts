/**
 * Turns a message into features for routing: word stems, concepts, pairs of neighbours and letter groups, the last so that a
 * typing error costs little. Numbers, sums, codes and addresses become kinds. Knows no agents and no weights.
 */
import { CONCEPTS, SHORTHAND } from './concepts.ts';

/** One word of the message as it was written, with its stem or kind: the same for all forms of one word. */
export interface Token {
  readonly written: string;
  readonly stem: string;
}

/** Feature name to its strength. */
export type Features = ReadonlyMap<string, number>;

/** What is asked stands at the beginning or at the end; what lies between in a very long message is quoted material. */
const HEAD_CHARS = 600;
const TAIL_CHARS = 200;

const LETTERS_MIN = 3;
const LETTERS_MAX = 4;
/** How far apart two concepts may stand and still be read together. */
const CONCEPTS_APART_MAX = 5;

const FAMILIES = ['word', 'pair', 'letters', 'concept', 'concepts'] as const;
type Family = (typeof FAMILIES)[number];
/** How much each family counts beside the others; chosen on the development part of the labelled set. */
const FAMILY_WEIGHTS: Record<Family, number> = { word: 1, pair: 0.6, letters: 0.5, concept: 1, concepts: 0.4 };

const NUMBER_WORDS = new Set(
  'two three four five six seven eight nine ten eleven twelve fifteen sixteen eighteen twenty thirty forty fifty sixty seventy eighty ninety hundred dozen'.split(
    ' ',
  ),
);

const KINDS: readonly (readonly [RegExp, string])[] = [
  [/^(https?:\/\/|www\.)\S+$/, '<link>'],
  [/^\S+@\S*$/, '<mail>'],
  [/^[$€£]\d[\d.,]*k?$|^\d[\d.,]*k?[$€£]$/, '<money>'],
  [/^\/[a-z]\S*$/, '<path>'],
  [/^(inv|no|nr|po)?[-#]?\d*[-/]?\d{4,}$/, '<reference>'],
  [/^\d[\d.,]*%$/, '<share>'],
  [/^\d{1,2}(st|nd|rd|th)$/, '<number>'],
  [/^\d[\d.,:]*x?$/, '<number>'],
];

const CONCEPTS_OF = new Map<string, string[]>();
for (const { name, phrases } of CONCEPTS) {
  for (const phrase of phrases) {
    const key = tokenize(phrase)
      .map(({ stem }) => stem)
      .join(' ');
    const names = CONCEPTS_OF.get(key);
    if (!names) CONCEPTS_OF.set(key, [name]);
    else if (!names.includes(name)) names.push(name);
  }
}

/** The most words a phrase has that begins with this stem: most words begin none. */
const LONGEST_FROM = new Map<string, number>();
for (const phrase of CONCEPTS_OF.keys()) {
  const [first = '', ...more] = phrase.split(' ');
  LONGEST_FROM.set(first, Math.max(LONGEST_FROM.get(first) ?? 0, more.length + 1));
}

/** The stems that concepts are recognised by: the words a typing error may be mended to. */
export const CONCEPT_STEMS: ReadonlySet<string> = new Set([...CONCEPTS_OF.keys()].flatMap((phrase) => phrase.split(' ')));

export function tokenize(text: string): readonly Token[] {
  const cut = text.length > HEAD_CHARS + TAIL_CHARS ? `${text.slice(0, HEAD_CHARS)} ${text.slice(-TAIL_CHARS)}` : text;
  const plain = cut.normalize('NFKC').replace(/(\p{L})['’`](\p{L})/gu, '$1$2');
  const words = plain.match(/https?:\/\/\S+|\S+@\S*|[$€£]\s?\d[\d.,]*k?|\d[\d.,]*\s?[$€£%]|\/[a-z][\w/]*|[\p{L}\p{N}_]+([-#][\p{L}\p{N}]+)*/giu) ?? [];
  const parts = words.flatMap((word) => (/\d|@|^\/|:/.test(word) ? [word] : word.split(/[-_]/))).filter((part) => part !== '');
  return parts.map((written) => ({
    written,
    stem: stemOf(
      written
        .toLowerCase()
        .replace(/\s/g, '')
        .replace(/[.,:]+$/, ''),
    ),
  }));
}

/** A concept found in a message: the token it begins at and how many it covers. */
export interface FoundConcept {
  readonly name: string;
  readonly at: number;
  readonly words: number;
}

/** The concepts of a message in the order written; the longest phrase wins, and one phrase may mean several things. */
export function conceptsOf(tokens: readonly Token[]): readonly FoundConcept[] {
  const found: FoundConcept[] = [];
  for (let at = 0; at < tokens.length; at++) {
    for (let words = Math.min(LONGEST_FROM.get(tokens[at]?.stem ?? '') ?? 0, tokens.length - at); words > 0; words--) {
      const phrase = tokens.slice(at, at + words);
      const names = CONCEPTS_OF.get(phrase.map((token) => token.stem).join(' '));
      if (!names) continue;
      found.push(...names.map((name) => ({ name, at, words })));
      at += words - 1;
      break;
    }
  }
  return found;
}

/** How often each feature of a family stands in a message. */
export type Counts = Readonly<Record<Family, ReadonlyMap<string, number>>>;

export function countFeatures(tokens: readonly Token[]): Counts {
  const families: Record<Family, Map<string, number>> = { word: new Map(), pair: new Map(), letters: new Map(), concept: new Map(), concepts: new Map() };
  const add = (family: Family, name: string): void => {
    families[family].set(name, (families[family].get(name) ?? 0) + 1);
  };
  tokens.forEach(({ stem }, index) => {
    add('word', stem);
    const next = tokens[index + 1]?.stem;
    if (next !== undefined) add('pair', `${stem} ${next}`);
    for (const group of letterGroups(stem)) add('letters', group);
  });
  const concepts = conceptsOf(tokens);
  concepts.forEach((concept, index) => {
    add('concept', `=${concept.name}`);
    for (const other of concepts.slice(index + 1, index + 1 + CONCEPTS_APART_MAX)) {
      if (other.name !== concept.name) add('concepts', `=${[concept.name, other.name].toSorted().join('+')}`);
    }
  });
  return families;
}

/** The names of all features of a message, each once. */
export function namesOf(counts: Counts): readonly string[] {
  return FAMILIES.flatMap((family) => [...counts[family].keys()]);
}

/**
 * The features of a message; `rarity` says how much one tells, 0 leaves it out. A word never seen before should be called rare: it
 * then takes its share of the length, so that a message of unknown words gets weak features and an unsure answer.
 */
export function featuresOf(counts: Counts, rarity: (feature: string) => number): Features {
  const features = new Map<string, number>();
  for (const family of FAMILIES) {
    const strengths = [...counts[family]].map(([name, count]) => [name, (count > 1 ? 1 + Math.log(count) : 1) * rarity(name)] as const);
    const length = Math.sqrt(strengths.reduce((sum, [, strength]) => sum + strength * strength, 0)) || 1;
    for (const [name, strength] of strengths) if (strength > 0) features.set(name, (strength / length) * FAMILY_WEIGHTS[family]);
  }
  return features;
}

/** The features that come from one word alone. */
export function featuresOfWord(stem: string): readonly string[] {
  return [stem, ...letterGroups(stem)];
}

/** True for features that mean little when they occurred only once: letter groups and pairs of words. */
export function isFleeting(feature: string): boolean {
  return feature.startsWith('~') || feature.includes(' ');
}

function letterGroups(stem: string): readonly string[] {
  if (stem.startsWith('<') || stem.length < 4) return [];
  const framed = `^${stem}$`;
  const groups: string[] = [];
  for (let size = LETTERS_MIN; size <= LETTERS_MAX; size++) {
    for (let start = 0; start + size <= framed.length; start++) groups.push(`~${framed.slice(start, start + size)}`);
  }
  return groups;
}

function stemOf(word: string): string {
  // Status codes mean something by themselves: 401 and 429 are different questions.
  if (/^[45]\d\d$/.test(word)) return word;
  const kind = KINDS.find(([pattern]) => pattern.test(word));
  if (kind) return kind[1];
  if (NUMBER_WORDS.has(word)) return '<number>';
  const calm = word.replace(/(\p{L})\1{2,}/gu, '$1$1');
  const plain = (SHORTHAND.get(calm) ?? calm).normalize('NFD').replace(/\p{M}/gu, '').replace(/ß/g, 'ss').normalize('NFC');
  if (plain.length < 4 || /\d|_/.test(plain)) return plain;
  return plain
    .replace(/ie[sd]$/, 'y')
    .replace(/(ss|sh|ch|x)es$/, '$1')
    .replace(/([^su])s$/, '$1')
    .replace(/(..[^aeiou])(?:ing|ed)$/, '$1')
    .replace(/([bdfgklmnprt])\1$/, '$1')
    .replace(/(...)e$/, '$1')
    .replace(/(....)ly$/, '$1')
    .replace(/isation$/, 'ization')
    .replace(/(...)is$/, '$1iz');
}
