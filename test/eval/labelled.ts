/** The labelled routing sets: one message a line, behind the id of the agent that should answer. Judges nothing. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface Labelled {
  readonly agentId: string;
  readonly text: string;
}

/** Who is meant by the label of those who want a human. */
const PERSON = 'escalation_decider';

export function readLabelled(part: 'development' | 'test'): readonly Labelled[] {
  return readFileSync(fileURLToPath(new URL(`routing-${part}.txt`, import.meta.url)), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [label = '', text = ''] = line.split(/: (.*)/);
      return { agentId: label === 'person' ? PERSON : label, text };
    });
}
