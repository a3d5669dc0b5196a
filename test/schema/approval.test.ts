/** Approvals as their readers and deciders meet them: lists, one by its id, the verb and the items of all three streams; and nothing of it for anybody but the staff. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '../../src/foundation/ids.ts';
import { claimRun } from '../support/claim.ts';
import type { Approval, ApprovalLevel } from '../../src/store/generated/prisma/client.ts';
import type { Needed } from '../../src/store/approval.ts';
import { partnerViewer, staffViewer, type Viewer } from '../../src/store/viewer.ts';
import { openHouse, STAFF, type House } from '../support/house.ts';
import { createFixedLlm } from '../support/scripted-llm.ts';
import { ask, contextOf, open, refusalOf, type Answers } from './ask.ts';

const LEAD: Needed = { level: 'lead', people: 1, risk: 'low' };
const WHOLE = `
  id run { id status } step conversation { id } customer { id } agent { id } tool arguments argumentsHash risk summary requestedBy neededLevel peopleNeeded
  decisions { by { kind id name } approve note at } status closedReason expiresAt warnedAt decidedAt createdAt`;
const DECIDE = `mutation($input: DecideApprovalInput!) { decideApproval(input: $input) { approval { ${WHOLE} } } }`;
const ITEMS = `__typename
  ... on ApprovalRequested { runId approval { id status } }
  ... on ApprovalExpiring { runId approval { id } expiresAt }
  ... on ApprovalDecided { runId approval { id decisions { approve by { name } } } outcome by }`;

let house: House;
beforeAll(async () => {
  house = await openHouse({ llm: createFixedLlm(['Hello.']), started: false });
});
afterAll(() => house.close());

async function person(approvalLevel: ApprovalLevel): Promise<Extract<Viewer, { kind: 'staff' }>> {
  const userId = newId('usr');
  const name = `${approvalLevel} ${userId.slice(-4)}`;
  await house.database.user.create({ data: { id: userId, email: `${userId}@desk.example`, name, role: 'user', approvalLevel } });
  return staffViewer({ userId, name, role: 'user' });
}

interface Asked {
  readonly approval: Approval;
  readonly viewer: Viewer;
  readonly partner: Viewer;
  readonly runId: string;
  readonly conversationId: string;
}

/** Something of a customer of a partner that waits for people. */
async function waiting(needed: Needed = LEAD): Promise<Asked> {
  const partnerId = newId('ptn');
  const { viewer } = await house.addCustomer(partnerId);
  const { run, conversation } = await house.desk.conversations.start(viewer, { text: 'I want $800 back' });
  const leaseOwner = newId('inst');
  await claimRun(house.database, run.id, leaseOwner);
  const approval = await house.desk.approvals.request({
    run: { runId: run.id, leaseOwner, attempt: 1 },
    step: 'agent',
    agentId: 'first_agent',
    tool: 'issue_refund',
    arguments: { amount: '800.00', card: '4111 1111 1111 1111', key: 'sk-secret' },
    withheld: ['key'],
    summary: 'Refund $800.00.',
    needed,
  });
  if (!approval) throw new Error('it is in hand');
  return { approval, viewer, partner: partnerViewer({ partnerId, keyId: null }), runId: run.id, conversationId: conversation.id };
}

const inputOf = ({ id, argumentsHash }: Approval, approve: boolean) => ({ input: { approvalId: id, approve, note: 'Seen.', argumentsHash } });

