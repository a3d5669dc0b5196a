/** `find_sso`: whether the plan has single sign-on, how it is set up, and until when its certificate holds. Sets nothing up. */
import { z } from 'zod';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import { Plan } from '../store/generated/prisma/enums.ts';
import { wholeDays } from '../store/period.ts';
import { readPolicy } from '../store/policy.ts';
import { defineTool } from './define-tool.ts';
import { isAboutSso } from './topics-account.ts';
import { capitalise, sentences, writeCount, writeDate, writeList } from './words.ts';

export function findSso(database: Database): AnyTool {
  return defineTool<Record<string, never>, Record<string, never>>({
    name: 'find_sso',
    description:
      "Looks up single sign-on of the customer's workspace: whether the plan has it, the identity provider, whether it is required, SCIM, and until when the certificate holds. Use it for every question about SSO, SAML or provisioning.",
    input: z.strictObject({}),
    grant: z.strictObject({}),
    effect: 'read',
    infer: ({ text }) => (isAboutSso(text) ? {} : null),
    async run(_input, _grant, { customerId, now }) {
      const [policy, customer, set, contacts] = await Promise.all([
        readPolicy(database),
        database.customer.findUniqueOrThrow({ where: { id: customerId }, select: { plan: true } }),
        database.workspaceSetting.findUnique({ where: { customerId } }),
        database.contact.groupBy({ by: ['signInMethod'], where: { customerId }, _count: true }),
      ]);
      const plans = Object.values(Plan).filter((plan) => policy.plans[plan].sso);
      const included = policy.plans[customer.plan].sso;
      const until = set?.ssoCertificateUntil ?? null;
      const facts = {
        plan: customer.plan,
        included,
        plansWithSso: plans,
        provider: set?.ssoProvider ?? null,
        enforced: set?.ssoEnforced ?? false,
        scim: set?.scim ?? false,
        certificateUntil: until?.toISOString() ?? null,
        contactsWithSso: contacts.find((group) => group.signInMethod === 'sso')?._count ?? 0,
      };
      if (!included)
        return {
          summary: sentences(
            `Single sign-on with SAML is not part of your ${capitalise(customer.plan)} plan; it comes with ${writeList(plans.map(capitalise))}.`,
            'On your plan everybody can sign in with a password or with Google.',
          ),
          facts,
        };
      if (!set?.ssoProvider) return { summary: `Your ${capitalise(customer.plan)} plan includes single sign-on, but it is not set up yet.`, facts };
      return {
        summary: sentences(
          `Your workspace uses single sign-on with ${set.ssoProvider}; it is ${set.ssoEnforced ? 'required for everybody but owners' : 'offered, but not required'}.`,
          until && certificateOf(until, policy.security.certificateWarnDays, now),
          `SCIM provisioning is ${set.scim ? 'on' : 'off'}.`,
        ),
        facts,
      };
    },
  });
}

function certificateOf(until: Date, warnDays: number, now: Date): string {
  if (until < now) return `The certificate ran out on ${writeDate(until)}, so sign-ins through the provider fail until the new one is pasted in.`;
  const left = wholeDays(now, until);
  const when = `The certificate holds until ${writeDate(until)}`;
  return left > warnDays ? `${when}.` : `${when}, ${writeCount(left, 'day')} from now: paste the new one in before.`;
}
