/**
 * What the rows of the policy say about an act that an agent may not do alone: who has to decide, how many of them, how risky it is
 * and how long the question stands; and the refusal that says so. Pure arithmetic; asks nobody.
 */
import { AppError } from '../foundation/errors.ts';
import { ApprovalLevel, type ApprovalLevel as ApprovalLevelValue, type Risk, type User } from './generated/prisma/client.ts';
import type { Policy } from './policy-schema.ts';

/** Who may decide least first; each may what those before it may. */
export const APPROVAL_LEVELS: readonly ApprovalLevelValue[] = Object.values(ApprovalLevel);

/** What is to be given, in the measure the policy limits. */
export type Asked =
  | { readonly kind: 'discount'; readonly percent: number }
  | { readonly kind: 'refund'; readonly amountCents: number }
  /** `amountCents` is the total value of the contract; both bounds of a level hold. */
  | { readonly kind: 'contract'; readonly percent: number; readonly amountCents: number };

export interface Needed {
  /** The least who may decide. */
  readonly level: ApprovalLevelValue;
  /** How many different people of that level, or above it, have to approve. */
  readonly people: 1 | 2;
  readonly risk: Risk;
}

export type Answer =
  /** Within what an agent may give. */
  | { readonly by: 'agent' }
  | ({ readonly by: 'people' } & Needed)
  /** More than anybody gives: nobody is asked. */
  | { readonly by: 'nobody'; readonly reason: string };

const HOUR_MS = 3_600_000;

export interface Beyond {
  readonly needed: Needed;
  /** What it would do, in plain words for whoever decides. */
  readonly summary: string;
  /** What exactly it would do, as JSON: what is approved is this and nothing else. */
  readonly terms: Readonly<Record<string, unknown>>;
}

/** An act beyond what its agent may do, which people may decide. Where nobody waits for them it is a refusal like any other. */
export class ApprovalNeeded extends AppError implements Beyond {
  readonly needed: Needed;
  readonly summary: string;
  readonly terms: Beyond['terms'];

  constructor(sentence: string, { needed, summary, terms }: Beyond) {
    super('FORBIDDEN', sentence);
    this.name = 'ApprovalNeeded';
    this.needed = needed;
    this.summary = summary;
    this.terms = terms;
  }
}

/** @throws RangeError for a percentage or a sum that is negative or no number: that is a bug of the caller, not a question. */
export function neededFor(asked: Asked, policy: Policy): Answer {
  const measures = 'percent' in asked ? [asked.percent, ...(asked.kind === 'contract' ? [asked.amountCents] : [])] : [asked.amountCents];
  if (!measures.every((measure) => Number.isFinite(measure) && measure >= 0)) throw new RangeError('an approval is for a sum or a share of zero or more');
  const level = levelFor(asked, policy);
  if (level === null) return { by: 'nobody', reason: refusalOf(asked, policy) };
  return level === 'agent' ? { by: 'agent' } : { by: 'people', ...neededAt(level, asked.kind, policy) };
}

/**
 * Who decides what an agent's own grant does not allow: as the policy says, and anybody of the desk where agents in general may do it.
 * Null when nobody may.
 */
export function neededBeyondGrant(asked: Asked, policy: Policy): Needed | null {
  const answer = neededFor(asked, policy);
  switch (answer.by) {
    case 'agent':
      return neededAt('agent', asked.kind, policy);
    case 'people':
      return { level: answer.level, people: answer.people, risk: answer.risk };
    case 'nobody':
      return null;
  }
}

/** What holds for an act that somebody of this level decides. */
export function neededAt(level: ApprovalLevelValue, kind: Asked['kind'] | 'act', { approvals }: Pick<Policy, 'approvals'>): Needed {
  const twoFrom = kind === 'act' ? null : approvals.twoPeopleFrom[kind];
  return { level, people: twoFrom !== null && reaches(level, twoFrom) ? 2 : 1, risk: approvals.riskOfLevel[level] };
}

/** Until when an approval of this risk stands. */
export function expiryOf(risk: Risk, createdAt: Date, { approvals }: Pick<Policy, 'approvals'>): Date {
  return new Date(createdAt.getTime() + approvals.holdHours[risk] * HOUR_MS);
}

/** When most of the time is over and whoever decides should be reminded. */
export function warningOf({ createdAt, expiresAt }: { readonly createdAt: Date; readonly expiresAt: Date }, { approvals }: Pick<Policy, 'approvals'>): Date {
  return new Date(createdAt.getTime() + ((expiresAt.getTime() - createdAt.getTime()) * approvals.warnPercent) / 100);
}

/** What a person of the desk may decide: what stands on their row, else what the policy says of their role. */
export function levelOf({ role, approvalLevel }: Pick<User, 'role' | 'approvalLevel'>, { approvals }: Pick<Policy, 'approvals'>): ApprovalLevelValue {
  return approvalLevel ?? approvals.levelOfRole[role];
}

export function reaches(level: ApprovalLevelValue, needed: ApprovalLevelValue): boolean {
  return APPROVAL_LEVELS.indexOf(level) >= APPROVAL_LEVELS.indexOf(needed);
}

function levelFor(asked: Asked, policy: Policy): ApprovalLevelValue | null {
  switch (asked.kind) {
    case 'discount':
      return (['agent', 'manager', 'director', 'vp'] as const).find((level) => asked.percent <= policy.discretionaryPercentMax[level]) ?? null;
    case 'refund': {
      const { agentMaxCents, leadMaxCents, managerMaxCents } = policy.refund;
      if (asked.amountCents <= agentMaxCents) return 'agent';
      if (asked.amountCents <= leadMaxCents) return 'lead';
      return asked.amountCents <= managerMaxCents ? 'manager' : 'executive';
    }
    case 'contract':
      return contractLevel(asked.percent, asked.amountCents, policy);
  }
}

function contractLevel(percent: number, amountCents: number, { contract }: Policy): ApprovalLevelValue | null {
  const { representative, manager, director, vp, personFromCents } = contract;
  const levels = [
    ['agent', representative],
    ['manager', manager],
    ['director', director],
    ['vp', vp],
  ] as const;
  const within = levels.find(([, most]) => percent <= most.percent && (most.amountCents === null || amountCents <= most.amountCents));
  if (!within) return null;
  const [level] = within;
  // Whatever a representative may sign: from this value on a person does.
  return level === 'agent' && amountCents >= personFromCents ? 'manager' : level;
}

function refusalOf(asked: Asked, { discretionaryPercentMax, contract }: Policy): string {
  if (asked.kind === 'discount') return `More than ${discretionaryPercentMax.vp}% is not given by anybody.`;
  return `A contract with more than ${contract.vp.percent}% off${contract.vp.amountCents === null ? '' : ', or of this value,'} is not signed by anybody.`;
}