describe('an approval', () => {
  let asked: Asked;
  beforeEach(async () => {
    asked = await waiting();
  });

  it('shows the staff all of it but what must stay private', async () => {
    const { approval, runId, conversationId, viewer } = asked;
    const { approval: seen } = await ask(house, STAFF, `query($id: ID!) { approval(id: $id) { ${WHOLE} } }`, { id: approval.id });
    expect(seen).toEqual({
      id: approval.id,
      run: { id: runId, status: 'WAITING' },
      step: 'agent',
      conversation: { id: conversationId },
      customer: { id: viewer.kind === 'customer' ? viewer.customerId : '' },
      agent: { id: 'first_agent' },
      tool: 'issue_refund',
      arguments: { amount: '800.00', card: expect.not.stringContaining('4111 1111'), key: '[redacted]' },
      argumentsHash: approval.argumentsHash,
      risk: 'LOW',
      summary: 'Refund $800.00.',
      requestedBy: 'first_agent',
      neededLevel: 'LEAD',
      peopleNeeded: 1,
      decisions: [],
      status: 'PENDING',
      closedReason: null,
      expiresAt: approval.expiresAt.toISOString(),
      warnedAt: null,
      decidedAt: null,
      createdAt: approval.createdAt.toISOString(),
    });
    const { node } = await ask(house, STAFF, 'query($id: ID!) { node(id: $id) { __typename id ... on Approval { tool } } }', { id: approval.id });
    expect(node).toEqual({ __typename: 'Approval', id: approval.id, tool: 'issue_refund' });
  });

  it('is listed by what it waits for, newest first and page by page', async () => {
    const other = await waiting({ level: 'vp', people: 1, risk: 'high' });
    const LIST = `query($status: ApprovalStatus, $risk: Risk, $first: Int, $after: String) {
      approvals(status: $status, risk: $risk, first: $first, after: $after) { edges { node { id } cursor } pageInfo { hasNextPage endCursor } }
    }`;
    const page = async (variables: object) => {
      const { approvals } = await ask(house, STAFF, LIST, { ...variables });
      return approvals as { edges: { node: { id: string } }[]; pageInfo: { hasNextPage: boolean; endCursor: string } };
    };
    const idsOf = ({ edges }: Awaited<ReturnType<typeof page>>): string[] => edges.map(({ node }) => node.id);
    const first = await page({ first: 1 });
    expect(idsOf(first)).toEqual([other.approval.id]);
    expect(first.pageInfo.hasNextPage).toBe(true);
    expect(idsOf(await page({ first: 1, after: first.pageInfo.endCursor }))).toEqual([asked.approval.id]);
    expect(idsOf(await page({ risk: 'HIGH' }))).toEqual([other.approval.id]);
    await ask(house, await person('vp'), DECIDE, inputOf(other.approval, false));
    expect(idsOf(await page({ risk: 'HIGH', status: 'PENDING' }))).toEqual([]);
    expect(idsOf(await page({ status: 'REJECTED' }))).toContain(other.approval.id);
    expect(idsOf(await page({ status: 'PENDING' }))[0]).toBe(asked.approval.id);
  });

  it('is decided by the verb, which says who it was', async () => {
    const lead = await person('lead');
    const { decideApproval } = await ask(house, lead, DECIDE, inputOf(asked.approval, true));
    expect(decideApproval).toMatchObject({
      approval: {
        status: 'APPROVED',
        run: { id: asked.runId, status: 'QUEUED' },
        decisions: [{ by: { kind: 'PERSON', id: lead.userId, name: lead.name }, approve: true, note: 'Seen.', at: expect.any(String) }],
        decidedAt: expect.any(String),
      },
    });
    expect(await refusalOf(house, lead, DECIDE, inputOf(asked.approval, true))).toMatchObject({ code: 'CONFLICT' });
  });

  it('stays pending after the first of two', async () => {
    const { approval } = await waiting({ level: 'manager', people: 2, risk: 'medium' });
    const { decideApproval } = await ask(house, await person('manager'), DECIDE, inputOf(approval, true));
    expect(decideApproval).toMatchObject({ approval: { status: 'PENDING', run: { status: 'WAITING' }, decisions: [{ approve: true }] } });
  });

  it('is nothing that customers, partners or strangers can see, list or decide', async () => {
    const { approval, viewer, partner, runId } = asked;
    for (const who of [viewer, partner]) {
      expect(await refusalOf(house, who, 'query($id: ID!) { approval(id: $id) { id } }', { id: approval.id })).toMatchObject({ code: 'NOT_FOUND' });
      expect(await refusalOf(house, who, 'query($id: ID!) { node(id: $id) { id } }', { id: approval.id })).toMatchObject({ code: 'NOT_FOUND' });
      expect(await refusalOf(house, who, '{ approvals { edges { node { id } } } }')).toMatchObject({ code: 'FORBIDDEN' });
      expect(await refusalOf(house, who, DECIDE, inputOf(approval, true))).toMatchObject({ code: 'NOT_FOUND' });
      // What they may know: it waits.
      expect(await ask(house, who, 'query($id: ID!) { run(id: $id) { status } }', { id: runId })).toEqual({ run: { status: 'WAITING' } });
    }
    for (const source of ['{ approvals { edges { node { id } } } }', `{ approval(id: "${approval.id}") { id } }`])
      expect(await refusalOf(house, null, source)).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(await refusalOf(house, null, DECIDE, inputOf(approval, true))).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(await house.database.approval.findUniqueOrThrow({ where: { id: approval.id } })).toMatchObject({ status: 'pending' });
  });

  it.each([
    [{ approvalId: 'run_1' }, 'BAD_INPUT', 'input.approvalId'],
    [{ approvalId: newId('appr') }, 'NOT_FOUND', undefined],
    [{ argumentsHash: 'wrong' }, 'CONFLICT', 'input.argumentsHash'],
    [{ note: ' ' }, 'BAD_INPUT', 'input.note'],
    [{ note: 'x'.repeat(1_001) }, 'BAD_INPUT', 'input.note'],
  ])('refuses %#', async (over, code, field) => {
    const { input } = inputOf(asked.approval, true);
    expect(await refusalOf(house, await person('lead'), DECIDE, { input: { ...input, ...over } })).toEqual({ code, field });
  });
});

