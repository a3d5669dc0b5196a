/** What was read in a message, as one line of the agent's prompt: how the customer sounds and in which language they write. */
import type { Understanding } from '../understand.ts';

const LANGUAGE_NAMES = { en: 'English', de: 'German', es: 'Spanish', fr: 'French', pt: 'Portuguese', other: 'another language' } as const;

export function describeReading({ language, sentiment, urgency, complexity }: Understanding): string {
  return `Read from the message by rules, which may be wrong: written in ${LANGUAGE_NAMES[language.language]}, the customer sounds ${sentiment.emotion}, urgency ${urgency.urgency}, complexity ${complexity.score} of 10.`;
}
