/**
 * `check_citations`: the citations of a draft: every number has a source, every source is an article there is, the article says what is
 * claimed, and statistics and terms of the business are cited. Finds no articles for the customer: search-knowledge.ts does.
 */
import type { AnyTool, Reviewed } from '../orchestration/tool.ts';
import type { Finding } from '../orchestration/verdict.ts';
import { contentOf, coverage, sentencesOf, withoutCode, type Piece } from './draft.ts';
import { evidenceOf, readSources, type Evidence, type Source, type SourceDeps } from './draft-sources.ts';
import { quantitiesIn, sameMeasure, sameValue, type Quantity } from './quantities.ts';
import { defineCheck, found, quote, type Reading } from './review.ts';

export function checkCitations(deps: SourceDeps): AnyTool {
  return defineCheck({
    name: 'check_citations',
    description:
      'Looks at the citations of a draft: whether each number has a source, each source exists and says what is claimed, and terms and statistics are cited.',
    about: 'the citations',
    async read(reviewed) {
      const [near, rows] = await Promise.all([
        readSources(deps, reviewed),
        deps.database.knowledgeArticle.findMany({ where: namedIn(reviewed.answer), select: { slug: true, title: true, body: true } }),
      ]);
      return readCitations(reviewed, { near, named: rows });
    },
  });
}

export interface Shelf {
  /** Articles near the question and the draft. */
  readonly near: readonly Source[];
  /** Articles that the draft names by title or slug, as far as there are. */
  readonly named: readonly Source[];
}

