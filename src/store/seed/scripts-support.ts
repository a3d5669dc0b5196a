/** Past conversations about what went wrong: signing in, slow pages, imports, emails, and one that a person had to take over. */
import { answer, ask, talk, title, type Facts, type Script } from './script.ts';

export const LOGIN_SCRIPTS: readonly Script[] = [forgottenPassword, lockedOut, lostPhone, singleSignOn];
export const BUG_SCRIPTS: readonly Script[] = [boardSlow, importStopped, noEmails, handedToPerson];

function forgottenPassword(facts: Facts) {
  const { random, policy } = facts;
  return talk(
    'login_specialist',
    ask(facts, random.pick(['I forgot my password.', 'How can I reset my password?', 'I cannot sign in any more, I think my password is wrong.'])),
    answer(
      facts,
      `Choose "Forgot password" on https://app.loomwork.example and enter your email address. The link we send is valid for ${policy.signIn.resetLinkMinutes} minutes.`,
    ),
    ...random.pick([
      [
        'The email is not there.',
        'Please check that it is the address you were invited with. Company mail filters sometimes hold such messages back for a few minutes.',
      ],
      [
        'No mail so far, also not in spam.',
        'Then the address may be another one than your account has: ask an admin to look it up under Settings > Members, and request the link for that address.',
      ],
      ['The link says it has expired.', 'Then please request a fresh one and open it right away: each new link makes the earlier ones invalid.'],
    ]),
  );
}

function lockedOut(facts: Facts) {
  const { random, policy } = facts;
  const { failuresMax, lockMinutes } = policy.signIn;
  return talk(
    'login_specialist',
    ask(
      facts,
      random.pick([
        'My account is locked!',
        'It says too many attempts. How do I get back in?',
        'A colleague is locked out of Loomwork, can you unlock the account?',
      ]),
    ),
    answer(
      facts,
      `An account locks for ${lockMinutes} minutes after ${failuresMax} failed tries. After that time signing in works again, and a password reset is the safest way to avoid the next lock.`,
    ),
    ...random.pick([
      ['Can you lift it now?', 'For safety the lock is not shortened. If it is urgent, a colleague can take over the task in the meantime.'],
      [
        'Is somebody attacking the account?',
        'Mostly it is an old password saved in a browser or phone. If nobody of your team tried to sign in, change the password and turn on two-factor under Settings > Security.',
      ],
    ]),
  );
}

function lostPhone(facts: Facts) {
  const { random } = facts;
  return talk(
    'login_specialist',
    ask(facts, random.pick(['I have a new phone and two-factor does not work any more.', 'Lost my phone, so I cannot get the code to sign in.'])),
    answer(
      facts,
      'Use one of the recovery codes you saved when you turned two-factor on. Once you are in, set it up again for the new phone under Settings > Security.',
    ),
    ...random.pick([
      [
        'I do not have the codes.',
        'Then an admin of your team has to confirm that it is you; two-factor can be switched off for your account and set up again. Nobody at support can skip that step.',
      ],
      ['Where would those codes be?', 'They were shown once, as a list to print or save; many people keep them in a password manager.'],
    ]),
  );
}

function singleSignOn(facts: Facts) {
  const { random, plan, policy } = facts;
  const here = policy.plans[plan].sso;
  return talk(
    'login_specialist',
    ask(
      facts,
      random.pick([
        'Do you support SSO with our identity provider?',
        'Can our people sign in with SAML?',
        'We want single sign-on for everyone. What is needed?',
      ]),
    ),
    answer(
      facts,
      here
        ? 'Yes, SSO with SAML is part of your Enterprise plan. An admin enters the metadata of your identity provider, and members then sign in there. SCIM can create and remove members for you.'
        : `SSO with SAML belongs to the Enterprise plan; you are on ${title(plan)}. Signing in with Google and two-factor under Settings > Security are available to you today.`,
    ),
  );
}

