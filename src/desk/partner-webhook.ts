/**
 * Webhooks of partners and of the business itself, as verbs: made, changed, deleted, and single deliveries sent again. A secret is
 * shown when it is made and never again. Tells and sends nothing: partner-webhook-notes.ts and deliver-partner-webhooks.ts do.
 */
import type { Clock } from '../foundation/clock.ts';
import { AppError, badInput, notFound } from '../foundation/errors.ts';
import { newId } from '../foundation/ids.ts';
import type { Database } from '../store/database.ts';
import type { PartnerDelivery, PartnerWebhook, Prisma } from '../store/generated/prisma/client.ts';
import { viewerKey, type Viewer } from '../store/viewer.ts';
import { auditEntry } from './audit.ts';
import { hostOf, NotOutside, readOutsideUrl, resolveOutside, type OutsideRules, type Resolve } from './outside-address.ts';
import { deliveriesVisibleTo, requireWebhooks, webhooksVisibleTo } from './partner-webhook-access.ts';
import { PARTNER_EVENT_TYPES, type WebhookEventType } from './partner-webhook-events.ts';
import { RETRIED_MS } from './partner-webhook-notes.ts';
import { newWebhookSecret, type SecretSeal } from './partner-webhook-secret.ts';

export interface WebhookFields {
  readonly url: string;
  readonly eventTypes: readonly WebhookEventType[];
  readonly description?: string | null | undefined;
  readonly contactEmail?: string | null | undefined;
}

export interface WebhookChange extends Partial<WebhookFields> {
  readonly webhookId: string;
  readonly enabled?: boolean | null | undefined;
  readonly rotateSecret?: boolean | null | undefined;
  /** Hours for which the old secret signs beside the new one; 24 when left out. */
  readonly oldSecretHours?: number | null | undefined;
}

export interface PartnerWebhookDesk {
  /** @param input.partnerId For the staff: whose it is; null or left out is the business itself. Partners make their own. */
  create(viewer: Viewer, input: WebhookFields & { readonly partnerId?: string | null | undefined }): Promise<{ webhook: PartnerWebhook; secret: string }>;
  /** What is left out stays. `secret` is the new one when it was changed, else null. */
  update(viewer: Viewer, input: WebhookChange): Promise<{ webhook: PartnerWebhook; secret: string | null }>;
  remove(viewer: Viewer, input: { readonly webhookId: string }): Promise<{ webhookId: string }>;
  /** Sends it again under its id, now and for another day; one that is still on its way goes on as it is, only sooner. */
  replay(viewer: Viewer, input: { readonly deliveryId: string }): Promise<{ delivery: PartnerDelivery }>;
}

export interface PartnerWebhookDeskDeps {
  readonly database: Database;
  readonly clock: Clock;
  /** Null when there is no key to seal secrets with: then there are no webhooks. */
  readonly seal: SecretSeal | null;
  readonly rules: OutsideRules;
  readonly resolve?: Resolve | undefined;
  /** What is cached of webhooks is no longer true. */
  readonly onChange: () => void;
  /** Something is due. */
  readonly onDue: () => void;
}

export const WEBHOOKS_PER_PARTNER = 20;
const OLD_SECRET_HOURS = 24;
const OLD_SECRET_HOURS_MAX = 168;
const HOUR_MS = 3_600_000;
const FOR_PARTNERS: ReadonlySet<string> = new Set(PARTNER_EVENT_TYPES);

