/** Whom a new conversation is about: named by id, by e-mail, or the caller. Sees no further than the caller may. */
import { badInput, notFound } from '../foundation/errors.ts';
import { newId } from '../foundation/ids.ts';
import type { Database } from '../store/database.ts';
import type { Viewer } from '../store/viewer.ts';
import { customersVisibleTo } from './access.ts';
import type { StartConversation } from './desk.ts';
import { isUniqueViolation } from './idempotency.ts';
import { requireNamingByAddress } from './personal-data.ts';

/** The customer the conversation is about; one known only by e-mail is created within the viewer's own customers. */
export async function findOrCreateCustomer(database: Database, viewer: Viewer, input: StartConversation): Promise<string> {
  if (viewer.kind === 'customer' && !input.customerId && !input.customerEmail) return viewer.customerId;
  if (input.customerId) {
    const found = await database.customer.findFirst({ where: { AND: [{ id: input.customerId }, customersVisibleTo(viewer)] } });
    if (!found) throw notFound('customer');
    return found.id;
  }
  if (!input.customerEmail) throw badInput('input.customerId', 'say who it is about: customerId or customerEmail.');
  requireNamingByAddress(viewer);
  const email = input.customerEmail.trim().toLowerCase();
  if (!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email) || email.length > 254) throw badInput('input.customerEmail', 'is not an e-mail address.');
  const partnerId = viewer.kind === 'partner' ? viewer.partnerId : null;
  const where = { AND: [{ email: { equals: email, mode: 'insensitive' as const } }, customersVisibleTo(viewer), viewer.kind === 'staff' ? { partnerId } : {}] };
  const found = await database.customer.findFirst({ where });
  if (found) return found.id;
  if (viewer.kind === 'customer') throw notFound('customer');
  try {
    return (await database.customer.create({ data: { id: newId('cus'), email, name: email.split('@', 1)[0] ?? email, partnerId } })).id;
  } catch (error) {
    const winner = isUniqueViolation(error) ? await database.customer.findFirst({ where }) : null;
    if (winner) return winner.id;
    throw error;
  }
}