describe('the streams', () => {
  /** Names and fields of the next items that are about approvals. */
  async function read(answers: Answers, count: number): Promise<unknown[]> {
    const items: unknown[] = [];
    for await (const { data, errors } of answers) {
      expect(errors).toBeUndefined();
      const [item] = Object.values(Object(JSON.parse(JSON.stringify(data))));
      if (Object(item).__typename.startsWith('Approval')) items.push(item);
      if (items.length === count) return items;
    }
    throw new Error('the stream ended');
  }

  it('of the conversation, the run and the desk tell the staff', async () => {
    const context = contextOf(house, STAFF, AbortSignal.timeout(20_000));
    const desk = await open(context, `subscription { escalationEvents { ${ITEMS} } }`);
    await desk.next();
    const { approval, runId, conversationId } = await waiting();
    const conversation = await open(context, `subscription($id: ID!) { conversationEvents(id: $id) { ${ITEMS} } }`, { id: conversationId });
    await conversation.next();
    const run = await open(context, `subscription($id: ID!) { runEvents(id: $id) { ${ITEMS} } }`, { id: runId });
    const lead = await person('lead');
    await ask(house, lead, DECIDE, inputOf(approval, true));
    const requested = { __typename: 'ApprovalRequested', runId, approval: { id: approval.id } };
    const decided = { __typename: 'ApprovalDecided', runId, outcome: 'APPROVED', by: `user:${lead.userId}` };
    const whole = { ...decided, approval: { id: approval.id, decisions: [{ approve: true, by: { name: lead.name } }] } };
    expect(await read(desk, 2)).toMatchObject([requested, whole]);
    expect(await read(run, 2)).toMatchObject([requested, whole]);
    expect(await read(conversation, 1)).toMatchObject([whole]);
  });

  it('of a conversation and a run tell its customer and its partner nothing of it', async () => {
    const { approval, viewer, partner, runId, conversationId } = await waiting();
    const readers = [viewer, partner].map((who) => contextOf(house, who, AbortSignal.timeout(20_000)));
    const conversations = await Promise.all(
      readers.map((context) => open(context, `subscription($id: ID!) { conversationEvents(id: $id) { ${ITEMS} } }`, { id: conversationId })),
    );
    await ask(house, await person('lead'), DECIDE, inputOf(approval, false));
    await house.runs.stop(viewer, runId);
    for (const context of readers) {
      const names: unknown[] = [];
      for await (const { data } of await open(context, `subscription($id: ID!) { runEvents(id: $id) { ${ITEMS} } }`, { id: runId }))
        names.push(Object(data?.['runEvents']).__typename);
      expect(names).toEqual(['StreamReady', 'MessagePosted', 'RunQueued', 'RunStopped']);
      await expect(open(context, `subscription { escalationEvents { ${ITEMS} } }`)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    }
    for (const answers of conversations) {
      const names: unknown[] = [];
      for await (const { data } of answers) {
        const [item] = Object.values(Object(data));
        names.push(Object(item).__typename);
        if (names.at(-1) === 'RunStopped') break;
      }
      expect(names).toEqual(['StreamReady', 'RunStopped']);
    }
  });
});
