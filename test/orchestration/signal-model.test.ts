/** What is heard in a message that people are needed for: learned from the labelled messages beside the agents, and kept between starts. */
import { copyFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadSignalExamples, SIGNALS } from '../../src/catalog/signal-examples.ts';
import { openSignalReader } from '../../src/orchestration/understand/kept-signals.ts';
import { learnSignals, signalReaderOf, type SignalReader } from '../../src/orchestration/understand/signal-model.ts';
import { readWords } from '../../src/orchestration/understand/words.ts';
import { AGENTS, learnedSignals } from '../support/signals.ts';

const LEARNING_MS = 120_000;
let read: SignalReader;

beforeAll(async () => {
  read = await learnedSignals();
}, LEARNING_MS);

const heardIn = (text: string) => read(readWords(text)).signals.map(({ name }) => name);

describe('what is heard in a message', () => {
  it.each([
    ['human', 'Can I talk to a real person?'],
    ['human', 'no more bot, get me somebody of your staff'],
    ['legal', 'Refund it or you will hear from my lawyer'],
    ['legal', 'I have complained to the data protection authority about you'],
    ['furious', 'You lying thieves, I am sick of you idiots!!!'],
    ['outage', 'Nobody in our company can log in since this morning, we are all stuck'],
    ['data_loss', 'All our projects have vanished and the trash is empty, we have no copy'],
    ['break_in', 'Somebody I do not know is logged in to my account and changed the password'],
    ['human', 'Ich möchte bitte mit einem Menschen sprechen'],
    ['outage', 'Plus personne chez nous ne peut se connecter, tout est en panne'],
  ] as const)('is %s in %j', (name, text) => {
    expect(heardIn(text)).toContain(name);
  });

  it.each([
    'I have an issue with the personal plan',
    'The agent field of the representative tasks is empty',
    'Can I make Tom a manager?',
    'We need a manager role with fewer rights',
    'assign the task to a person in my team',
    'The human resources board is slow',
    'Our lawyers need a copy of the DPA',
    'Which law firm template do you have?',
    'GDPR: where is our data stored?',
    'pursue the goal in the timeline',
    'hand a task over to someone in another team',
    'Where is my invoice?',
    'How long do deleted tasks stay in the trash?',
    'Can I see who is signed in with my account?',
    '',
    '?!',
  ])('is nothing in %j', (text) => {
    expect(read(readWords(text))).toMatchObject({ signals: [] });
  });

  it('is shown by the words that say so, as they stand in the message', () => {
    const text = 'Hello, thanks for the invoice of May, number 2231. One more thing: please let me talk to a real person about the plan we are on.';
    const [signal] = read(readWords(text)).signals;
    expect(signal?.name).toBe('human');
    expect(text.toLowerCase()).toContain(signal?.words);
    expect(signal?.words).toMatch(/talk to|person/);
  });

  it('may be two things', () => {
    expect(heardIn('Our account was hacked and all projects are deleted for good')).toEqual(['data_loss', 'break_in']);
  });

  it('is read from a message of any length, and from what is no language', () => {
    expect(read(readWords('a '.repeat(100_000))).chance).toBeLessThanOrEqual(1);
    expect(read(readWords('\ud83d\u0000 密码 '.repeat(5_000))).chance).toBeGreaterThanOrEqual(0);
  });
});

describe('the labelled messages', () => {
  it('hold hundreds for each signal and more that are none, no text twice', async () => {
    const examples = await loadSignalExamples(AGENTS);
    for (const name of SIGNALS) expect(examples.filter(({ labels }) => labels?.includes(name)).length, name).toBeGreaterThan(500);
    expect(examples.filter(({ labels }) => labels?.length === 0).length).toBeGreaterThan(4_000);
    expect(new Set(examples.map(({ text }) => text.toLowerCase())).size).toBe(examples.length);
  });

  it('are refused with file and line where one cannot be read', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'parley-signals-'));
    try {
      await mkdir(join(dir, '_escalation'));
      await expect(loadSignalExamples(dir)).rejects.toThrow('_escalation:1: The examples are missing.');
      await writeFile(join(dir, '_escalation', 'some.txt'), '# fine\nnone | All is well\nhuman,rage | Help\nno label\n');
      await expect(loadSignalExamples(dir)).rejects.toMatchObject({
        problems: [
          expect.stringMatching(/_escalation\/some\.txt:3: The labels are none, unsure or some of human, /),
          expect.stringMatching(/some\.txt:4: A line is/),
        ],
      });
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });
});

describe('the kept model', () => {
  let dir = '';
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'parley-signals-'));
    await mkdir(join(dir, '_escalation'));
    await copyFile(join(AGENTS, '_escalation', 'legal.txt'), join(dir, '_escalation', 'legal.txt'));
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  it(
    'says what was learned, bit for bit, is read and not learned again, and is learned anew when an example changes',
    async () => {
      const text = readWords('my lawyer will write to you');
      const kept = await openSignalReader(dir, [], dir);
      const learned = signalReaderOf(learnSignals(await loadSignalExamples(dir)));
      expect(kept(text)).toEqual(learned(text));
      const file = join(dir, 'signal-model.bin');
      const { mtimeMs } = await stat(file);
      expect((await openSignalReader(dir, [], dir))(text)).toEqual(learned(text));
      expect((await stat(file)).mtimeMs).toBe(mtimeMs);
      const before = await readFile(file);
      await writeFile(join(dir, '_escalation', 'more.txt'), 'none | my lawyer will write to you\n');
      await openSignalReader(dir, [], dir);
      expect((await readFile(file)).equals(before)).toBe(false);
    },
    LEARNING_MS,
  );
});
