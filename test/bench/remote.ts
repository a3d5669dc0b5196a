/**
 * Questions and answers between the benchmark and the processes it started, over Node's own channel. A process whose benchmark is
 * gone ends. Knows no figures and no scenarios.
 */
import type { ChildProcess } from 'node:child_process';

/** What a process may be asked, by name. Inputs and answers are plain JSON values. */
export interface Commands {
  [name: string]: (input: never) => unknown;
}

export type InputOf<C extends Commands, Name extends keyof C> = Parameters<C[Name]>[0];
export type AnswerOf<C extends Commands, Name extends keyof C> = Awaited<ReturnType<C[Name]>>;

export interface Remote<C extends Commands> {
  /** Rejects when the process failed at it, ended, or took longer than `limitMs`. */
  ask<Name extends keyof C & string>(name: Name, input: InputOf<C, Name>, limitMs?: number): Promise<AnswerOf<C, Name>>;
}

interface Question {
  readonly bench: number;
  readonly name: string;
  readonly input: unknown;
}

interface Answer {
  readonly bench: number;
  readonly value?: unknown;
  readonly failed?: string;
}

const ANSWER_MS = 60_000;

/** In the started process: answers until the benchmark is gone, and ends then. */
export function answer(commands: Readonly<Record<string, (input: never) => unknown>>): void {
  process.on('disconnect', () => process.exit(1));
  process.on('message', (message: Question) => {
    if (typeof message?.bench === 'number') void answerOne(commands, message);
  });
}

async function answerOne(commands: Readonly<Record<string, (input: never) => unknown>>, { bench, name, input }: Question): Promise<void> {
  const command = commands[name];
  if (!command) return;
  try {
    process.send?.({ bench, value: await command(input as never) } satisfies Answer);
  } catch (error) {
    process.send?.({ bench, failed: error instanceof Error ? (error.stack ?? error.message) : String(error) } satisfies Answer);
  }
}

let asked = 0;

/** In the benchmark: the process as something that can be asked. */
export function remoteOf<C extends Commands>(child: ChildProcess, called: string): Remote<C> {
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  child.on('message', (message: Answer) => {
    const one = waiting.get(message?.bench);
    if (!one) return;
    waiting.delete(message.bench);
    if (message.failed === undefined) one.resolve(message.value);
    else one.reject(new Error(`${called}: ${message.failed}`));
  });
  child.once('exit', () => {
    for (const one of waiting.values()) one.reject(new Error(`${called} ended before it answered`));
    waiting.clear();
  });
  return {
    async ask<Name extends keyof C & string>(name: Name, input: InputOf<C, Name>, limitMs = ANSWER_MS): Promise<AnswerOf<C, Name>> {
      asked += 1;
      const bench = asked;
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      waiting.set(bench, { resolve, reject });
      const timer = setTimeout(() => reject(new Error(`${called} did not answer ${name} within ${limitMs} ms`)), limitMs);
      try {
        if (!child.connected) throw new Error(`${called} has ended`);
        child.send({ bench, name, input } satisfies Question);
        return (await promise) as AnswerOf<C, Name>;
      } finally {
        clearTimeout(timer);
        waiting.delete(bench);
      }
    },
  };
}
