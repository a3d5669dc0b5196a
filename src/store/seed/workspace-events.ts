/**
 * What happened in each workspace as its audit log tells it, and what was asked for under privacy law: exports, deletions, requests.
 * Consistent with the people of workspace-people.ts; nothing lies in the future.
 */
import type { Prisma } from '../generated/prisma/client.ts';
import { addDays, addMonths } from '../period.ts';
import type { Policy } from '../policy-schema.ts';
import type { Member as SeedMember } from './conversation.ts';
import type { Account } from './draft.ts';
import { createRandom, type Random } from './random.ts';

export interface EventRows {
  readonly events: Prisma.WorkspaceEventCreateManyInput[];
  readonly exports: Prisma.ExportRequestCreateManyInput[];
  readonly deletions: Prisma.DeletionRequestCreateManyInput[];
  readonly dataRequests: Prisma.DataRequestCreateManyInput[];
}

type Event = Prisma.WorkspaceEventCreateManyInput;

export function eventRows(
  accounts: readonly SeedMember[],
  people: readonly Prisma.MemberCreateManyInput[],
  demoId: string,
  policy: Policy,
  today: Date,
): EventRows {
  const rows: EventRows = { events: [], exports: [], deletions: [], dataRequests: [] };
  const byCustomer = Map.groupBy(people, (member) => member.customerId);
  for (const { account } of accounts) {
    const random = createRandom(`events of ${account.id}`);
    const members = byCustomer.get(account.id) ?? [];
    const demo = account.id === demoId;
    rows.events.push(
      ...memberEvents(random, account, members),
      ...usualEvents(random, account, members, today),
      ...(demo ? demoEvents(random, account, today) : []),
    );
    rows.exports.push(...exportsOf(random, account, demo, policy, today));
    rows.deletions.push(...deletionsOf(random, account, policy, today));
    rows.dataRequests.push(...dataRequestsOf(random, account, demo, policy, today));
  }
  return rows;
}

function event(random: Random, account: Account, at: Date, actor: string, action: string, target: string, country: string | null = account.country): Event {
  return { id: random.id('wse', at), customerId: account.id, at, actor, action, target, country };
}

/** Invited, joined, removed: the newest of them, as the members' rows say. */
function memberEvents(random: Random, account: Account, members: readonly Prisma.MemberCreateManyInput[]): Event[] {
  const owner = account.contacts[0].email;
  const moment = (value: Date | string | null | undefined): Date => new Date(value ?? account.createdAt);
  return members
    .filter((member) => member.email !== owner)
    .toSorted((a, b) => moment(b.invitedAt).getTime() - moment(a.invitedAt).getTime())
    .slice(0, 12)
    .flatMap((member) => [
      event(random, account, moment(member.invitedAt), owner, 'member.invited', member.email),
      ...(member.joinedAt ? [event(random, account, moment(member.joinedAt), member.email, 'member.joined', member.role)] : []),
      ...(member.removedAt ? [event(random, account, moment(member.removedAt), owner, 'member.removed', member.email)] : []),
    ]);
}

const PROJECTS = ['Website relaunch', 'Onboarding', 'Roadmap', 'Hiring', 'Trade fair', 'Newsletter', 'Budget', 'Client portal'] as const;
const USUAL = ['project.created', 'project.archived', 'project.deleted', 'export.made', 'security.changed', 'sign_in.failed', 'sign_in.succeeded'] as const;

function usualEvents(random: Random, account: Account, members: readonly Prisma.MemberCreateManyInput[], today: Date): Event[] {
  const end = account.lastSeenAt < today ? account.lastSeenAt : today;
  const age = Math.floor((end.getTime() - account.createdAt.getTime()) / 86_400_000);
  if (age < 2) return [];
  const seats = members.filter((member) => member.status === 'active' && member.role !== 'guest');
  return Array.from({ length: { free: 6, basic: 10, premium: 18, enterprise: 30 }[account.plan] }, () => {
    const action = random.pick(USUAL);
    const admins = seats.filter((member) => member.role === 'owner' || member.role === 'admin');
    const among = action.startsWith('project.') || action.startsWith('sign_in.') ? seats : admins;
    const actor = among[random.int(0, Math.max(0, among.length - 1))]?.email ?? account.contacts[0].email;
    const target = action.startsWith('project.')
      ? random.pick(PROJECTS)
      : action === 'export.made'
        ? 'all projects'
        : action === 'security.changed'
          ? 'session timeout'
          : actor;
    return event(random, account, addDays(end, -random.next() * Math.min(age, 400)), actor, action, target);
  });
}

