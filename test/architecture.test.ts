/**
 * The house as it was meant: imports only go down (types too), rooms on one floor do not know each other, nothing goes round, and
 * a few rules of shape. Reads the sources as text; the compiler has already said that they are TypeScript.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const LINES_MAX = 350;

/** From the ground up. Files directly in src/ are the roof: they may import everything, and nothing below imports them. */
const FLOORS = [
  ['foundation'],
  ['catalog', 'llm', 'events', 'jobs', 'store', 'knowledge', 'privacy'],
  ['desk', 'identity', 'orchestration'],
  ['tools'],
  ['runs'],
  ['schema'],
  ['gateway'],
] as const;
/** Rooms beside the tower, and the rooms each may import. */
const BESIDE: Readonly<Record<string, readonly string[]>> = { client: [], console: ['client'] };
const FOUNDATION = ['bounded-queue.ts', 'clock.ts', 'errors.ts', 'ids.ts', 'logger.ts'];
const READ_ENVIRONMENT = ['config.ts', 'instrument.ts', 'main.ts'];

interface Source {
  /** Below src, with forward slashes. */
  readonly path: string;
  readonly text: string;
  /** Below src; packages are left out. */
  readonly imports: readonly string[];
}

const sources = readSources();

describe('the house', () => {
  it('was read', () => {
    expect(sources.length).toBeGreaterThan(30);
    expect(sources.flatMap((source) => source.imports).length).toBeGreaterThan(100);
    const paths = new Set(sources.map((source) => source.path));
    const lost = sources.flatMap((source) =>
      source.imports.filter((path) => !paths.has(path) && !path.startsWith('store/generated/')).map((path) => `${source.path} -> ${path}`),
    );
    expect(lost).toEqual([]);
  });

  it('sees every way to import', () => {
    const text = `
      import { a } from './a.ts';
      import type { B } from "./b.ts";
      import c, {
        type D,
      } from '../room/c.ts';
      import './d.ts';
      export { e } from './e.ts';
      export * from './f.ts';
      const g = await import('./g.ts');
      let h: typeof import('./h.ts');
      // import { no } from './comment.ts';
      const text = "import from './text.ts'";`;
    expect(importsIn(text)).toEqual(['./a.ts', './b.ts', '../room/c.ts', './d.ts', './e.ts', './f.ts', './g.ts', './h.ts']);
  });

  it('has no room beyond the plan', () => {
    const rooms = new Set(sources.filter((source) => source.path.includes('/')).map((source) => roomOf(source.path)));
    const planned = new Set<string>([...FLOORS.flat(), ...Object.keys(BESIDE)]);
    expect([...rooms].filter((room) => !planned.has(room))).toEqual([]);
  });

  it('imports only downwards, and never from a room on the same floor', () => {
    const wrong = sources.flatMap((source) => source.imports.filter((path) => !mayImport(source.path, path)).map((path) => `${source.path} -> ${path}`));
    expect(wrong).toEqual([]);
  });

  it('goes round nowhere, types included', () => {
    expect(findCircle(new Map(sources.map((source) => [source.path, source.imports])))).toBeNull();
    const circle = new Map([
      ['a', ['b']],
      ['b', ['c']],
      ['c', ['b']],
    ]);
    expect(findCircle(circle)).toEqual(['b', 'c', 'b']);
  });

  it('stands on a foundation that is a closed list', () => {
    expect(sources.filter((source) => roomOf(source.path) === 'foundation').map((source) => source.path.slice('foundation/'.length))).toEqual(FOUNDATION);
  });

  it('has no index, no default export and no re-export', () => {
    expect(sources.filter((source) => source.path.endsWith('index.ts')).map((source) => source.path)).toEqual([]);
    expect(pathsWith(/^export\s+default\b|^export\s*\{[^}]*\bas\s+default\b/m)).toEqual([]);
    expect(pathsWith(/^export\s+(?:type\s+)?(?:\*|\{[^}]*\})(?:\s+as\s+\w+)?\s+from\b/m)).toEqual([]);
  });

  it('reads the environment only at the top', () => {
    expect(
      pathsWith(/\bprocess\.env\b|\bprocess\[['"]env['"]\]|\benv\b[^;]*\bfrom\s+['"]node:process['"]/).filter((path) => !READ_ENVIRONMENT.includes(path)),
    ).toEqual([]);
  });

  it('has classes only for errors', () => {
    const classes = sources.flatMap((source) =>
      [...source.text.matchAll(/^(?:export\s+)?(?:abstract\s+)?class\s+.*$/gm)].map((match) => `${source.path}: ${match[0]}`),
    );
    expect(classes.filter((line) => !/\bextends\s+(?:\w*Error)\b/.test(line))).toEqual([]);
  });

  it('keeps every file short, and says at its top what it is for', () => {
    expect(sources.filter((source) => source.text.split('\n').length - 1 > LINES_MAX).map((source) => source.path)).toEqual([]);
    expect(sources.filter((source) => !source.text.startsWith('/**')).map((source) => source.path)).toEqual([]);
  });
});

function readSources(): readonly Source[] {
  const src = join(root, 'src');
  const files = readdirSync(src, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile() && entry.name.endsWith('.ts'));
  const paths = files.map((entry) => relative(src, join(entry.parentPath, entry.name)).split(sep).join('/'));
  return paths
    .filter((path) => !path.startsWith('store/generated/'))
    .toSorted()
    .map((path) => {
      const text = readFileSync(join(src, path), 'utf8');
      const imports = importsIn(text).filter((target) => target.startsWith('.'));
      return { path, text, imports: imports.map((target) => posix.join(dirname(path), target)).filter((target) => target.endsWith('.ts')) };
    });
}

/** Statements begin a line (formatting is checked); `import(…)` may stand anywhere outside comments. */
function importsIn(text: string): string[] {
  const code = text.replaceAll(/^\s*(?:\/\/|\/?\*).*$/gm, '');
  const statement =
    /^\s*(?:import|export)\s[^'"`;=]*?from\s*(['"])(?<from>[^'"]+)\1|^\s*import\s*(['"])(?<effect>[^'"]+)\3|\bimport\(\s*(['"])(?<dynamic>[^'"]+)\5/gm;
  return [...code.matchAll(statement)].map((match) => match.groups?.['from'] ?? match.groups?.['effect'] ?? match.groups?.['dynamic'] ?? '');
}

/** The folder directly below src, or '' for the roof. */
function roomOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : '';
}

function mayImport(from: string, to: string): boolean {
  const [here, there] = [roomOf(from), roomOf(to)];
  if (here === there || here === '') return true;
  const beside = BESIDE[here];
  if (beside) return beside.includes(there);
  if (there === '' || there in BESIDE) return false;
  return floorOf(there) < floorOf(here);
}

function floorOf(room: string): number {
  return FLOORS.findIndex((rooms) => rooms.some((each) => each === room));
}

/** The first way round, as the names on it, or null. */
function findCircle(graph: ReadonlyMap<string, readonly string[]>): readonly string[] | null {
  const done = new Set<string>();
  const visit = (node: string, path: readonly string[]): readonly string[] | null => {
    const at = path.indexOf(node);
    if (at >= 0) return [...path.slice(at), node];
    if (done.has(node)) return null;
    for (const next of graph.get(node) ?? []) {
      const found = visit(next, [...path, node]);
      if (found) return found;
    }
    done.add(node);
    return null;
  };
  for (const node of graph.keys()) {
    const found = visit(node, []);
    if (found) return found;
  }
  return null;
}

function pathsWith(pattern: RegExp): string[] {
  return sources.filter((source) => pattern.test(source.text)).map((source) => source.path);
}
