/**
 * Keeps what was learned in files beside the installed packages, so that only the first start after a change trains. A file is used only
 * when it was made from the same examples by the same code and is whole; anything else is learned anew, in a thread of its own. Knows
 * nothing of what is learned.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { z } from 'zod';
import type { Learned } from './learned.ts';

/** Where tools keep what they can make again; `npm ci` empties it. An image is built with it filled. */
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/parley', import.meta.url));
const HASH_BYTES = 32;
const LEARN_MS = 120_000;
const FLOAT_BYTES = 4;

const Head = z.strictObject({
  classes: z.number().int().positive(),
  words: z.array(z.tuple([z.string(), z.number()])),
  features: z.array(z.string()),
  unseenRarity: z.number(),
});

export interface Kept {
  readonly file: string;
  /** What shapes the model besides the examples: a change in any of these files makes what is kept worthless. */
  readonly code: readonly URL[];
  /** All that it learns from. */
  readonly examples: unknown;
  /** Asked for with `examples` where nothing fits is kept; answers in one message. */
  readonly worker: URL;
  /** The same, here. */
  readonly learn: () => Learned;
}

/** What is learned from these examples: read from `dir` when it is kept there, learned and kept otherwise. A `dir` that cannot be written costs only time. */
export async function openKept({ file: name, code, examples, worker, learn }: Kept, dir = CACHE): Promise<Learned> {
  const file = join(dir, name);
  const source = await sourceOf(code, examples);
  const kept = await readFile(file).then(
    (bytes) => decode(bytes, source),
    () => null,
  );
  if (kept) return kept;
  const learned = await learnElsewhere(worker, examples, learn);
  const draft = `${file}.${process.pid}`;
  // Written beside and renamed: another instance on the same directory never reads half a file.
  await mkdir(dir, { recursive: true })
    .then(() => writeFile(draft, encode(learned, source)))
    .then(() => rename(draft, file))
    .catch(() => undefined);
  return learned;
}

/** The same as learning here, beside whatever else this process does. */
async function learnElsewhere(url: URL, examples: unknown, learn: () => Learned): Promise<Learned> {
  const worker = new Worker(url, { workerData: examples, execArgv: [] });
  try {
    const [learned] = (await once(worker, 'message', { signal: AbortSignal.timeout(LEARN_MS) })) as [Learned];
    return learned;
  } catch {
    // A thread that could not be had or did not answer: it takes as long here.
    return learn();
  } finally {
    await worker.terminate();
  }
}

/** What the model is made of, as one hash. */
async function sourceOf(code: readonly URL[], examples: unknown): Promise<Buffer> {
  const hash = createHash('sha256');
  for (const url of code) hash.update(await readFile(url));
  hash.update(JSON.stringify(examples));
  return hash.digest();
}

/** Hash of the source, hash of the rest, length of the head, the head as JSON, then the numbers. */
function encode({ classes, words, vocabulary, rarity, unseenRarity, weights }: Learned, source: Buffer): Buffer {
  const head = Buffer.from(JSON.stringify({ classes, words: [...words], features: [...vocabulary.keys()], unseenRarity } satisfies z.output<typeof Head>));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(head.length);
  const rest = Buffer.concat([length, head, bytesOf(rarity), bytesOf(weights)]);
  return Buffer.concat([source, createHash('sha256').update(rest).digest(), rest]);
}

function decode(bytes: Buffer, source: Buffer): Learned | null {
  const rest = bytes.subarray(2 * HASH_BYTES);
  if (rest.length < 4 || !bytes.subarray(0, HASH_BYTES).equals(source)) return null;
  if (!bytes.subarray(HASH_BYTES, 2 * HASH_BYTES).equals(createHash('sha256').update(rest).digest())) return null;
  const numbers = 4 + rest.readUInt32LE(0);
  const head = Head.safeParse(JSON.parse(rest.toString('utf8', 4, numbers)));
  if (!head.success) return null;
  const { classes, words, features, unseenRarity } = head.data;
  const weightsAt = numbers + features.length * FLOAT_BYTES;
  if (rest.length !== weightsAt + features.length * classes * FLOAT_BYTES) return null;
  return {
    classes,
    words: new Map(words),
    vocabulary: new Map(features.map((name, index) => [name, index])),
    rarity: floatsOf(rest.subarray(numbers, weightsAt)),
    unseenRarity,
    weights: floatsOf(rest.subarray(weightsAt)),
  };
}

function bytesOf(floats: Float32Array): Buffer {
  return Buffer.from(floats.buffer, floats.byteOffset, floats.byteLength);
}

/** A copy, because floats must begin at a multiple of four. */
function floatsOf(bytes: Buffer): Float32Array {
  const floats = new Float32Array(bytes.length / FLOAT_BYTES);
  bytesOf(floats).set(bytes);
  return floats;
}
