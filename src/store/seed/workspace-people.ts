/**
 * Who works in each workspace: members up to the seats used, invitations, guests, how sign-in is set up, which devices are signed in
 * and which notifications somebody changed. What happened there is workspace-events.ts.
 */
import type { Prisma } from '../generated/prisma/client.ts';
import { NOTIFICATION_CHANNELS, NOTIFICATION_EVENTS, isOnAtFirst } from '../notification-events.ts';
import { addDays, addMonths } from '../period.ts';
import type { Member as SeedMember } from './conversation.ts';
import type { Account, ContactDraft } from './draft.ts';
import { FAMILY_NAMES, GIVEN_NAMES } from './names.ts';
import { createRandom, type Random } from './random.ts';

export interface PeopleRows {
  readonly members: Prisma.MemberCreateManyInput[];
  readonly settings: Prisma.WorkspaceSettingCreateManyInput[];
  readonly sessions: Prisma.SignInSessionCreateManyInput[];
  readonly notifications: Prisma.NotificationSettingCreateManyInput[];
}

/** @param demoId The demo customer, who has something for every question. */
export function peopleRows(accounts: readonly SeedMember[], demoId: string, today: Date): PeopleRows {
  const each = accounts.map((one) => peopleOf(one, one.account.id === demoId, today));
  return {
    members: each.flatMap((rows) => rows.members),
    settings: each.flatMap((rows) => rows.settings),
    sessions: each.flatMap((rows) => rows.sessions),
    notifications: each.flatMap((rows) => rows.notifications),
  };
}

function peopleOf({ account, billing }: SeedMember, demo: boolean, today: Date): PeopleRows {
  const random = createRandom(`workspace of ${account.id}`);
  const { seatsUsed } = billing.terms.at(-1) ?? billing.terms[0];
  return {
    members: membersOf(random, account, seatsUsed, demo, today),
    settings: [settingOf(random, account, today)],
    sessions: account.contacts.flatMap((contact) => sessionsOf(random, account, contact, demo, today)),
    notifications: account.contacts.flatMap((contact, index) => notificationsOf(random, account, contact, demo && index === 0)),
  };
}

type MemberRow = Prisma.MemberCreateManyInput;

function membersOf(random: Random, account: Account, seatsUsed: number, demo: boolean, today: Date): MemberRow[] {
  const contacts = account.contacts.map((contact, index) => contactRow(random, account, contact, index, index >= seatsUsed));
  const taken = new Set(contacts.map((row) => row.email));
  const domain = account.contacts[0].email.split('@')[1] ?? 'customer.example';
  const strangers = random.shuffled(GIVEN_NAMES.flatMap((given) => FAMILY_NAMES.map((family) => `${given} ${family}`))).values();
  const next = (at: string): { readonly name: string; readonly email: string } => {
    for (const name of strangers) {
      const email = `${name.replace(' ', '.')}@${at}`.toLowerCase();
      if (!taken.has(email)) return { name, email };
    }
    throw new RangeError('there are more members than names');
  };
  const invited = demo ? 2 : random.chance(0.3) ? 1 : 0;
  const others = Array.from({ length: Math.max(0, seatsUsed - contacts.length) }, (_, index) => {
    const open = index < invited;
    // The demo's first invitation has run out, its second still works.
    const invitedAt = open ? addDays(today, demo ? -9 + index * 7 : -random.int(1, 12)) : dayBetween(random, account.createdAt, today);
    return memberRow(random, account, next(domain), index === invited ? 'viewer' : 'member', invitedAt, open, today);
  });
  const guests = Array.from({ length: demo ? 2 : account.plan === 'free' ? 0 : random.int(0, 2) }, () =>
    memberRow(random, account, next('guest.example'), 'guest', dayBetween(random, account.createdAt, today), false, today),
  );
  const gone = Array.from({ length: demo ? 1 : random.int(0, 1) }, (): MemberRow => {
    const row = memberRow(random, account, next(domain), 'member', dayBetween(random, account.createdAt, addDays(today, -2)), false, today);
    return { ...row, status: 'removed', removedAt: addDays(today, -1) };
  });
  return [...contacts, ...others, ...guests, ...gone];
}

function contactRow(random: Random, account: Account, contact: ContactDraft, index: number, withoutSeat: boolean): MemberRow {
  const role = index === 0 ? 'owner' : withoutSeat ? 'guest' : contact.role === 'billing' || contact.role === 'technical' ? 'admin' : 'member';
  return {
    id: random.id('mem', contact.createdAt),
    customerId: account.id,
    email: contact.email,
    name: contact.name,
    role,
    status: 'active',
    invitedAt: contact.createdAt,
    joinedAt: contact.createdAt,
    lastActiveAt: contact.lastSignInAt,
    removedAt: null,
  };
}

