/** The results as a table for people, with the machine and the date they belong to. */
import { cpus, totalmem } from 'node:os';
import type { Result } from './targets.ts';
import type { Faults } from './tally.ts';

export interface Machine {
  readonly at: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly node: string;
  readonly system: string;
  /** Whether servers and clients had cores of their own. */
  readonly pinned: boolean;
}

export function describeMachine(pinned: boolean): Machine {
  const all = cpus();
  return {
    at: new Date().toISOString(),
    cpu: all[0]?.model ?? 'unknown',
    cores: all.length,
    memoryGb: Math.round(totalmem() / 1024 ** 3),
    node: process.version,
    system: `${process.platform} ${process.arch}`,
    pinned,
  };
}

export function machineLine({ at, cpu, cores, memoryGb, node, system, pinned }: Machine): string {
  return `${at.slice(0, 10)}, ${cpu}, ${cores} cores, ${memoryGb} GB, ${system}, Node ${node}${pinned ? ', server and clients on cores of their own' : ''}`;
}

export function table({ work, lines, faults }: Result): string {
  const head = ['figure', 'Parley', 'bare', 'ratio', 'target', ''];
  const rows = lines.map(({ figure, unit, parley, bare, ratio, target, met }) => [
    unit === '' || unit === 'x' ? figure : `${figure} (${unit})`,
    number(parley),
    bare === null ? '' : number(bare),
    ratio === null ? '' : ratio.toFixed(2),
    target ?? '',
    met === null ? '' : met ? 'met' : 'MISSED',
  ]);
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const text = [head, ...rows].map((row) =>
    row
      .map((cell, column) => (column === 0 || column > 3 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
  return [
    `\n${work}`,
    ...text.map((row) => `  ${row}`),
    `  lost, doubled, out of order: ${tally(faults.parley)} (bare: ${tally(faults.bare)})`,
    ...complaints(faults.parley, 'Parley'),
    ...complaints(faults.bare, 'bare'),
  ].join('\n');
}

export function isClean({ lost, doubled, disordered, resets, broken }: Faults): boolean {
  return lost + doubled + disordered + resets + broken === 0;
}

function tally({ lost, doubled, disordered }: Faults): string {
  return `${lost}, ${doubled}, ${disordered}`;
}

function complaints({ resets, broken, said }: Faults, who: string): readonly string[] {
  return [
    ...(resets > 0 ? [`  ${who}: ${resets} times a reader was told to start over`] : []),
    ...(broken > 0 ? [`  ${who}: ${broken} refused or broken`] : []),
    ...said.map((text) => `  ${who}: ${text}`),
  ];
}

function number(value: number): string {
  if (!Number.isFinite(value)) return '?';
  if (value >= 1_000) return Math.round(value).toLocaleString('en-US');
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
