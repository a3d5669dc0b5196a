/** `explain_roles`: what each role of a workspace may and may not do, from the policy. Says nothing about who has which role. */
import { z } from 'zod';
import type { AnyTool } from '../orchestration/tool.ts';
import type { Database } from '../store/database.ts';
import { MemberRole } from '../store/generated/prisma/enums.ts';
import { readPolicy } from '../store/policy.ts';
import type { Policy } from '../store/policy-schema.ts';
import { defineTool } from './define-tool.ts';
import { plain } from './reading.ts';
import { isAboutRoles } from './topics-account.ts';
import { capitalise, paragraphs, sentences, writeBullets, writeList } from './words.ts';

const ROLES = ['owner', 'admin', 'member', 'viewer', 'guest'] as const;
const Input = z.strictObject({ roles: z.array(z.enum(MemberRole)).max(5).optional().describe('Only these roles; all of them when left out.') });
type Input = z.infer<typeof Input>;

export function explainRoles(database: Database): AnyTool {
  return defineTool<Input, Record<string, never>>({
    name: 'explain_roles',
    description:
      'Says what owners, admins, members, viewers and guests of a workspace may and may not do, and which roles take a seat. Use it for questions about roles and permissions, and for "you do not have permission".',
    input: Input,
    grant: z.strictObject({}),
    effect: 'read',
    infer: ({ text }) => (isAboutRoles(text) ? inferInput(text) : null),
    async run({ roles }) {
      const policy = await readPolicy(database);
      const wanted = ROLES.filter((role) => roles === undefined || roles.length === 0 || roles.includes(role));
      const [only, ...others] = wanted;
      const summary = only && others.length === 0 ? oneRole(only, policy) : paragraphs(writeBullets(wanted.map((role) => oneRole(role, policy))));
      return { summary, facts: Object.fromEntries(wanted.map((role) => [role, policy.roles[role]])) };
    },
  });
}

function inferInput(text: string): Input {
  const said = plain(text);
  const named = ROLES.filter((role) => new RegExp(`\\b${role}s?\\b`).test(said));
  return named.length === 0 ? {} : { roles: named };
}

function oneRole(role: MemberRole, { roles }: Policy): string {
  const { may, mayNot, takesSeat } = roles[role];
  return sentences(
    `${capitalise(role)}s may ${writeList(may)}.`,
    mayNot.length > 0 && `They may not ${mayNot.join(', ').replace(/, ([^,]*)$/, ' or $1')}.`,
    takesSeat ? null : 'They take no seat.',
  );
}