function memberRow(
  random: Random,
  account: Account,
  person: { readonly name: string; readonly email: string },
  role: 'member' | 'viewer' | 'guest',
  invitedAt: Date,
  open: boolean,
  today: Date,
): MemberRow {
  return {
    ...person,
    id: random.id('mem', invitedAt),
    customerId: account.id,
    role,
    status: open ? 'invited' : 'active',
    invitedAt,
    joinedAt: open ? null : new Date(invitedAt.getTime() + random.int(5, 600) * 60_000),
    lastActiveAt: open ? null : addDays(account.lastSeenAt < today ? account.lastSeenAt : today, -random.next() * 12),
    removedAt: null,
  };
}

/** A moment after `from`, at least a day before `today`. */
function dayBetween(random: Random, from: Date, today: Date): Date {
  const latest = addDays(today, -1).getTime();
  return new Date(from.getTime() + Math.max(0, latest - from.getTime()) * random.next());
}

const PROVIDERS = ['Okta', 'Microsoft Entra ID', 'Google Workspace', 'OneLogin'] as const;

function settingOf(random: Random, account: Account, today: Date): Prisma.WorkspaceSettingCreateManyInput {
  const sso = account.plan === 'enterprise' && account.contacts.some((contact) => contact.signInMethod === 'sso');
  const strict = account.plan === 'enterprise' || random.chance(0.15);
  return {
    customerId: account.id,
    twoFactorRequired: strict && random.chance(0.6),
    sessionTimeoutMinutes: strict ? random.pick([480, 1_440, 10_080]) : 43_200,
    passwordLengthMin: strict ? random.pick([14, 16]) : 12,
    ipAllowList: account.plan === 'enterprise' && random.chance(0.4) ? [`203.0.113.${random.int(0, 7) * 32}/27`] : [],
    ssoProvider: sso ? random.pick(PROVIDERS) : null,
    ssoEnforced: sso && random.chance(0.6),
    // One in four has to renew within the month.
    ssoCertificateUntil: sso ? (random.chance(0.25) ? addDays(today, random.int(6, 28)) : addMonths(today, random.int(3, 30))) : null,
    scim: sso && random.chance(0.5),
    dateFormat: account.country === 'US' ? 'MM/DD/YYYY' : random.pick(['YYYY-MM-DD', 'DD.MM.YYYY', 'DD/MM/YYYY']),
    weekStartsOn: account.country === 'US' || account.country === 'CA' ? 'sunday' : 'monday',
    updatedAt: today,
  };
}

const DEVICES = [
  ['MacBook Pro', 'Chrome 141'],
  ['Windows PC', 'Edge 141'],
  ['iPhone', 'Loomwork for iOS'],
  ['Windows PC', 'Firefox 143'],
  ['Pixel 9', 'Loomwork for Android'],
] as const;

function sessionsOf(random: Random, account: Account, contact: ContactDraft, demo: boolean, today: Date): Prisma.SignInSessionCreateManyInput[] {
  const session = (device: string, browser: string, country: string, createdAt: Date, lastSeenAt: Date): Prisma.SignInSessionCreateManyInput => ({
    id: random.id('sess', createdAt),
    customerId: account.id,
    contactId: contact.id,
    device,
    browser,
    country,
    createdAt,
    lastSeenAt,
    endedAt: null,
  });
  const usual = Array.from({ length: random.int(1, 2) }, () => {
    const [device, browser] = random.pick(DEVICES);
    return session(device, browser, account.country, addDays(contact.lastSignInAt, -random.int(1, 20)), contact.lastSignInAt);
  });
  // Somebody tries to get in as Theo of the demo customer, and a device nobody there knows is signed in already.
  const strange = demo && contact.failedSignIns > 0 ? [session('Linux PC', 'Firefox 128', 'RO', addDays(today, -1.4), addDays(today, -0.6))] : [];
  return account.status === 'closed' ? [] : [...strange, ...usual];
}

/** Only what differs from the start: everything else has no row. */
function notificationsOf(random: Random, account: Account, contact: ContactDraft, interesting: boolean): Prisma.NotificationSettingCreateManyInput[] {
  return NOTIFICATION_CHANNELS.flatMap((channel) =>
    NOTIFICATION_EVENTS.filter((event) => (interesting ? channel === 'push' && event === 'due_soon' : random.chance(0.05))).map((event) => ({
      id: random.id('ntf', contact.createdAt),
      customerId: account.id,
      contactId: contact.id,
      channel,
      event,
      enabled: !isOnAtFirst(channel, event),
    })),
  );
}