/** Something to find for every question about who did what. */
function demoEvents(random: Random, account: Account, today: Date): Event[] {
  const [dana, marcus, ivy, theo] = account.contacts;
  if (!marcus || !ivy || !theo) return [];
  const at = (days: number, minutes = 0) => new Date(addDays(today, -days).getTime() + (9 * 60 + minutes) * 60_000);
  return [
    event(random, account, at(4, 12), ivy.email, 'project.deleted', 'Spring campaign'),
    event(random, account, at(6, 40), dana.email, 'role.changed', ivy.email),
    event(random, account, at(3, 5), marcus.email, 'export.made', 'the audit log'),
    event(random, account, at(12, 20), ivy.email, 'token.created', 'time sheet sync'),
    event(random, account, at(20, 33), dana.email, 'security.changed', 'two-factor (no longer required)'),
    event(random, account, at(3, 90), dana.email, 'plan.changed', 'premium, four seats more'),
    // Drawn apart, so that nothing after it becomes another.
    event(createRandom('a setting Marcus changed'), account, at(5, 75), marcus.email, 'security.changed', 'session timeout'),
    ...Array.from({ length: 5 }, (_, index) => event(random, account, at(1, 40 + index), theo.email, 'sign_in.failed', theo.email, 'RO')),
  ];
}

function exportsOf(random: Random, account: Account, demo: boolean, policy: Policy, today: Date): Prisma.ExportRequestCreateManyInput[] {
  const { email } = account.contacts[0];
  const done = (kind: 'full' | 'projects' | 'audit_log', format: string, daysAgo: number): Prisma.ExportRequestCreateManyInput => {
    const createdAt = addDays(today, -daysAgo);
    const finishedAt = new Date(createdAt.getTime() + random.int(3, 50) * 60_000);
    return {
      id: random.id('exp', createdAt),
      customerId: account.id,
      kind,
      format,
      status: 'done',
      requestedBy: email,
      recipient: email,
      createdAt,
      finishedAt,
      expiresAt: addDays(finishedAt, policy.exports.linkDays),
    };
  };
  if (demo) return [done('full', 'json', 24), done('audit_log', 'csv', 3)];
  return account.createdAt < addDays(today, -60) && random.chance(0.2)
    ? [done(random.pick(['full', 'projects']), random.pick(['json', 'csv']), random.int(2, 50))]
    : [];
}

function deletionsOf(random: Random, account: Account, policy: Policy, today: Date): Prisma.DeletionRequestCreateManyInput[] {
  if (account.status !== 'closed') return [];
  const createdAt = addDays(today, -random.int(3, 20));
  return [
    {
      id: random.id('era', createdAt),
      customerId: account.id,
      status: 'requested',
      reason: null,
      requestedBy: account.contacts[0].email,
      createdAt,
      executeAt: addDays(createdAt, policy.erasureDelayDays),
      canceledAt: null,
    },
  ];
}

function dataRequestsOf(random: Random, account: Account, demo: boolean, policy: Policy, today: Date): Prisma.DataRequestCreateManyInput[] {
  const { dataRequests } = policy;
  const request = (kind: 'access' | 'agreement', details: string, daysAgo: number, finishedAfter: number | null): Prisma.DataRequestCreateManyInput => {
    const createdAt = addDays(today, -daysAgo);
    return {
      id: random.id('dreq', createdAt),
      customerId: account.id,
      kind,
      law: 'gdpr',
      details,
      status: finishedAfter === null ? 'running' : 'done',
      createdAt,
      dueAt: kind === 'access' ? addMonths(createdAt, dataRequests.gdprMonths) : addDays(createdAt, dataRequests.documentDays),
      finishedAt: finishedAfter === null ? null : addDays(createdAt, finishedAfter),
    };
  };
  if (demo)
    return [
      request('access', 'A copy of the personal data of a former member.', 70, 12),
      request('agreement', 'A signed data processing agreement for the file.', 4, null),
    ];
  return account.plan === 'enterprise' && random.chance(0.3) ? [request('agreement', 'A countersigned data processing agreement.', 50, 6)] : [];
}
