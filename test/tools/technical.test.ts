/** The tools of technical help: what they read is the customer's own, and what they advise follows from it by rule. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/foundation/ids.ts';
import type { Prisma } from '../../src/store/generated/prisma/client.ts';
import { mayBeOfPlatform } from '../../src/tools/known-issues.ts';
import { addCustomer, addUsage, days, NOW, openToolbox, type Toolbox } from './fixtures.ts';

let box: Toolbox;
beforeAll(async () => {
  box = await openToolbox();
});
afterAll(() => box.close());

const infer = (name: string, text: string, earlier: readonly string[] = []) => box.tools.get(name)?.infer({ text, earlier });

async function addIssue(fields: Partial<Prisma.KnownIssueUncheckedCreateInput> = {}): Promise<string> {
  const id = newId('iss');
  await box.database.knownIssue.create({
    data: {
      id,
      title: 'The timeline freezes',
      area: 'web',
      status: 'identified',
      severity: 'high',
      symptoms: ['timeline freezes'],
      workaround: 'use the list.',
      startedAt: days(-4),
      ...fields,
    },
  });
  return id;
}

describe('find_known_issues', () => {
  it('finds a fault by its symptoms in any form of the words, incidents that run first', async () => {
    const customer = await addCustomer(box.database);
    const fault = await addIssue();
    const incident = await addIssue({
      title: 'Nothing loads',
      incident: true,
      symptoms: ['freezing'],
      status: 'investigating',
      workaround: null,
      startedAt: days(-0.1),
    });
    const { summary, facts } = await box.call('find_known_issues', customer.id, { report: 'My timeline is FREEZING all day' });
    expect(facts).toMatchObject({ fitting: [{ knownIssueId: incident }, { knownIssueId: fault }], openIncidents: [{ knownIssueId: incident }] });
    expect(summary).toContain('This fits a known incident. "Nothing loads", since 20 November 2026 09:36 UTC: our engineers are looking for the cause.');
    expect(summary).toContain('Until then: use the list.');
    expect((await box.call('find_known_issues', customer.id)).summary).toContain('There is an open incident on the status page: "Nothing loads"');
    expect((await box.call('find_known_issues', customer.id, { report: 'the font is ugly' })).summary).toBe(
      'I found no known fault that fits this description.',
    );
    await box.database.knownIssue.update({ where: { id: incident }, data: { status: 'fixed', fixedAt: days(-0.05) } });
    expect((await box.call('find_known_issues', customer.id)).summary).toBe('The status page shows no open incident.');
  });

  it('names a fault that was fixed while it is recent, and says when nothing fits', async () => {
    const customer = await addCustomer(box.database);
    await addIssue({ title: 'Photos crash the app', symptoms: ['crash photo'], status: 'fixed', fixedIn: '8.14.2', fixedAt: days(-12) });
    await addIssue({ title: 'An old one', symptoms: ['crash photo'], status: 'fixed', fixedAt: days(-31) });
    expect((await box.call('find_known_issues', customer.id, { report: 'the app crashes when I add photos' })).summary).toBe(
      'This fits a known fault. "Photos crash the app" was fixed in version 8.14.2 on 8 November 2026. Update the app or reload the page to get the fix.',
    );
    expect((await box.call('find_known_issues', customer.id, { report: 'the coffee is cold' })).summary).toContain(
      'I found no known fault that fits this description.',
    );
  });
});

describe('the platform of a report', () => {
  const fault = (title: string, area: string) => ({ title, area });
  it.each([
    ['the app crashes on my iPhone', fault('The app for Android crashes', 'mobile'), false],
    ['the app crashes on my iPhone', fault('The app for iPhone crashes', 'mobile'), true],
    ['the app crashes on my iPhone', fault('The timeline freezes', 'web'), false],
    ['the app crashes on my iPhone', fault('Photos crash the phone app', 'mobile'), true],
    ['crash on my Samsung', fault('The app for Android crashes', 'mobile'), true],
    ['the app crashes', fault('The app for Android crashes', 'mobile'), true],
    ['the Mac app closes itself', fault('The desktop app for Windows closes itself', 'desktop'), false],
    ['the timeline freezes on my Mac', fault('The timeline freezes', 'web'), true],
    ['the desktop app on my mac freezes', fault('The timeline freezes', 'web'), false],
    ['upload stops in Chrome', fault('Uploads stop in Safari', 'web'), false],
    ['upload stops in the browser', fault('Uploads stop in Safari', 'web'), true],
    ['no sync on my android', fault('Comments in Slack arrive late', 'sync'), true],
  ])('%s, %o: %s', (report, issue, fits) => expect(mayBeOfPlatform(issue, report)).toBe(fits));

  it('keeps the faults of others from leading, and tells them as such', async () => {
    const customer = await addCustomer(box.database);
    await addIssue({ title: 'The app for Android dies', area: 'mobile', symptoms: ['widget dies', 'app dies open'], workaround: null });
    const report = 'the widget of the app dies when I open it';
    expect((await box.call('find_known_issues', customer.id, { report: `${report} on my Android` })).summary).toMatch(
      /^This fits a known fault\. "The app for Android/,
    );
    const { summary, facts } = await box.call('find_known_issues', customer.id, { report: `${report} on my iPhone` });
    expect(summary).toMatch(/^I found no known fault of this platform that fits.*known elsewhere:\n\n- "The app for Android dies"/s);
    expect(facts).toMatchObject({ fitting: [], onOtherPlatforms: [{ title: 'The app for Android dies' }] });
  });
});

describe('open_ticket and find_tickets', () => {
  const input = { kind: 'bug', title: 'The board hangs', description: 'Since Monday, in Chrome.', severity: 'high' };

  it('opens within the grant, finds it again, and shows it to nobody else', async () => {
    const [customer, other] = await Promise.all([addCustomer(box.database), addCustomer(box.database)]);
    const grant = { kinds: ['bug'], severity_max: 'high' };
    const { summary } = await box.call('open_ticket', customer.id, input, { grant });
    const number = Number(/#(\d+)/.exec(summary)?.[1]);
    expect((await box.call('find_tickets', customer.id, { number })).summary).toMatch(/^Ticket #\d+ \("The board hangs"\) of 20 November 2026 is open/);
    expect((await box.call('find_tickets', other.id, { number })).summary).toBe(`There is no ticket #${number} on your account.`);
    expect((await box.call('find_tickets', other.id)).summary).toBe('There is no ticket on your account.');
  });

  it('refuses a kind or a severity beyond the grant, and input that does not fit', async () => {
    const customer = await addCustomer(box.database);
    await expect(box.call('open_ticket', customer.id, input, { grant: { kinds: ['request'], severity_max: 'high' } })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    await expect(box.call('open_ticket', customer.id, input, { grant: { kinds: ['bug'], severity_max: 'medium' } })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    await expect(box.call('open_ticket', customer.id, { ...input, extra: 1 }, { grant: { kinds: ['bug'], severity_max: 'high' } })).rejects.toMatchObject({
      code: 'BAD_INPUT',
    });
    expect(await box.database.ticket.count({ where: { customerId: customer.id } })).toBe(0);
  });
});

describe('find_connections', () => {
  const add = (customerId: string, fields: Partial<Prisma.ConnectionUncheckedCreateInput>) =>
    box.database.connection.create({
      data: {
        id: newId('cnx'),
        customerId,
        service: 'slack',
        status: 'connected',
        connectedBy: 'Dana',
        lastSyncAt: days(-0.01),
        createdAt: days(-90),
        ...fields,
      },
    });

  it('shows what is in trouble with what helps, and counts the rest as in order', async () => {
    const customer = await addCustomer(box.database);
    await add(customer.id, {});
    await add(customer.id, { service: 'google_calendar', status: 'failing', pendingItems: 3, lastError: 'token_expired', lastSyncAt: days(-2) });
    await add(customer.id, { service: 'mobile_app', conflicts: 1, pendingItems: 1, lastSyncAt: days(-0.1) });
    const { summary } = await box.call('find_connections', customer.id);
    expect(summary).toBe(
      '- Google Calendar (set up by Dana) is failing; the last synchronisation was on 18 November 2026 at 12:00 UTC. 3 changes wait. The reason: the permission has run out. What helps: connect it again under Settings > Integrations; nothing is lost by that.\n- The mobile app (set up by Dana) is connected; the last synchronisation was on 20 November 2026 at 09:36 UTC. 1 change waits and 1 conflict. Conflicts: open the cloud symbol at the top right and choose for each which version stays; nothing is overwritten before. I can order another synchronisation; tell me if you would like that.\n\nIn order: Slack.',
    );
    expect((await box.call('find_connections', customer.id, { service: 'nothing comes through in Slack' })).summary).toMatch(
      /^Slack \(set up by Dana\) is connected/,
    );
  });

  it('says when all is well, or nothing is connected', async () => {
    const customer = await addCustomer(box.database);
    expect((await box.call('find_connections', customer.id)).summary).toBe('No other service or device is connected with your workspace.');
    await add(customer.id, { lastSyncAt: days(-30) });
    expect((await box.call('find_connections', customer.id)).summary).toBe('All 1 connection of your workspace are in order: Slack.');
  });
});

describe('find_deleted_items', () => {
  const add = (customerId: string, name: string, fields: Partial<Prisma.DeletedItemUncheckedCreateInput> = {}) =>
    box.database.deletedItem.create({
      data: { id: newId('del'), customerId, kind: 'board', name, deletedBy: 'Theo', deletedAt: days(-3), purgeAt: days(27), ...fields },
    });

  it('shows what was named, else everything that can come back', async () => {
    const customer = await addCustomer(box.database);
    await add(customer.id, 'Q3 launch', { sizeMb: 48 });
    await add(customer.id, 'Old one', { purgeAt: days(-1), deletedAt: days(-31) });
    await add(await addCustomer(box.database).then(({ id }) => id), 'Theirs');
    expect((await box.call('find_deleted_items', customer.id, { name: 'my board q3 launch is gone' })).summary).toBe(
      'Board "Q3 launch" (48 MB) was deleted by Theo on 17 November 2026 and can be restored until 17 December 2026.',
    );
    expect((await box.call('find_deleted_items', customer.id, { name: 'where is Old one' })).summary).toContain('was erased for good on 19 November 2026');
    const all = await box.call('find_deleted_items', customer.id, { name: 'Theirs' });
    expect(all.summary).toContain('Q3 launch');
    expect(JSON.stringify(all)).not.toMatch(/Theirs|Old one/);
  });

  it('says that the trash is empty, that a restore is on its way, or that it came back', async () => {
    const customer = await addCustomer(box.database);
    expect((await box.call('find_deleted_items', customer.id)).summary).toBe('The trash of your workspace is empty, so nothing in it can be restored.');
    const { id } = await add(customer.id, 'Plan');
    await box.call('request_restore', customer.id, {}, { said: 'restore Plan', grant: { megabytes_max: 10 } });
    expect((await box.call('find_deleted_items', customer.id)).summary).toContain('Its restore was ordered on 20 November 2026 and is on its way.');
    await box.database.deletedItem.update({ where: { id }, data: { restoredAt: NOW } });
    expect((await box.call('find_deleted_items', customer.id, { name: 'Plan' })).summary).toContain('came back on 20 November 2026');
  });
});

describe('check_browser', () => {
  it.each([
    ['The page is blank in Chrome 88', { browser: 'chrome', version: 88 }],
    ['firefox version 78 esr', { browser: 'firefox', version: 78 }],
    ['works in Chrome but not in Safari', { browser: 'safari' }],
    ['We still have IE 11 here', { browser: 'internet_explorer', version: 11 }],
    ['I use Edge, version is 86.0', { browser: 'edge', version: 86 }],
    [
      'Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/89.0.4389 Safari/537.36 Edg/89.0.774 browser',
      { browser: 'edge', version: 89 },
    ],
    ['Safari on my iPhone looks odd', { browser: 'safari', phone: true }],
    ['Which browsers do you support?', {}],
  ])('reads "%s"', (text, input) => {
    expect(infer('check_browser', text)).toEqual(input);
  });

  it('compares with the oldest that works', async () => {
    const customer = await addCustomer(box.database);
    const check = async (input: object) => (await box.call('check_browser', customer.id, input)).summary;
    expect(await check({ browser: 'chrome', version: 89 })).toContain('Chrome 89 is too old for Loomwork: it needs Chrome 90 or newer.');
    expect(await check({ browser: 'chrome', version: 90 })).toContain('Chrome 90 is new enough for Loomwork');
    expect(await check({ browser: 'safari', version: 13.1 })).toContain('it needs Safari 14 or newer');
    expect(await check({ browser: 'internet_explorer', version: 11 })).toContain('cannot run Loomwork in any version');
    expect(await check({ browser: 'brave' })).toContain("built on Chrome's engine");
    expect(await check({ phone: true })).toBe(
      "Loomwork works from Chrome 90, Firefox 88, Safari 14, and Edge 90 on; Internet Explorer does not work. On a phone, use the Loomwork app: the page in a phone's browser is made for reading.",
    );
  });
});

describe('diagnose_performance', () => {
  it('names what is large, known faults first, and steps for the kind', async () => {
    const customer = await addCustomer(box.database);
    await addIssue({ title: 'Boards scroll slowly', symptoms: ['board scrolls slow'], workaround: 'fold the lanes.' });
    await addUsage(box.database, customer.id, 'tasks_created', [900, 900, 900]);
    await addUsage(box.database, customer.id, 'projects', [40]);
    const { summary, facts } = await box.call('diagnose_performance', customer.id, { kind: 'lag', report: 'the board scrolls so slow' });
    expect(facts).toMatchObject({ causes: ['tasks', 'projects'] });
    expect(summary).toMatch(
      /2,700 new tasks in the last 3 months.*You have 40 projects\..*\n\n.*\n\n- A known fault fits \("Boards scroll slowly"\): fold the lanes\.\n- In the slow view/s,
    );
  });

  it('looks nearer when the workspace is small', async () => {
    const customer = await addCustomer(box.database);
    expect((await box.call('diagnose_performance', customer.id, { kind: 'timeout' })).summary).toMatch(
      /^The size of your workspace is no reason.*Try another network/s,
    );
    expect(infer('diagnose_performance', 'Chrome eats all my memory with Loomwork open, it is a hog')).toMatchObject({ kind: 'memory' });
  });
});

describe('without a language model', () => {
  it.each([
    ['find_known_issues', 'the save button does not work'],
    ['find_known_issues', 'is loomwork down?'],
    ['find_tickets', 'what happened to the bug I reported?'],
    ['find_connections', 'our calendar is not syncing'],
    ['find_deleted_items', 'I deleted a project by mistake'],
    ['diagnose_performance', 'it takes forever to open'],
  ])('%s is called for "%s"', (name, text) => {
    expect(infer(name, text)).not.toBeNull();
  });

  it.each([
    ['find_known_issues', 'how do I invite a colleague?'],
    ['find_tickets', 'how do I create a task?'],
    ['find_connections', 'what does premium cost?'],
    ['find_deleted_items', 'how do I make a new board?'],
    ['check_browser', 'please send me the invoice'],
  ])('%s is not called for "%s"', (name, text) => {
    expect(infer(name, text)).toBeNull();
  });

  it('goes on with the message before when this one says little, and acts on nothing', () => {
    expect(infer('check_browser', 'it is version 85', ['The board is blank in Firefox'])).toEqual({ browser: 'firefox', version: 85 });
    for (const name of ['open_ticket', 'retry_sync', 'request_restore'])
      expect(infer(name, 'please restore Q3 launch and open a ticket, sync Slack')).toBeNull();
  });
});
