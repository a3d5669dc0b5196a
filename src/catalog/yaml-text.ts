/**
 * Reads YAML that people write by hand, and says every fault in it as a line and a sentence: what is no YAML, and what a schema finds wrong
 * with it. Opens no files.
 */
import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Document } from 'yaml';
import type { z } from 'zod';

/** One fault: where, and one sentence about it. */
export interface Problem {
  readonly line: number;
  readonly sentence: string;
}

export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problems: readonly Problem[] };

/** The line of a value, given the keys and indexes that lead to it; of the deepest part of the way that exists, else 1. */
export type LineOf = (path: readonly PropertyKey[]) => number;

export interface YamlText {
  /** As parsed; of no type yet. */
  readonly value: unknown;
  readonly lineOf: LineOf;
  /** What a schema found wrong with `value`. */
  problemsOf(issues: readonly z.core.$ZodIssue[]): readonly Problem[];
}

export interface YamlPlace {
  /** How a sentence calls the text: "The front matter". */
  readonly name: string;
  /** The line of the file on which it begins, counted from 1. */
  readonly line: number;
}

export function readYaml(text: string, { name, line }: YamlPlace): Parsed<YamlText> {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false });
  const lineAt = (offset: number): number => counter.linePos(offset).line + line - 1;
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0)
    return { ok: false, problems: faults.map((fault) => ({ line: lineAt(fault.pos[0]), sentence: `${name} is not valid YAML: ${fault.message}.` })) };
  const lineOf: LineOf = (path) => {
    const offset = offsetOf(document, path);
    return offset === null ? 1 : lineAt(offset);
  };
  const problemsOf = (issues: readonly z.core.$ZodIssue[]): Problem[] => issues.flatMap((issue) => issueProblems(issue, document, lineOf, name));
  return { ok: true, value: { value: document.toJS(), lineOf, problemsOf } };
}

function issueProblems(issue: z.core.$ZodIssue, document: Document, lineOf: LineOf, name: string): Problem[] {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => ({ line: lineOf([...issue.path, key]), sentence: `Unknown key "${key}".` }));
  const key = issue.path.join('.');
  if (key === '') return [{ line: 1, sentence: `${name} must be a map of keys and values.` }];
  // What does not fit together may name a key that was left out, and says so itself.
  if (issue.code !== 'custom' && !document.hasIn(issue.path)) return [{ line: lineOf(issue.path), sentence: `The key "${key}" is missing.` }];
  return [{ line: lineOf(issue.path), sentence: `"${key}": ${issue.message}.` }];
}

/** Where the deepest part of `path` that exists begins: the key in a map, the item in a list. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number | null {
  let node: unknown = document.contents;
  let offset: number | null = null;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && item.key.value === step);
      if (!pair) break;
      offset = isScalar(pair.key) ? (pair.key.range?.[0] ?? offset) : offset;
      node = pair.value;
    } else if (isSeq(node) && typeof step === 'number') {
      node = node.items[step];
      offset = rangeStart(node) ?? offset;
    } else break;
  }
  return offset;
}

function rangeStart(node: unknown): number | null {
  return isScalar(node) || isMap(node) || isSeq(node) ? (node.range?.[0] ?? null) : null;
}
