/**
 * Keeps an agent's own instructions out of what a customer reads: watches the answer as it streams for longer runs of the prompt's
 * words, holds back what may become one, and says when it has. Case, marks and line breaks do not matter. What a model translates or
 * puts in other words passes: that is the prompt's own job to forbid.
 */
import type { Language } from './understand/language.ts';

/** Words in a row that make a run: shorter ones are everyday turns of phrase and names of menus. */
const RUN_WORDS = 6;
/** A run this long is a line of the instructions. */
const LINE_WORDS = 16;
/** All runs of one answer together: instructions told in pieces. */
const PIECES_WORDS = 60;

export interface OutputGuard {
  /** What of the answer may go on now. Empty while words are held back, and for ever after it has tripped. */
  pass(text: string): string;
  /** What was held back when the answer ends. */
  end(): string;
  readonly tripped: boolean;
}

/** The runs of a prompt, made once for each. */
const known = new Map<string, ReadonlySet<string>>();
/** Prompts remembered: more than there are agents. */
const KNOWN_MAX = 512;

export function createOutputGuard(prompt: string): OutputGuard {
  const runs = runsOf(prompt);
  const latest: string[] = [];
  let partial = '';
  let held = '';
  let run = 0;
  let pieces = 0;
  let tripped = false;

  /** Answers what a word that is now complete lets go. */
  function complete(word: string): string {
    latest.push(word.toLowerCase());
    if (latest.length > RUN_WORDS) latest.shift();
    const matches = latest.length === RUN_WORDS && runs.has(latest.join(' '));
    const grown = matches ? (run === 0 ? RUN_WORDS : run + 1) : 0;
    pieces += grown > run ? grown - run : 0;
    run = grown;
    tripped = run >= LINE_WORDS || pieces >= PIECES_WORDS;
    if (run > 0) return '';
    const free = held;
    held = '';
    return free;
  }

  return {
    pass(text) {
      let free = '';
      for (const piece of text.match(/[\p{L}\p{N}]+|[^\p{L}\p{N}]+/gu) ?? []) {
        if (tripped) return '';
        const isWord = /^[\p{L}\p{N}]/u.test(piece);
        if (!isWord && partial !== '') {
          free += complete(partial);
          partial = '';
        }
        if (isWord) partial += piece;
        if (run > 0) held += piece;
        else free += piece;
      }
      return tripped ? '' : free;
    },
    end() {
      const free = partial === '' || tripped ? '' : complete(partial);
      partial = '';
      if (tripped) return '';
      const rest = free + held;
      held = '';
      return rest;
    },
    get tripped() {
      return tripped;
    },
  };
}

/** True when these words, as a whole, tell a line of the instructions. */
export function tellsInstructions(prompt: string, text: string): boolean {
  const guard = createOutputGuard(prompt);
  guard.pass(text);
  guard.end();
  return guard.tripped;
}

/** What the customer reads in place of the rest. */
const INSTEAD: Readonly<Record<Language, string>> = {
  en: 'I cannot share how I am set up. What can I help you with?',
  de: 'Wie ich eingerichtet bin, kann ich nicht weitergeben. Wobei kann ich Ihnen helfen?',
  es: 'No puedo compartir cómo estoy configurado. ¿En qué puedo ayudarle?',
  fr: 'Je ne peux pas partager ma configuration. En quoi puis-je vous aider ?',
  pt: 'Não posso partilhar como estou configurado. Em que posso ajudar?',
  other: 'I cannot share how I am set up. What can I help you with?',
};

export function insteadOfInstructions(language: Language): string {
  return INSTEAD[language];
}

function runsOf(prompt: string): ReadonlySet<string> {
  const before = known.get(prompt);
  if (before) return before;
  const words = prompt.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const runs = new Set<string>();
  for (let at = 0; at + RUN_WORDS <= words.length; at += 1) runs.add(words.slice(at, at + RUN_WORDS).join(' '));
  if (known.size >= KNOWN_MAX) known.clear();
  known.set(prompt, runs);
  return runs;
}
