/**
 * Reads the files in which the tools of front-ends write down their documents: Apollo's manifest, and the plain map from id to document
 * that Relay's compiler and others write. Judges their form only; what a document says is judged when it is registered.
 */
import { z } from 'zod';
import type { GivenOperation } from './registered-operation.ts';

const Apollo = z.object({
  format: z.literal('apollo-persisted-query-manifest'),
  version: z.literal(1),
  operations: z.array(z.object({ id: z.string().min(1).max(128), body: z.string().min(1), name: z.string().min(1).optional() })),
});
const Plain = z.record(z.string().min(1).max(128), z.string().min(1));

/** A file that is no manifest; the message says where. */
export class ManifestError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ManifestError';
  }
}

/** @throws ManifestError */
export function readManifest(text: string): readonly GivenOperation[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new ManifestError(`it is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const operations = typeof json === 'object' && json !== null && 'format' in json ? ofApollo(json) : ofPlain(json);
  if (operations.length === 0) throw new ManifestError('it holds no operation.');
  return operations;
}

function ofApollo(json: unknown): readonly GivenOperation[] {
  const read = Apollo.safeParse(json);
  if (!read.success) throw malformed(read.error);
  return read.data.operations.map(({ id, body, name }) => ({ id, body, name: name ?? null }));
}

function ofPlain(json: unknown): readonly GivenOperation[] {
  const read = Plain.safeParse(json);
  if (!read.success) throw malformed(read.error);
  return Object.entries(read.data).map(([id, body]) => ({ id, body }));
}

function malformed({ issues: [issue] }: z.ZodError): ManifestError {
  const at = issue?.path.join('.');
  return new ManifestError(
    `${at ? `${at}: ` : ''}${issue?.message ?? 'it cannot be read'}. A manifest is { "<id>": "<document>", ... } or Apollo's { "format": "apollo-persisted-query-manifest", "version": 1, "operations": [{ "id", "name", "body", "type" }] }.`,
  );
}
