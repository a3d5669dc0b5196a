/**
 * What technical help looks at in each workspace: connections, the trash with its restores, and tickets. In step with the plan and the
 * people of the account; draws from sequences of its own, so that other rows do not move when this changes.
 */
import type { Prisma } from '../generated/prisma/client.ts';
import { addDays } from '../period.ts';
import type { Policy } from '../policy-schema.ts';
import type { Member } from './conversation.ts';
import { knownIssueRows } from './known-issues.ts';
import { createRandom, type Random } from './random.ts';

interface TechnicalRows {
  readonly knownIssues: Prisma.KnownIssueCreateManyInput[];
  readonly connections: Prisma.ConnectionCreateManyInput[];
  readonly deletedItems: Prisma.DeletedItemCreateManyInput[];
  readonly restores: Prisma.RestoreRequestCreateManyInput[];
  readonly tickets: Prisma.TicketCreateManyInput[];
}

/** @param members The demo customer is the first of them. */
export function technicalRows(members: readonly Member[], policy: Policy, today: Date): TechnicalRows {
  const knownIssues = knownIssueRows(today);
  const rows: TechnicalRows = { knownIssues, connections: [], deletedItems: [], restores: [], tickets: [] };
  for (const [index, member] of members.entries()) {
    const random = createRandom(`technical rows of ${member.account.id}`);
    const demo = index === 0;
    rows.connections.push(...(demo ? demoConnections(random, member, today) : connectionsOf(random, member, today)));
    const { items, restores } = (demo ? demoTrash : trashOf)(random, member, policy, today);
    rows.deletedItems.push(...items);
    rows.restores.push(...restores);
    rows.tickets.push(...ticketsOf(random, member, knownIssues, today, demo));
  }
  return rows;
}

type ConnectionDraft = Omit<Prisma.ConnectionCreateManyInput, 'id' | 'customerId' | 'createdAt'> & { readonly lastSyncAt: Date | null };

function connection(random: Random, { account }: Member, today: Date, draft: ConnectionDraft): Prisma.ConnectionCreateManyInput {
  const days = Math.max(1, Math.floor((today.getTime() - account.createdAt.getTime()) / 86_400_000) - 1);
  const createdAt = addDays(account.createdAt, random.next() * Math.min(days, 200));
  return { pendingItems: 0, conflicts: 0, lastError: null, ...draft, id: random.id('cnx', createdAt), customerId: account.id, createdAt };
}

/** Slack and GitHub in order, a calendar whose permission ran out, a phone with two conflicts. */
function demoConnections(random: Random, member: Member, today: Date): Prisma.ConnectionCreateManyInput[] {
  const [dana, marcus, ivy, theo] = member.account.contacts.map(({ name }) => name);
  const drafts: ConnectionDraft[] = [
    { service: 'slack', status: 'connected', connectedBy: dana ?? '', lastSyncAt: addDays(today, -0.01) },
    { service: 'github', status: 'connected', connectedBy: ivy ?? '', lastSyncAt: addDays(today, -0.02) },
    {
      service: 'google_calendar',
      status: 'failing',
      connectedBy: marcus ?? '',
      lastSyncAt: addDays(today, -2.4),
      pendingItems: 14,
      lastError: 'token_expired',
    },
    { service: 'mobile_app', status: 'connected', connectedBy: theo ?? '', lastSyncAt: addDays(today, -0.7), pendingItems: 6, conflicts: 2 },
  ];
  return drafts.map((draft) => connection(random, member, today, draft));
}

const SERVICES = ['slack', 'google_calendar', 'github', 'jira', 'salesforce', 'microsoft_teams', 'mobile_app', 'desktop_app'] as const;
const SYNC_ERRORS = ['token_expired', 'timeout', 'rate_limited', 'permission_revoked', 'channel_archived'] as const;
const DEVICES: ReadonlySet<string> = new Set(['mobile_app', 'desktop_app']);

function connectionsOf(random: Random, member: Member, today: Date): Prisma.ConnectionCreateManyInput[] {
  const { account } = member;
  const count = { free: random.int(0, 1), basic: random.int(1, 2), premium: random.int(2, 4), enterprise: random.int(3, 5) }[account.plan];
  return random
    .shuffled(SERVICES)
    .slice(0, count)
    .map((service) => {
      const connectedBy = random.pick(account.contacts).name;
      const lastSyncAt = account.status === 'closed' ? account.lastSeenAt : addDays(today, -random.next() * 0.2);
      const chance = random.next();
      if (account.status === 'closed' || chance < 0.07)
        return connection(random, member, today, { service, connectedBy, lastSyncAt: addDays(lastSyncAt, -5), status: 'disconnected' });
      if (chance < 0.17 && !DEVICES.has(service))
        return connection(random, member, today, {
          service,
          connectedBy,
          lastSyncAt: addDays(lastSyncAt, -1),
          status: 'failing',
          pendingItems: random.int(1, 40),
          lastError: random.pick(SYNC_ERRORS),
        });
      const behind = chance < 0.28;
      return connection(random, member, today, {
        service,
        connectedBy,
        lastSyncAt,
        status: 'connected',
        pendingItems: behind ? random.int(1, 9) : 0,
        conflicts: behind && random.chance(0.5) ? random.int(1, 3) : 0,
      });
    });
}

interface ItemDraft {
  readonly kind: Prisma.DeletedItemCreateManyInput['kind'];
  readonly name: string;
  readonly sizeMb: number;
  readonly daysAgo: number;
  readonly deletedBy: string;
  readonly restored?: boolean;
}

interface Trash {
  readonly items: Prisma.DeletedItemCreateManyInput[];
  readonly restores: Prisma.RestoreRequestCreateManyInput[];
}