export function createPartnerWebhookDesk(deps: PartnerWebhookDeskDeps): PartnerWebhookDesk {
  const { database, clock } = deps;

  return Object.freeze<PartnerWebhookDesk>({
    async create(viewer, input) {
      const operator = requireWebhooks(viewer, 'write');
      const seal = requireSeal(deps.seal);
      const partnerId = await readPartner(database, operator, input.partnerId ?? null);
      const eventTypes = readTypes(input.eventTypes, partnerId);
      const url = await readUrl(deps, input.url);
      const [id, secret, now] = [newId('hook'), newWebhookSecret(), clock.now()];
      const webhook = await database.$transaction(async (tx) => {
        // One after the other, so that two at once do not both take the last place.
        await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`webhooks:${partnerId ?? ''}`}, 0))`;
        const count = await tx.partnerWebhook.count({ where: { partnerId } });
        if (count >= WEBHOOKS_PER_PARTNER) throw new AppError('QUOTA_REACHED', `There may be ${WEBHOOKS_PER_PARTNER} webhooks: delete one first.`);
        const { description = null, contactEmail = null } = input;
        const times = { createdAt: now, updatedAt: now };
        const createdBy = viewerKey(viewer);
        const data = { id, partnerId, url, eventTypes, description, contactEmail, secret: seal.seal(id, secret), createdBy, ...times };
        await tx.auditEntry.create({ data: auditEntry(viewer, 'webhook.create', 'webhook', id, { partnerId, url, eventTypes }, now) });
        return tx.partnerWebhook.create({ data });
      });
      deps.onChange();
      return { webhook, secret };
    },

    async update(viewer, input) {
      requireWebhooks(viewer, 'write');
      const { webhookId: id } = input;
      const seal = input.rotateSecret ? requireSeal(deps.seal) : null;
      const before = await visibleWebhook(database, viewer, id);
      const now = clock.now();
      const secret = seal ? newWebhookSecret() : null;
      const data: Prisma.PartnerWebhookUpdateInput = {
        ...(input.url === undefined ? {} : { url: await readUrl(deps, input.url) }),
        ...(input.eventTypes === undefined ? {} : { eventTypes: readTypes(input.eventTypes, before.partnerId) }),
        ...(input.description === undefined ? {} : { description: input.description }),
        ...(input.contactEmail === undefined ? {} : { contactEmail: input.contactEmail }),
        ...switchedTo(input.enabled, before),
        ...(seal && secret ? rotated(before, seal.seal(id, secret), input.oldSecretHours ?? OLD_SECRET_HOURS, now) : {}),
      };
      const changed = Object.keys(data).filter((name) => !/secret/i.test(name));
      const webhook = await database.$transaction(async (tx) => {
        // Rotated twice at once, one of the two secrets shown would be neither the new nor the old one.
        const { count } = await tx.partnerWebhook.updateMany({ where: { id, secret: before.secret }, data: { ...data, updatedAt: now } });
        if (count === 0) throw new AppError('CONFLICT', 'Somebody else has just changed the secret of this webhook: read it again.', { retryable: true });
        if (changed.length > 0) await tx.auditEntry.create({ data: auditEntry(viewer, 'webhook.update', 'webhook', id, { fields: changed }, now) });
        if (secret) await tx.auditEntry.create({ data: auditEntry(viewer, 'webhook.rotate_secret', 'webhook', id, {}, now) });
        return tx.partnerWebhook.findUniqueOrThrow({ where: { id } });
      });
      deps.onChange();
      deps.onDue();
      return { webhook, secret };
    },

    async remove(viewer, { webhookId }) {
      requireWebhooks(viewer, 'delete');
      const { url, partnerId } = await visibleWebhook(database, viewer, webhookId);
      await database.$transaction([
        database.partnerWebhook.deleteMany({ where: { id: webhookId } }),
        database.auditEntry.create({ data: auditEntry(viewer, 'webhook.delete', 'webhook', webhookId, { partnerId, url }, clock.now()) }),
      ]);
      deps.onChange();
      return { webhookId };
    },

    async replay(viewer, { deliveryId: id }) {
      requireWebhooks(viewer, 'write');
      const found = await database.partnerDelivery.findFirst({ where: { AND: [{ id }, deliveriesVisibleTo(viewer)] }, include: { webhook: true } });
      if (!found) throw notFound('delivery');
      if (found.webhook.status === 'disabled') throw new AppError('CONFLICT', 'This webhook is disabled: enable it with `updateWebhook` first.');
      const now = clock.now();
      await database.$transaction(async (tx) => {
        // One that is being sent at this moment is left to whoever sends it.
        const { count } = await tx.partnerDelivery.updateMany({
          where: { id, status: { not: 'noted' }, OR: [{ leaseUntil: null }, { leaseUntil: { lte: now } }] },
          data: { status: 'pending', attempts: 0, nextAttemptAt: now, expiresAt: new Date(now.getTime() + RETRIED_MS), leaseUntil: null },
        });
        if (count > 0) await tx.auditEntry.create({ data: auditEntry(viewer, 'webhook.replay', 'delivery', id, { webhookId: found.webhookId }, now) });
      });
      deps.onDue();
      return { delivery: await database.partnerDelivery.findUniqueOrThrow({ where: { id } }) };
    },
  });
}

function requireSeal(seal: SecretSeal | null): SecretSeal {
  if (seal) return seal;
  throw new AppError('UNAVAILABLE', 'There are no webhooks here: WEBHOOK_ENCRYPTION_KEY is not set.', { retryable: false });
}

async function readPartner(database: Database, operator: ReturnType<typeof requireWebhooks>, asked: string | null): Promise<string | null> {
  if (operator.kind === 'partner') {
    if (asked !== null && asked !== operator.partnerId) throw notFound('partner');
    return operator.partnerId;
  }
  if (asked !== null && (await database.partner.findUnique({ where: { id: asked }, select: { id: true } })) === null) throw notFound('partner');
  return asked;
}

function readTypes(eventTypes: readonly WebhookEventType[], partnerId: string | null): WebhookEventType[] {
  if (eventTypes.length === 0) throw badInput('input.eventTypes', 'must name at least one.');
  const [deskOnly] = partnerId === null ? [] : eventTypes.filter((type) => !FOR_PARTNERS.has(type));
  if (deskOnly) throw badInput('input.eventTypes', `${deskOnly} is only told to webhooks of the business itself.`);
  return [...new Set(eventTypes)];
}

async function readUrl({ rules, resolve }: PartnerWebhookDeskDeps, text: string): Promise<string> {
  try {
    const url = readOutsideUrl(text, rules);
    await resolveOutside(hostOf(url), rules, resolve);
    return url.href;
  } catch (error) {
    if (error instanceof NotOutside) throw badInput('input.url', error.message);
    throw error;
  }
}

async function visibleWebhook(database: Database, viewer: Viewer, id: string): Promise<PartnerWebhook> {
  const found = await database.partnerWebhook.findFirst({ where: { AND: [{ id }, webhooksVisibleTo(viewer)] } });
  if (!found) throw notFound('webhook');
  return found;
}

/** Switched on again it begins with a clean slate; what happened in the meantime was not noted for it. */
function switchedTo(enabled: boolean | null | undefined, { status }: PartnerWebhook): Prisma.PartnerWebhookUpdateInput {
  if (enabled == null || enabled === (status === 'enabled')) return {};
  return enabled ? { status: 'enabled', disabledReason: null, failingSince: null } : { status: 'disabled', disabledReason: 'switched_off' };
}

function rotated({ secret }: PartnerWebhook, sealed: string, oldHours: number, now: Date): Prisma.PartnerWebhookUpdateInput {
  if (oldHours < 0 || oldHours > OLD_SECRET_HOURS_MAX) throw badInput('input.oldSecretHours', `must be 0 to ${OLD_SECRET_HOURS_MAX}.`);
  // With 0 the old one is worth nothing from this moment on: it was found out.
  return { secret: sealed, oldSecret: oldHours === 0 ? null : secret, oldSecretUntil: oldHours === 0 ? null : new Date(now.getTime() + oldHours * HOUR_MS) };
}
