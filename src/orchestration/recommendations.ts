/**
 * Which recommendations participants share, though each wrote them in words of its own: compared as bags of content words. Keeps what
 * only a minority holds. Reads words, not meaning: two ways to say a thing without a common word stay two recommendations.
 */
import { tokenize } from '../catalog/features.ts';
import { byText, foldPosition, inOrder, levels, shareOf, sum, type Vote } from './agreement.ts';

export interface Recommendation {
  /** As written by most of the weight behind it. */
  readonly text: string;
  /** Sorted, each once. */
  readonly supporters: readonly string[];
  readonly weight: number;
  /** Of all participants' weight, 0 to 1. */
  readonly share: number;
}

export interface Consensus {
  /** Held by more than half of the weight, and by two at least where there are two. By weight, then text. */
  readonly shared: readonly Recommendation[];
  /** All others, in the same order: nobody's advice is lost. */
  readonly dissent: readonly Recommendation[];
  /** The share behind a recommendation, on average over all of them: 1 is all of one mind. Also 1 where nobody recommends anything. */
  readonly agreement: number;
}

/** So much of the words of both must be common. */
const ALIKE = 0.5;
const SAME = 1e-9;

const STOP_WORDS = stems(
  'a an the this that these those it its they them their there he she his her we us our you your i me my who whom whose which what when where how why ' +
    'and or but if then than so as at by for from in into of off on onto out over per to up upon with within via about after before during until while ' +
    'is are was were be been being am do does did doing done have has had having will would shall should can could may might must need ' +
    'also any all some each every both such very more most just only please first next now soon ensure make sure recommend suggest advise consider ' +
    'not dont doesnt didnt cannot cant wont shouldnt mustnt',
);
/** Two recommendations are not the same when only one of them has a word of such a list: it turns round what the other words say. */
const TURNING = [
  stems('not no never without avoid dont doesnt didnt cannot cant wont shouldnt mustnt'),
  stems('refuse refused decline declined reject rejected deny denied withhold against'),
];
/** Nor when they take different sides in otherwise the same words. */
const OPPOSITES = [
  ['upgrade', 'downgrade'],
  ['enable activate', 'disable deactivate'],
  ['increase raise extend', 'decrease lower reduce shorten cut'],
  ['add include invite', 'remove exclude drop'],
  ['keep retain restore', 'cancel end delete close discard'],
  ['allow permit', 'block forbid prohibit'],
  ['start begin', 'stop'],
  ['before', 'after'],
].map((sides) => sides.map((side) => stems(side)));
const NUMBERS = new Map('two three four five six seven eight nine ten eleven twelve'.split(' ').map((word, index) => [word, `${index + 2}`]));

interface Wording {
  readonly text: string;
  readonly words: ReadonlySet<string>;
  readonly numbers: string;
  /** Which turning lists and which sides of opposites it has words of. */
  readonly turned: string;
  readonly sides: readonly (readonly boolean[])[];
  readonly supporters: readonly Vote[];
  readonly weight: number;
}

/** A participant counts once for a recommendation, however often it says it; a weight of 0 counts for none. */
export function consensusOf(votes: readonly Vote[]): Consensus {
  const voting = inOrder(votes.filter(({ weight }) => weight > 0));
  const total = sum(voting.map(({ weight }) => weight));
  const groups: Wording[][] = [];
  // The most supported wording speaks for those like it. Comparing with that one alone, and not with any of the group, keeps a chain of
  // small changes from joining what differs.
  for (const wording of inRank(wordingsOf(voting, total), total)) {
    const group = groups.find(([leader]) => leader && alike(leader, wording));
    if (group) group.push(wording);
    else groups.push([wording]);
  }
  const all = inRank(
    groups.map((group): Recommendation => {
      const supporters = voting.filter((vote) => group.some((wording) => wording.supporters.includes(vote)));
      const weight = sum(supporters.map((vote) => vote.weight));
      const names = [...new Set(supporters.map(({ agentId }) => agentId))];
      return { text: group[0]?.text ?? '', supporters: names, weight, share: shareOf(weight, total) };
    }),
    total,
  );
  const supportersMin = Math.min(2, new Set(voting.map(({ agentId }) => agentId)).size);
  const isShared = ({ share, supporters }: Recommendation): boolean => share > 0.5 + SAME && supporters.length >= supportersMin;
  return {
    shared: all.filter(isShared),
    dissent: all.filter((one) => !isShared(one)),
    agreement: all.length === 0 ? 1 : shareOf(sum(all.map((one) => one.share)), all.length),
  };
}