/** A board to bring back, a film too large for an agent, a task, a project that is gone for good, and a page that came back. */
function demoTrash(random: Random, member: Member, policy: Policy, today: Date): Trash {
  const [dana = '', marcus = '', ivy = '', theo = ''] = member.account.contacts.map(({ name }) => name);
  return trash(random, member, policy, today, [
    { kind: 'board', name: 'Q3 launch', sizeMb: 48, daysAgo: 3.2, deletedBy: theo },
    { kind: 'file', name: 'Brand film master.mov', sizeMb: 1_850, daysAgo: 6.1, deletedBy: marcus },
    { kind: 'task', name: 'Call the printer', sizeMb: 0, daysAgo: 1.1, deletedBy: dana },
    { kind: 'project', name: 'Website relaunch 2024', sizeMb: 320, daysAgo: policy.trashDays + 15, deletedBy: theo },
    { kind: 'doc', name: 'Tone of voice', sizeMb: 2, daysAgo: 12.4, deletedBy: ivy, restored: true },
  ]);
}

const NAMES: Readonly<Record<ItemDraft['kind'], readonly [string, ...string[]]>> = {
  project: ['Office move', 'Summer campaign', 'Customer survey', 'Budget 2026', 'Trade fair'],
  board: ['Sprint 14', 'Content calendar', 'Hiring', 'Support queue', 'Roadmap'],
  task: ['Send the offer', 'Review the contract', 'Order badges', 'Update the price list', 'Plan the workshop'],
  file: ['Logo final.ai', 'Minutes March.pdf', 'Price list.xlsx', 'Team photo.jpg', 'Interview.mp4'],
  doc: ['Handbook', 'Meeting notes', 'Checklist for new joiners', 'Decision log', 'Style guide'],
};
const SIZES: Readonly<Record<ItemDraft['kind'], number>> = { project: 260, board: 60, task: 1, file: 180, doc: 4 };

function trashOf(random: Random, member: Member, policy: Policy, today: Date): Trash {
  const kinds = random.shuffled(['project', 'board', 'task', 'file', 'doc'] as const).slice(0, random.int(0, 3));
  const ageDays = (today.getTime() - member.account.createdAt.getTime()) / 86_400_000;
  return trash(
    random,
    member,
    policy,
    today,
    kinds.map((kind) => ({
      kind,
      name: random.pick(NAMES[kind]),
      sizeMb: random.int(0, SIZES[kind]),
      daysAgo: Math.min(ageDays * 0.9, random.next() * policy.trashDays * 1.3),
      deletedBy: random.pick(member.account.contacts).name,
      restored: random.chance(0.15),
    })),
  );
}

function trash(random: Random, { account }: Member, { trashDays }: Policy, today: Date, drafts: readonly ItemDraft[]): Trash {
  const rows: Trash = { items: [], restores: [] };
  for (const { daysAgo, restored, ...draft } of drafts) {
    const deletedAt = addDays(today, -daysAgo);
    const asked = addDays(deletedAt, Math.min(1, daysAgo / 2));
    const restoredAt = restored === true ? addDays(asked, Math.min(0.01, daysAgo / 4)) : null;
    const id = random.id('del', deletedAt);
    rows.items.push({ ...draft, id, customerId: account.id, deletedAt, purgeAt: addDays(deletedAt, trashDays), restoredAt });
    if (restoredAt)
      rows.restores.push({
        id: random.id('rst', asked),
        customerId: account.id,
        itemId: id,
        status: 'done',
        requestedBy: 'technical_agent',
        createdAt: asked,
        finishedAt: restoredAt,
      });
  }
  return rows;
}

/** About every fourth account reported something; the demo customer has one ticket open on a known fault and one that is done. */
function ticketsOf(random: Random, { account }: Member, issues: TechnicalRows['knownIssues'], today: Date, demo: boolean): Prisma.TicketCreateManyInput[] {
  const ticket = (daysAgo: number, rest: Pick<Prisma.TicketCreateManyInput, 'kind' | 'title' | 'description' | 'severity' | 'status' | 'knownIssueId'>) => {
    const createdAt = addDays(today, -daysAgo);
    const updatedAt = addDays(createdAt, daysAgo / 2);
    return { ...rest, id: random.id('tkt', createdAt), customerId: account.id, conversationId: null, callId: null, createdAt, updatedAt };
  };
  const open = issues.filter(({ status, incident }) => status !== 'fixed' && incident !== true);
  const about = (title: string) => open.find((issue) => issue.title.startsWith(title));
  if (demo) {
    const timeline = about('The timeline');
    return [
      ticket(2.3, {
        kind: 'bug',
        title: timeline?.title ?? 'The timeline freezes',
        description: 'Chrome on a Mac, in the project "Spring campaign": dragging a dependency freezes the page until it is closed.',
        severity: 'medium',
        status: 'in_progress',
        knownIssueId: timeline?.id ?? null,
      }),
      ticket(34.5, {
        kind: 'request',
        title: 'Raise the size of uploads for one week',
        description: 'A film of 6 GB has to be shared with a customer; a link was agreed on instead.',
        severity: 'low',
        status: 'resolved',
        knownIssueId: null,
      }),
    ];
  }
  const [issue] = random.shuffled(open);
  if (!issue || account.status === 'closed' || !random.chance(0.25)) return [];
  const status = random.pick(['open', 'in_progress', 'waiting', 'resolved']);
  const days = Math.min(20, (today.getTime() - account.createdAt.getTime()) / 86_400_000);
  return [
    ticket(random.next() * days, {
      kind: 'bug',
      title: issue.title,
      description: 'Reported in a conversation; the steps that usually help were tried.',
      severity: issue.severity,
      status,
      knownIssueId: issue.id ?? null,
    }),
  ];
}
