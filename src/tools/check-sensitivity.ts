/**
 * `check_sensitivity`: words that hurt or leave somebody out, each with another word. Whole words only; what is quoted and what is
 * denied ("you are not stupid") is not held against a draft as much. Judges no opinions.
 */
import type { AnyTool, Reviewed } from '../orchestration/tool.ts';
import { isNegated, proseOf, sentencesOf, type Piece } from './draft.ts';
import { defineCheck, found, quote, type Reading } from './review.ts';
import { SENSITIVE } from './sensitive-words.ts';
import type { Finding } from '../orchestration/verdict.ts';

export function checkSensitivity(): AnyTool {
  return defineCheck({
    name: 'check_sensitivity',
    description: 'Finds words of a draft that are offensive, ableist, biased or insensitive to a culture, and names others.',
    about: 'the choice of words',
    read: (reviewed) => readSensitivity(reviewed),
  });
}

export function readSensitivity({ answer }: Pick<Reviewed, 'answer'>): Reading {
  const sentences = sentencesOf(proseOf(answer));
  return { findings: sentences.flatMap(ofSentence), checked: sentences.length };
}

function ofSentence({ text }: Piece): Finding[] {
  return SENSITIVE.flatMap(({ pattern, kind, severity, instead }) =>
    [...text.matchAll(pattern)].map((match) => {
      const denied = severity !== 'critical' && isNegated(text, match.index);
      const why = denied ? 'even denied, it stands there' : `it is ${kind}`;
      return found(
        'sensitivity',
        denied ? 'info' : severity,
        `The draft says ${quote(match[0])}; ${why}.`,
        instead === '' ? 'Leave it out.' : `Say ${instead}.`,
        match[0],
      );
    }),
  );
}
