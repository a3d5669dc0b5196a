/**
 * The language of a message by the small words every sentence needs, and by script and accents where it has few words. Knows the five
 * languages answers are checked in; everything else is `other`. Guesses nothing from names.
 */
import type { Words } from './words.ts';

export const LANGUAGES = ['en', 'de', 'es', 'fr', 'pt', 'other'] as const;
export type Language = (typeof LANGUAGES)[number];

export interface LanguageRead {
  readonly language: Language;
  /** 0 to 1. */
  readonly confidence: number;
}

/** Words that few other languages of the list share. Those of neighbours that are not in it speak for `other`. */
const SMALL_WORDS: Readonly<Record<Language, string>> = {
  en: `the a an is are was were be been do does did don't doesn't can can't cannot could would should will won't have has had i i'm i'd i've you your we we're our my it
    it's its this that these those there and but or not of to for from with without at by on in as if when where why what which who how please thanks thank any some
    every all again still already now today just need want get got me us he she they them his her their been after before because about into out up off no yes hi hello`,
  de: `der die das den dem des ein eine einen einem einer ist sind war waren bin haben hat habe hatte wird werden kann können könnte möchte muss müssen und oder aber
    nicht kein keine ich wir sie ihr mein meine meinen unser unsere unserem mit ohne für von vom zum zur auf aus bei nach über unter seit wie wo was warum wann wer
    welche bitte danke vielen immer noch schon auch sich mich mir uns es im am beim gestern heute wollen geht funktioniert hat sehr`,
  es: `el la los las un una unos unas es son está están era fue ser estar tengo tiene tienen quiero quisiera necesito puedo puede pueden cómo dónde qué cuándo cuánto
    por para con sin del al de y o pero no me mi mis su sus nuestro nuestra se lo le desde hasta muy más siempre también gracias hola favor esto esta este ya ayer hoy muchas
    cuenta usted ustedes yo estoy hay ha han`,
  fr: `le la les un une des du de est sont était être avoir j'ai je j'arrive nous vous tu il elle on mon ma mes notre nos votre vos ne pas plus très avec sans pour par
    dans sur et ou où mais que qui quoi comment pourquoi quand combien c'est n'est n'ai merci bonjour s'il plaît peux peut puis-je voudrais veux depuis toujours aussi ce cette
    l'application au aux en beaucoup l'aide se tout`,
  pt: `o a os as um uma uns umas é são está estão era foi ser estar tenho tem têm quero gostaria preciso posso pode podem como onde que quando quanto por para com sem do
    da dos das de e ou mas não me meu minha meus minhas seu sua nosso nossa se desde até muito mais sempre também obrigado obrigada olá favor isso esta este já ontem hoje
    consigo ao à você vocês eu nós ficou`,
  other: `il gli che di è sono non mi come per con della nel vorrei sapere posso mio mia grazie ciao het een de ik je jij wij niet kan hoe wat waar mijn naar van voor
    met ook bij dit dat jag är och att det inte kan hur var min jeg er og ikke hvordan nie jak jest się czy moje proszę bir ve için nasıl bu ben var yok mı`,
};

const TABLE = buildTable();

const ACCENTS: readonly (readonly [RegExp, Language, number])[] = [
  [/[äöüß]/, 'de', 1.2],
  [/[ñ¿¡]/, 'es', 2.5],
  [/[ãõ]|ções?\b|ção\b/, 'pt', 2.5],
  [/[èêœùû]|ç[ao]/, 'fr', 1.2],
  [/[áíóú]/, 'es', 0.6],
  [/[åøæşğıčřžłąęőű]/, 'other', 2],
];

/** @param usual The language of the account: what is meant when the words do not say. */
export function readLanguage({ text, list }: Words, usual = 'en'): LanguageRead {
  const letters = (text.match(/\p{L}/gu) ?? []).length;
  const latin = (text.match(/\p{Script=Latin}/gu) ?? []).length;
  if (letters > 0 && latin < letters / 2) return { language: 'other', confidence: 0.99 };
  const points: Record<Language, number> = { en: 0, de: 0, es: 0, fr: 0, pt: 0, other: 0 };
  for (const word of list) for (const [language, weight] of TABLE.get(word) ?? []) points[language] += weight;
  for (const [pattern, language, weight] of ACCENTS) if (pattern.test(text)) points[language] += weight;
  const ranked = LANGUAGES.toSorted((a, b) => points[b] - points[a]);
  const [first = 'en', second = 'en'] = ranked;
  const total = LANGUAGES.reduce((sum, language) => sum + points[language], 0);
  if (total === 0 || points[first] === points[second]) return { language: LANGUAGES.find((known) => known === usual.slice(0, 2)) ?? 'en', confidence: 0.5 };
  return { language: first, confidence: Math.round((100 * points[first]) / total) / 100 };
}

/** A word of several languages says less about each. */
function buildTable(): ReadonlyMap<string, readonly (readonly [Language, number])[]> {
  const owners = new Map<string, Set<Language>>();
  for (const language of LANGUAGES) {
    for (const word of SMALL_WORDS[language].split(/\s+/)) owners.set(word, (owners.get(word) ?? new Set()).add(language));
  }
  return new Map([...owners].map(([word, languages]) => [word, [...languages].map((language) => [language, 1 / languages.size] as const)]));
}