/** All that was recommended, each thing once: first what most support. */
export function mergeRecommendations(votes: readonly Vote[]): readonly string[] {
  const { shared, dissent } = consensusOf(votes);
  return [...shared, ...dissent].map(({ text }) => text);
}

/** What was written, each wording once, whatever its case and marks. */
function wordingsOf(voting: readonly Vote[], total: number): readonly Wording[] {
  const said = voting.flatMap((vote) => vote.verdict.recommendations.map((text) => ({ vote, text: text.trim() })));
  return [...Map.groupBy(said, ({ text }) => foldPosition(text)).values()].map((alikes) => {
    const ways = [...Map.groupBy(alikes, ({ text }) => text)].map(([text, by]) => ({ text, weight: weightOf(by.map(({ vote }) => vote)) }));
    const text = inRank(ways, total)[0]?.text ?? '';
    const supporters = [...new Set(alikes.map(({ vote }) => vote))];
    return { ...readWords(text), text, supporters, weight: weightOf(supporters) };
  });
}

function weightOf(votes: readonly Vote[]): number {
  return sum([...new Set(votes)].map(({ weight }) => weight));
}

function inRank<T extends { readonly weight: number; readonly text: string }>(items: readonly T[], total: number): readonly T[] {
  return levels(items, ({ weight }) => weight, total * SAME).flatMap((level) => level.toSorted((a, b) => byText(a.text, b.text)));
}

function readWords(text: string): Pick<Wording, 'words' | 'numbers' | 'turned' | 'sides'> {
  const tokens = tokenize(text).map(({ written, stem }) => ({ number: numberIn(written.toLowerCase()), stem }));
  const stemmed = tokens.map(({ number, stem }) => number ?? stem);
  const content = stemmed.filter((stem) => !STOP_WORDS.has(stem));
  const has = (list: ReadonlySet<string>): boolean => stemmed.some((stem) => list.has(stem));
  return {
    words: new Set(content.length > 0 ? content : [foldPosition(text)]),
    numbers: [...new Set(tokens.flatMap(({ number }) => number ?? []))].toSorted(byText).join(' '),
    turned: TURNING.map(has).join(' '),
    sides: OPPOSITES.map((sides) => sides.map(has)),
  };
}

/** As digits, where the word is or holds a number. */
function numberIn(written: string): string | null {
  return /\d/.test(written) ? written.replace(/[\s,]|[.:]+$/g, '') : (NUMBERS.get(written) ?? null);
}

function alike(a: Wording, b: Wording): boolean {
  // Ten percent and twenty percent are two recommendations in otherwise the same words.
  if (a.turned !== b.turned || (a.numbers !== '' && b.numbers !== '' && a.numbers !== b.numbers)) return false;
  if (a.sides.some((own, index) => facing(own, b.sides[index] ?? []))) return false;
  const common = [...a.words].filter((word) => b.words.has(word)).length;
  return common / (a.words.size + b.words.size - common) >= ALIKE;
}

/** One is on one side only, the other on the other side only. */
function facing([oneLeft, oneRight]: readonly boolean[], [otherLeft, otherRight]: readonly boolean[]): boolean {
  return (oneLeft === true && !oneRight && otherRight === true && !otherLeft) || (oneRight === true && !oneLeft && otherLeft === true && !otherRight);
}

/** Word by word: of a long text `tokenize` reads only the ends. */
function stems(list: string): ReadonlySet<string> {
  return new Set(list.split(' ').flatMap((word) => tokenize(word).map(({ stem }) => stem)));
}
