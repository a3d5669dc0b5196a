/**
 * Reads the messages that reading who needs people is learned from: `agents/_escalation/*.txt`, one message a line, `labels | message`.
 * All faults are reported at once. Judges nothing.
 */
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { CatalogError, SIGNAL_FOLDER } from './load-catalog.ts';

/** What in a message may call for people: a wish for a person, the law, rage, everybody kept from working, lost data, strangers inside. */
export const SIGNALS = ['human', 'legal', 'furious', 'outage', 'data_loss', 'break_in'] as const;
export type SignalName = (typeof SIGNALS)[number];

export interface SignalExample {
  /** Empty for a message that an agent should answer, null where nobody can say. */
  readonly labels: readonly SignalName[] | null;
  readonly text: string;
}

const SEPARATOR = ' | ';

/**
 * @param agents The folder of the agents.
 * @throws CatalogError naming every fault with its file and line.
 */
export async function loadSignalExamples(agents: string): Promise<readonly SignalExample[]> {
  const examples: SignalExample[] = [];
  const problems: string[] = [];
  const names = (await readdir(join(agents, SIGNAL_FOLDER))).filter((name) => name.endsWith('.txt')).toSorted();
  for (const name of names) {
    const lines = (await readFile(join(agents, SIGNAL_FOLDER, name), 'utf8')).split('\n');
    for (const [index, line] of lines.entries()) {
      if (line === '' || line.startsWith('#')) continue;
      const read = readSignalLine(line);
      if (typeof read === 'string') problems.push(`${basename(agents)}/${SIGNAL_FOLDER}/${name}:${index + 1}: ${read}`);
      else examples.push(read);
    }
  }
  if (examples.length === 0 && problems.length === 0) problems.push(`${basename(agents)}/${SIGNAL_FOLDER}:1: The examples are missing.`);
  if (problems.length > 0) throw new CatalogError(problems);
  return examples;
}

/** A sentence when the line is none. */
export function readSignalLine(line: string): SignalExample | string {
  const at = line.indexOf(SEPARATOR);
  const text = at < 0 ? '' : line.slice(at + SEPARATOR.length).trim();
  if (text === '') return 'A line is "labels | message".';
  const named = line.slice(0, at);
  if (named === 'unsure') return { labels: null, text };
  if (named === 'none') return { labels: [], text };
  const names = named.split(',');
  const labels = SIGNALS.filter((signal) => names.includes(signal));
  if (labels.length !== names.length) return `The labels are none, unsure or some of ${SIGNALS.join(', ')}.`;
  return { labels, text };
}