const CHECK = 'citation';
/** A sentence is what an article says from this share of its words on. */
const SAID_SHARE = 0.5;
/** Below this, an article that is cited speaks of something else. */
const FAR_SHARE = 0.2;
const WORDS_MIN = 3;
const MARKER = /\[(\d{1,3}(?:, ?\d{1,3})*)\](?!\()/g;
const LISTED = /\[(\d{1,3})\][:.]? ?"?([^[\]\n·|"]{3,120})/g;
const SOURCES_LINE = /^[ \t>*_#]*(?:sources?|references?|quellen|fuentes|fontes)\b[*_]*:?[*_]*(?:[ \t]*\n)?([\s\S]*)$/im;
const SLUG = /(?:\/(?:articles?|help|kb|knowledge)\/|\barticles? `?|\bslug:? `?|\[)([a-z0-9]+(?:-[a-z0-9]+){1,9})(?=[`\])/.,;:?!\s]|$)/g;

interface Cited {
  readonly number: number;
  readonly title: string;
  readonly text: string;
}

/** What the database is asked for: titles and slugs as the draft writes them. */
function namedIn(answer: string) {
  const { titles, slugs } = namesIn(answer);
  return { active: true, OR: [{ title: { in: titles.map(({ title }) => title) } }, { slug: { in: slugs.map(({ slug }) => slug) } }] };
}

function namesIn(answer: string): { titles: Cited[]; slugs: { slug: string; text: string }[]; body: string } {
  const prose = withoutCode(answer);
  const list = SOURCES_LINE.exec(prose);
  const entries = list?.[1] ?? '';
  // A line that begins so and lists nothing is a sentence.
  const titles = [...entries.matchAll(LISTED)].map(([text, number = '', title = '']) => ({
    number: Number(number),
    title: title.trim().replace(/[.,;*_-]+$/, ''),
    text: text.trim(),
  }));
  return {
    titles,
    slugs: [...answer.matchAll(SLUG)].map(([text, slug = '']) => ({ slug, text })),
    body: titles.length > 0 && list ? prose.slice(0, list.index) : prose,
  };
}

export function readCitations({ answer }: Pick<Reviewed, 'answer'>, { near, named }: Shelf): Reading {
  const { titles, slugs, body } = namesIn(answer);
  const byNumber = new Map(titles.map(({ number, title }) => [number, named.find((one) => one.title === title)]));
  const evidence = evidenceOf(near);
  const sentences = sentencesOf(body);
  const findings: Finding[] = [
    ...titles
      .filter(({ number }) => !byNumber.get(number))
      .map(({ title, text }) => found(CHECK, 'high', `There is no article called ${quote(title)}.`, 'Cite an article that was found.', text)),
    ...slugs
      .filter(({ slug }) => !named.some((one) => one.slug === slug))
      .map(({ slug }) => found(CHECK, 'high', `There is no article ${quote(slug)}.`, 'Cite an article that was found.', slug)),
    ...sentences.flatMap((sentence) => ofMarkers(sentence, byNumber, evidence)),
    ...ofUncited(sentences, evidence, body),
    ...titles
      .filter(({ number }) => !numbersIn(body).includes(number))
      .map(({ text }) => found(CHECK, 'info', `The source ${quote(text)} is named and nowhere cited.`, 'Cite it, or leave it out.', text)),
  ];
  return { findings, checked: Math.max(1, titles.length + slugs.length + sentences.filter(({ text }) => numbersIn(text).length > 0 || isTerm(text)).length) };
}

function numbersIn(text: string): number[] {
  return [...text.matchAll(MARKER)].flatMap(([, numbers = '']) => numbers.split(',').map(Number));
}

function ofMarkers({ text }: Piece, byNumber: ReadonlyMap<number, Source | undefined>, evidence: readonly Evidence[]): Finding[] {
  return numbersIn(text).flatMap((number) => {
    const marker = [...text.matchAll(MARKER)].find(([, numbers = '']) => numbers.split(',').map(Number).includes(number))?.[0] ?? '';
    const claim = text.replace(MARKER, '').trim();
    if (byNumber.has(number)) {
      const source = byNumber.get(number);
      return source ? ofSupport(claim, evidenceOf([source]), source.slug, marker) : [];
    }
    if (byNumber.size > 0)
      return [found(CHECK, 'high', `The number ${number} is cited, and no source has it.`, 'Name its source, or take the number out.', marker)];
    if (contentOf(claim).size < WORDS_MIN) return [];
    const supported = evidence.some(({ words }) => coverage(contentOf(claim), words) >= SAID_SHARE);
    return supported
      ? []
      : [found(CHECK, 'medium', `The number ${number} is cited without a source, and no article near it says ${quote(claim)}.`, 'Name the source.', marker)];
  });
}

/** Whether the article that is cited says what is claimed. */
function ofSupport(claim: string, evidence: readonly Evidence[], slug: string, marker: string): Finding[] {
  const words = contentOf(claim);
  if (words.size < WORDS_MIN) return [];
  const all = new Set(evidence.flatMap((one) => [...one.words]));
  if (coverage(words, all) < FAR_SHARE)
    return [found(CHECK, 'high', `The article ${quote(slug)} says nothing like ${quote(claim)}.`, 'Cite the article that says it.', marker)];
  return quantitiesIn(claim)
    .filter((quantity) => quantity.dimension !== 'money')
    .flatMap((quantity) => {
      const given = evidence.flatMap(({ quantities }) => quantities).filter((other) => sameMeasure(other, quantity));
      if (given.length === 0 || given.some((other) => contains(other, quantity))) return [];
      return [found(CHECK, 'high', `The article ${quote(slug)} does not say ${quote(quantity.text)}.`, 'Say what the article says.', quantity.text)];
    });
}

function contains(given: Quantity, said: Quantity): boolean {
  return sameValue(given, said) || (given.value <= said.value && said.to <= given.to);
}

const STATISTIC = /\b\d{1,3}(?:\.\d+)? ?(?:%|percent) of\b|\b(?:studies|research|surveys|statistics) (?:shows?|says?|suggests?|found)\b/i;
const OWN = /\b(?:your|you(?:'ve| have)|i (?:have|found|see|can see)|invoice [A-Z]|payment of|was charged|on \d{1,2} \p{Lu})\b/iu;

function isTerm(text: string): boolean {
  return quantitiesIn(text).some(({ dimension }) => dimension !== 'money' && dimension !== 'count') || STATISTIC.test(text);
}

/** Statistics, and terms of the business that an article has; a paragraph with a citation is cited. What is the customer's own comes from tools. */
function ofUncited(sentences: readonly Piece[], evidence: readonly Evidence[], body: string): Finding[] {
  return sentences.flatMap(({ text, start }) => {
    if (!isTerm(text) || text.endsWith('?') || numbersIn(paragraphAt(body, start)).length > 0) return [];
    const statistic = STATISTIC.exec(text);
    if (statistic) return [found('uncited', 'medium', `A statistic has no source: ${quote(text)}.`, 'Cite it, or leave it out.', statistic[0])];
    if (OWN.test(text)) return [];
    const words = contentOf(text);
    const source = evidence.find(
      (one) =>
        words.size >= WORDS_MIN &&
        coverage(words, one.words) >= SAID_SHARE &&
        quantitiesIn(text).some((said) => one.quantities.some((other) => sameMeasure(other, said) && sameValue(other, said))),
    );
    return source ? [found('uncited', 'info', `A term has no source: ${quote(text)}.`, `The article "${source.slug}" says it.`, text)] : [];
  });
}

function paragraphAt(body: string, at: number): string {
  const from = body.lastIndexOf('\n\n', at);
  const to = body.indexOf('\n\n', at);
  return body.slice(from < 0 ? 0 : from, to < 0 ? undefined : to);
}
