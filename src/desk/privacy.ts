/**
 * What privacy law and plain portability give a customer: exports of their data, and requests with the day they must be answered by.
 * Makes no file and answers no request: the product and the people behind the desk do.
 */
import { newId } from '../foundation/ids.ts';
import type { DataRequest, DataRequestKind, ExportKind, ExportRequest } from '../store/generated/prisma/client.ts';
import { addDays, addMonths } from '../store/period.ts';
import { readPolicy } from '../store/policy.ts';
import type { Policy } from '../store/policy-schema.ts';
import { badInput } from '../foundation/errors.ts';
import { actOnce, refused, refuseForPeople, type ActScope, type AgentActDeps, type AgentCall } from './agent-act.ts';
import { asksForAll, assertAsked } from './asked-for.ts';
import { enqueueOutgoing } from './outbox.ts';
import { personMeant } from './person-meant.ts';
import { wordsOf } from './word-pattern.ts';

export const EXPORT_FORMATS = ['json', 'csv', 'xml', 'pdf'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** Which kinds can be written in which format. */
export const FORMATS_OF: Readonly<Record<ExportKind, readonly ExportFormat[]>> = {
  full: ['json', 'csv', 'xml'],
  personal: ['json', 'csv', 'xml', 'pdf'],
  projects: ['json', 'csv', 'xml', 'pdf'],
  tasks: ['json', 'csv', 'xml', 'pdf'],
  audit_log: ['json', 'csv'],
};

export const LAWS = ['gdpr', 'ccpa', 'hipaa', 'soc2', 'iso27001'] as const;
export type Law = (typeof LAWS)[number];

export interface PrivacyDesk {
  /** The file's link goes to the address on file of the primary contact, or of the person the customer named. */
  requestExport(
    call: AgentCall,
    wish: { readonly kind: ExportKind; readonly format: ExportFormat; readonly person?: string | undefined },
    grant: { readonly kinds: readonly ExportKind[] },
  ): Promise<ExportRequest>;
  /** The open request of the same kind under the same law when there is one. */
  openRequest(
    call: AgentCall,
    wish: { readonly kind: DataRequestKind; readonly law: Law; readonly details: string },
    grant: { readonly kinds: readonly DataRequestKind[] },
  ): Promise<DataRequest>;
}

export function createPrivacyDesk(deps: AgentActDeps): PrivacyDesk {
  const { database } = deps;
  return Object.freeze<PrivacyDesk>({
    async requestExport(call, { kind, format, person }, grant) {
      if (!FORMATS_OF[kind].includes(format)) throw badInput('input.format', `must be one of ${FORMATS_OF[kind].join(', ')} for this kind of export.`);
      const asked = await assertAsked(database, call, 'request_export');
      if (kind === 'full' && !asksForAll(asked) && !WHOLE.test(asked.said))
        throw refused('The customer has not asked for the whole workspace. Ask what should be exported.');
      if (!grant.kinds.includes(kind))
        return refuseForPeople(
          deps,
          call,
          `Export: ${kind}`,
          `An export of this kind (${kind.replace('_', ' ')}) is started by an owner or admin of the workspace.`,
        );
      const { exports } = await readPolicy(database);
      const id = await actOnce(deps, call, 'export.request', async (scope) => {
        const running = await scope.tx.exportRequest.count({ where: { customerId: call.customerId, status: { in: ['requested', 'running'] } } });
        if (running >= exports.atOnce) throw refused('An export of this workspace is being made already. The next one can start when it is done.');
        const contact = await recipientOf(scope, call, person);
        const row = { id: newId('exp'), customerId: call.customerId, kind, format, requestedBy: contact.email, recipient: contact.email, createdAt: scope.now };
        await scope.tx.exportRequest.create({ data: row });
        const payload = { exportId: row.id, kind, format, recipient: contact.email, linkDays: exports.linkDays };
        await order(scope, call, 'export', payload);
        return { subjectId: row.id, subjectKind: 'export_request', changes: { fields: ['kind', 'format', 'recipient'] } };
      });
      return database.exportRequest.findUniqueOrThrow({ where: { id } });
    },

    async openRequest(call, { kind, law, details }, grant) {
      const { said } = await assertAsked(database, call, 'open_data_request');
      if (!REQUEST_WORDS[kind].test(said)) throw refused(`The customer has not asked for a request of this kind (${kind}). Ask what they want.`);
      if (!grant.kinds.includes(kind))
        return refuseForPeople(deps, call, `Privacy request: ${kind}`, `A request of this kind (${kind}) is taken by our privacy team.`);
      const policy = await readPolicy(database);
      const id = await actOnce(deps, call, 'data_request.open', async (scope) => {
        const { tx, now } = scope;
        const open = await tx.dataRequest.findFirst({ where: { customerId: call.customerId, kind, law, status: { in: ['requested', 'running'] } } });
        if (open) return { subjectId: open.id, subjectKind: 'data_request', changes: { fields: [] } };
        const contact = await recipientOf(scope, call, undefined);
        const dueAt = dueDay(policy, kind, law, now);
        const row = { id: newId('dreq'), customerId: call.customerId, kind, law, details: details.trim(), createdAt: now, dueAt };
        await tx.dataRequest.create({ data: row });
        const { customerId, conversationId } = call;
        const payload = { requestId: row.id, kind, law, dueAt: dueAt.toISOString() };
        await enqueueOutgoing(tx, { kind: 'email', customerId, conversationId, subject: 'data_request_received', recipient: contact.email, payload }, now);
        return { subjectId: row.id, subjectKind: 'data_request', changes: { fields: ['kind', 'law', 'details', 'dueAt'] } };
      });
      return database.dataRequest.findUniqueOrThrow({ where: { id } });
    },
  });
}

/** "Our data" is all of it, though nobody says so. */
const WHOLE = wordsOf('account; workspace; data; daten; konto; datos; cuenta; données; compte; dados; conta');

const RIGHT = 'right*; recht*; anspruch; derecho*; droit*; direito*; gdpr; dsgvo; rgpd; lgpd; ccpa; cpra';
const REQUEST_WORDS: Readonly<Record<DataRequestKind, RegExp>> = {
  access: wordsOf(
    `access; hold; have; know; stor*; about me; about us; everything; copy; data; auskunft; daten; acceso; datos; accès; données; acesso; dados; ${RIGHT}`,
  ),
  portability: wordsOf(`portab*; transfer*; move; export*; copy; data; übertrag*; ${RIGHT}`),
  rectification: wordsOf('rectif*; correct*; wrong; fix; chang*; updat*; berichtig*; korrig*; falsch*; corrig*; corre[cç]*'),
  restriction: wordsOf('restrict*; limit*; stop; pause; einschränk*; restring*; restreindre; restri*'),
  objection: wordsOf(`object*; opt out; stop; no longer; marketing; sell*; widersp*; opon*; oppos*; opo[nr]*; ${RIGHT}`),
  agreement: wordsOf('agreement*; dpa; baa; avv; contract*; sign*; vertrag*; auftragsverarbeitung*; acuerdo*; contrat*; accord*; acordo*; processing'),
  report: wordsOf(
    'report*; certificat*; soc ?2; soc ii; iso*; audit*; pentest*; penetration; questionnaire*; bericht*; zertifi*; informe*; certific*; rapport*; relatório*; evidence; proof',
  ),
};

/** The last day to answer: by law for a person's right, by our own promise for a document. */
export function dueDay({ dataRequests }: Pick<Policy, 'dataRequests'>, kind: DataRequestKind, law: Law, from: Date): Date {
  if (kind === 'agreement' || kind === 'report') return addDays(from, dataRequests.documentDays);
  switch (law) {
    case 'gdpr':
      return addMonths(from, dataRequests.gdprMonths);
    case 'ccpa':
      return addDays(from, dataRequests.ccpaDays);
    case 'hipaa':
      return addDays(from, dataRequests.hipaaDays);
    case 'soc2':
    case 'iso27001':
      return addDays(from, dataRequests.documentDays);
  }
}

async function recipientOf({ tx, customer }: ActScope, call: AgentCall, person: string | undefined) {
  const contacts = await tx.contact.findMany({ where: { customerId: customer.id }, orderBy: [{ primary: 'desc' }, { createdAt: 'asc' }] });
  const contact = person === undefined ? contacts[0] : personMeant(contacts, person, call);
  if (!contact) throw refused('There is no mail address on file to send it to.');
  return contact;
}

async function order(
  { tx, now }: ActScope,
  { customerId, conversationId }: AgentCall,
  subject: string,
  payload: { readonly [key: string]: string | number },
): Promise<void> {
  await enqueueOutgoing(tx, { kind: 'product', customerId, conversationId, subject, payload }, now);
}
