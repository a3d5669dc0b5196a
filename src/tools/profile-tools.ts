/** `find_profile` and `update_profile`: the fields of the customer's own account. A new address counts only once it was confirmed from there. */
import { z } from 'zod';
import { PROFILE_FIELDS, type ProfileDesk } from '../desk/profile.ts';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import { defineTool } from './define-tool.ts';
import { isAboutProfile } from './topics-account.ts';
import { maskEmail, sentences, writeList } from './words.ts';

const value = (what: string) => z.string().trim().min(1).max(254).optional().describe(what);
const Change = z.strictObject({
  name: value('The new name, as the customer wrote it.'),
  company: value('The new name of the company, as the customer wrote it.'),
  industry: value('The industry.'),
  country: value('The country as a two-letter ISO 3166 code.'),
  timezone: value('The time zone as an IANA name such as Europe/Berlin.'),
  language: value('The language as a BCP 47 tag such as de.'),
  email: value('The new e-mail address, as the customer wrote it. It is written to for confirmation first.'),
});
const Grant = z.strictObject({ fields: z.array(z.enum(PROFILE_FIELDS)).min(1) });

export function findProfile(database: Database): AnyTool {
  return defineTool<Record<string, never>, Record<string, never>>({
    name: 'find_profile',
    description:
      "Looks up the customer's profile: name, address (masked), company, industry, country, time zone, language, date format. Use it before changing any of them.",
    input: z.strictObject({}),
    grant: z.strictObject({}),
    effect: 'read',
    infer: ({ text }) => (isAboutProfile(text) ? {} : null),
    async run(_input, _grant, { customerId }) {
      const { workspace, ...customer } = await database.customer.findUniqueOrThrow({ where: { id: customerId }, include: { workspace: true } });
      const { name, company, industry, country, timezone, language } = customer;
      return {
        summary: sentences(
          `Your profile says: ${name}, ${maskEmail(customer.email)}${company ? `, ${company}` : ''}${industry ? ` (${industry})` : ''}, country ${country}, time zone ${timezone}, language ${language}.`,
          workspace &&
            `Dates are written as ${workspace.dateFormat}, and weeks start on ${workspace.weekStartsOn.slice(0, 1).toUpperCase()}${workspace.weekStartsOn.slice(1)}.`,
        ),
        facts: {
          name,
          email: maskEmail(customer.email),
          company,
          industry,
          country,
          timezone,
          language,
          dateFormat: workspace?.dateFormat ?? null,
          weekStartsOn: workspace?.weekStartsOn ?? null,
        },
      };
    },
  });
}

export function updateProfile(profiles: ProfileDesk): AnyTool {
  return defineTool<z.infer<typeof Change>, z.infer<typeof Grant>>({
    name: 'update_profile',
    description:
      "Changes fields of the customer's own profile. A new e-mail address only starts a confirmation by mail. Use it when the customer said what the field should be.",
    input: Change,
    grant: Grant,
    effect: 'write',
    redact: ['name', 'company', 'email'],
    infer: () => null,
    async run(input, grant, context) {
      const { customer, confirming } = await profiles.update(context, input, grant);
      const changed = PROFILE_FIELDS.filter((field) => field !== 'email' && input[field] !== undefined);
      return {
        summary: sentences(
          changed.length > 0 && `Changed: ${writeList(changed.map((field) => `${NAMES[field]} is ${String(field === 'email' ? '' : customer[field])} now`))}.`,
          confirming !== null &&
            `A message to confirm the new address is on its way to ${maskEmail(confirming)}; until its link is opened the old address stays in force, which gets a notice too.`,
        ),
        facts: { changed, confirming: confirming === null ? null : maskEmail(confirming) },
      };
    },
  });
}

const NAMES = {
  name: 'your name',
  company: 'the company',
  industry: 'the industry',
  country: 'the country',
  timezone: 'the time zone',
  language: 'the language',
  email: 'the address',
} as const;
