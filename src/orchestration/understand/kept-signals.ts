/** What reading signals has learned, kept between starts: see catalog/kept-model.ts. */
import { PERSON_AGENT_ID, type Agent } from '../../catalog/agent.ts';
import { openKept } from '../../catalog/kept-model.ts';
import { loadSignalExamples } from '../../catalog/signal-examples.ts';
import { learnSignals, signalReaderOf, type SignalReader } from './signal-model.ts';

const CODE = ['words.ts', 'signal-features.ts', 'signal-model.ts', '../../catalog/linear-model.ts'] as const;

/**
 * Learned from the labelled messages, and from what customers say to the agents that answer by themselves: what is not labelled there
 * calls for nobody.
 * @param folder Of the agents.
 * @param dir Where it is kept.
 * @throws CatalogError for labelled messages that cannot be read.
 */
export async function openSignalReader(folder: string, agents: readonly Agent[], dir?: string): Promise<SignalReader> {
  const labelled = await loadSignalExamples(folder);
  const known = new Set(labelled.map(({ text }) => text));
  const everyday = agents.filter(({ id }) => id !== PERSON_AGENT_ID).flatMap((agent) => [...agent.examples, ...agent.utterances]);
  const examples = [...labelled, ...everyday.filter((text) => !known.has(text)).map((text) => ({ labels: [], text }))];
  const learned = await openKept(
    {
      file: 'signal-model.bin',
      code: CODE.map((name) => new URL(name, import.meta.url)),
      examples,
      worker: new URL('signal-worker.ts', import.meta.url),
      learn: () => learnSignals(examples),
    },
    dir,
  );
  return signalReaderOf(learned);
}