function boardSlow(facts: Facts) {
  const { random } = facts;
  const view = random.pick(['board', 'timeline', 'calendar', 'dashboard']);
  return talk(
    'technical_agent',
    ask(
      facts,
      random.pick([
        `The ${view} takes ages to load since this morning.`,
        `Our ${view} is extremely slow.`,
        `The ${view} stays blank in Chrome, other pages work.`,
      ]),
    ),
    answer(facts, 'Let us narrow it down. Does it happen in a private window without extensions as well, and for one project or for all?'),
    ...random.pick([
      [
        'In a private window it is fine.',
        'Then an extension or an old cache is the cause. Clear the data of app.loomwork.example in the browser and switch the extensions on one by one.',
      ],
      [
        'Only in our biggest project, about two thousand tasks.',
        'Thanks, that helps. A filter on open tasks makes large projects much lighter, and archived tasks are no longer loaded at all.',
      ],
      [
        'For everybody here, all projects.',
        'Then please look at https://status.loomwork.example first, and try another network: a company proxy that inspects traffic can hold pages back.',
      ],
    ]),
    random.pick(['That did it, thank you!', 'Much better now.']),
    random.pick(['Great to hear. Have a good day!', 'Glad it works again.']),
  );
}

function importStopped(facts: Facts) {
  const { random } = facts;
  const source = random.pick(['CSV', 'Jira', 'Trello', 'Asana']);
  const row = random.int(40, 900);
  return talk(
    'technical_agent',
    ask(
      facts,
      random.pick([
        `Our ${source} import stops halfway.`,
        `Importing from ${source} fails with an error in row ${row}.`,
        `The ${source} import finished but tasks are missing.`,
      ]),
    ),
    answer(
      facts,
      `What does the import report say? It names each row it could not read, most often a date in another format or a person who is not a member yet.`,
    ),
    ...random.pick([
      [`It says "unknown assignee" in row ${row}.`, 'Invite that person under Settings > Members or clear the field, then import the rows that were left out.'],
      [
        'The due dates are written day first.',
        'That is the reason. Write the dates as year-month-day, for example 2025-04-30, and import the rows that were left out.',
      ],
      ['About thirty rows with people who left us.', 'Clear the assignee of these rows or name somebody who is a member today, and import them once more.'],
    ]),
  );
}

function noEmails(facts: Facts) {
  const { random } = facts;
  return talk(
    'technical_agent',
    ask(facts, random.pick(['Nobody gets notification emails since yesterday.', 'I do not receive mails when somebody mentions me.'])),
    answer(
      facts,
      'Does it concern everyone or only you? For one person it is usually the notification settings; for everyone it is nearly always the mail filter of the company.',
    ),
    ...random.pick([
      ['Only me.', 'Please open your notification settings and check that mentions are set to email. A mute on the project also stops them.'],
      [
        'Everyone at our company.',
        'Then please ask your mail administrator to allow messages from loomwork.example. Held messages are usually released together.',
      ],
      [
        'Seems to be just two of us.',
        'Please compare the notification settings of the two with those of a colleague who does get the emails; a mute on the project is the usual difference.',
      ],
    ]),
  );
}

function handedToPerson(facts: Facts) {
  const { random, plan } = facts;
  if (plan === 'free') return null;
  const number = random.int(200, 900);
  return [
    ...talk(
      'technical_agent',
      ask(
        facts,
        random.pick([
          `The export of our main project ends with error ${number} every time.`,
          `Dashboard numbers are wrong: ${number} tasks are missing from the chart.`,
          'Time entries of last week disappeared from the report.',
        ]),
      ),
      answer(facts, 'That should not happen, and the usual steps do not apply here. Could you tell me which project it is and when you saw it first?'),
      random.pick(['The main client project, since Monday. I want to talk to a person, please.', 'All projects, since yesterday. Can a human look at this?']),
      'Of course. I am handing this conversation to our support team with everything you wrote; you do not need to repeat it.',
    ),
    {
      by: 'person',
      text: `Hi ${facts.givenName}, Sam here. I could see the fault on our side: a background job had stopped for your workspace. It is running again and has caught up. Please reload and tell me if anything is still missing.`,
    } as const,
    { by: 'customer', text: random.pick(['Everything is back. Thank you, Sam!', 'Looks right again, thanks for the quick help.']) } as const,
  ];
}
