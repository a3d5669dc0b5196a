/** The browser's modules as Node sees them: they are plain JavaScript, so what a test uses of them is declared here. */

export interface ThreadMessage {
  readonly id: string;
  readonly role: string;
  readonly status: string;
  readonly text: string;
}

export interface ThreadRun {
  readonly id: string;
  readonly status: string;
  readonly why: { readonly reason: string } | null;
  readonly error: { readonly code: string } | null;
}

export interface Thread {
  load(conversation: object): void;
  apply(item: object): 'ok' | 'resync';
  takeMessage(row: object): void;
  sending(id: string, text: string): void;
  notSent(id: string, error: Error): void;
  readonly status: string;
  readonly phase: string | null;
  readonly messages: readonly ThreadMessage[];
  readonly unsent: readonly { readonly id: string; readonly text: string; readonly error: Error | null }[];
  readonly activeRuns: readonly ThreadRun[];
  readonly runs: ReadonlyMap<string, ThreadRun>;
}

export async function loadThread(): Promise<() => Thread> {
  const { createThread }: { createThread: () => Thread } = await load('thread.js');
  return createThread;
}

export async function loadMarkdown(): Promise<{
  readonly parseMarkdown: (text: string) => readonly unknown[];
  readonly parseInlines: (text: string) => readonly unknown[];
}> {
  return load('markdown.js');
}

export async function loadOperations(): Promise<Readonly<Record<string, string>>> {
  return load('operations.js');
}

function load<T>(name: string): Promise<T> {
  return import(new URL(`../../src/console/${name}`, import.meta.url).href) as Promise<T>;
}
