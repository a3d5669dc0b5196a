/** The business's numbers as a new database starts with them. Tools compute with the rows; no prose repeats them. */
import type { Policy, PolicyKey } from './policy-schema.ts';

type Defaults = { readonly [Key in PolicyKey]: { readonly value: Policy[Key]; readonly description: string } };

/** What a new database starts with. A changed row keeps its value over restarts. */
export const POLICY_DEFAULTS: Defaults = {
  plans: {
    description: 'Each plan: price of a seat per month, limits (null: none), conversations a day, minutes to a first reply and to a resolution.',
    value: {
      free: {
        seatPriceCents: 0,
        byContract: false,
        projectsMax: 3,
        membersMax: 5,
        storageMb: 100,
        api: false,
        apiRequestsPerMinute: 0,
        analytics: false,
        prioritySupport: false,
        sso: false,
        conversationsPerDay: 10,
        firstReplyMinutes: 72 * 60,
        resolutionMinutes: null,
      },
      basic: {
        seatPriceCents: 10_00,
        byContract: false,
        projectsMax: null,
        membersMax: 25,
        storageMb: 10 * 1_024,
        api: false,
        apiRequestsPerMinute: 0,
        analytics: false,
        prioritySupport: false,
        sso: false,
        conversationsPerDay: 100,
        firstReplyMinutes: 8 * 60,
        resolutionMinutes: 48 * 60,
      },
      premium: {
        seatPriceCents: 25_00,
        byContract: false,
        projectsMax: null,
        membersMax: null,
        storageMb: 100 * 1_024,
        api: true,
        apiRequestsPerMinute: 600,
        analytics: true,
        prioritySupport: true,
        sso: false,
        conversationsPerDay: null,
        firstReplyMinutes: 2 * 60,
        resolutionMinutes: 24 * 60,
      },
      enterprise: {
        seatPriceCents: 50_00,
        byContract: true,
        projectsMax: null,
        membersMax: null,
        storageMb: null,
        api: true,
        apiRequestsPerMinute: 3_000,
        analytics: true,
        prioritySupport: true,
        sso: true,
        conversationsPerDay: null,
        firstReplyMinutes: 30,
        resolutionMinutes: 4 * 60,
      },
    },
  },
  volumeDiscounts: {
    description: 'Percent off the list price from this many seats; the highest step reached applies.',
    value: [
      { seats: 10, percent: 10 },
      { seats: 50, percent: 15 },
      { seats: 100, percent: 20 },
    ],
  },
  annualPercent: { description: 'Percent off for paying a year at once.', value: 20 },
  discountPercentMax: { description: 'The most that volume and annual discounts add up to, in percent.', value: 35 },
  programmes: {
    description: 'Percent off with proof on file; the best one applies and does not add to other discounts. Startups: founded within this many days.',
    value: { nonprofit: 50, student: 50, startup: 30, startupDaysMax: 730 },
  },
  discretionaryPercentMax: {
    description: 'The most each level may take off by choice, in percent; above the last: refused.',
    value: { agent: 5, manager: 15, director: 25, vp: 35 },
  },
  retention: {
    description: 'The offer on a downgrade for price: percent, for how many months, at most once in how many months.',
    value: { percent: 20, months: 6, everyMonths: 12 },
  },
  discretionaryTerm: {
    description: 'For how many months a discount by choice holds, and at most once in how many months.',
    value: { months: 12, everyMonths: 12 },
  },
  refundArrival: {
    description: 'Business days until refunded money is on the card or account, from and to; the bank decides.',
    value: { businessDaysMin: 5, businessDaysMax: 10 },
  },
  invoiceDueDays: { description: 'Days after its issue on which an invoice of a plan change is due.', value: 14 },
  proration: {
    description: 'A plan or seat change costs the new price for the days left minus the unused part of what was paid; below zero becomes a credit.',
    value: { rounding: 'half-even', belowZero: 'credit' },
  },
  refund: {
    description:
      'Days after a payment, once per account in this many months; what an agent (after the customer agreed), a support lead and a customer-success manager may pay out. Above: an executive.',
    value: { days: 30, accountMonths: 12, agentMaxCents: 500_00, leadMaxCents: 1_000_00, managerMaxCents: 5_000_00 },
  },
  priority: {
    description:
      'Points that make the priority of an escalation, the points each level starts at and its minutes to a first reply; warn at this percent of the time.',
    value: {
      planPoints: { free: 0, basic: 1, premium: 2, enterprise: 3 },
      sentimentBelow: -0.5,
      sentimentPoints: 2,
      yearlyValueOverCents: 10_000_00,
      yearlyValuePoints: 1,
      critical: { points: 7, firstReplyMinutes: 60 },
      high: { points: 5, firstReplyMinutes: 4 * 60 },
      medium: { points: 3, firstReplyMinutes: 24 * 60 },
      low: { points: 0, firstReplyMinutes: 72 * 60 },
      warnPercent: 80,
    },
  },
  escalation: {
    description:
      'When a person takes over: confidence or sentiment below these, more turns than this without progress, a valuable account with a complex question.',
    value: {
      confidenceBelow: 0.4,
      sentimentBelow: -0.7,
      turnsMax: 5,
      monthlyValueFromCents: 5_000_00,
      complexityFrom: 7,
      executiveMonthlyValueOverCents: 10_000_00,
    },
  },
  escalationQueue: {
    description:
      'Minutes after which an escalation goes back to the queue because whoever holds it leaves a waiting customer without a word; how many of the latest claims the expected wait is estimated from.',
    value: { silenceMinutes: 15, estimateFrom: 20 },
  },
  contract: {
    description: 'Who may sign a contract: discount in percent and value (null: without a limit). Total value from which a person decides.',
    value: {
      representative: { percent: 10, amountCents: 50_000_00 },
      manager: { percent: 20, amountCents: 250_000_00 },
      director: { percent: 30, amountCents: 1_000_000_00 },
      vp: { percent: 40, amountCents: null },
      personFromCents: 100_000_00,
    },
  },
  approvals: {
    description:
      'Hours an approval stands by its risk, and the percent of them after which people are reminded; the risk of what each level decides; from which level on two people have to approve (money that leaves: refunds from the customer-success manager on); what a person may decide whose row does not say.',
    value: {
      holdHours: { low: 72, medium: 24, high: 8, critical: 4 },
      warnPercent: 80,
      riskOfLevel: { agent: 'low', lead: 'low', manager: 'medium', director: 'high', vp: 'high', executive: 'critical' },
      twoPeopleFrom: { discount: null, refund: 'manager', contract: null },
      levelOfRole: { readonly: 'agent', user: 'agent', admin: 'lead', super_admin: 'executive' },
    },
  },
  dispute: {
    description: 'A dispute goes to a person from this sum or from this many by one customer.',
    value: { personFromCents: 5_000_00, personFromCount: 3 },
  },
  erasureDelayDays: { description: 'Days between the request to delete an account and its deletion; invoices stay by law.', value: 30 },
  businessHours: {
    description: "Days of the week (0 is Sunday) and hours in the desk's time zone. Critical escalations and enterprise: always.",
    value: { days: [1, 2, 3, 4, 5], startHour: 8, endHour: 18 },
  },
  hopsMax: { description: 'The most hand-overs between agents in one turn; never twice to the same.', value: 5 },
  teams: {
    description:
      'From which complexity of a message (1 to 10) several agents look at it before it is answered, how many at the most, and the seconds and tokens they may use for it.',
    value: { complexityFrom: 8, agentsMax: 4, seconds: 60, tokensMax: 60_000 },
  },
  answerCheck: {
    description:
      'Answers that are checked before the customer reads them: by what they put at risk, by which agents, in how many drafts at the most, and the seconds and tokens the check may use. What does not pass goes to a person.',
    value: { riskAreas: ['refunds', 'security', 'legal'], verifiers: ['policy_checker', 'fact_checker'], drafts: 2, seconds: 45, tokensMax: 60_000 },
  },
  signIn: {
    description: 'Failed tries that lock an account, minutes it stays locked, minutes a reset link is valid.',
    value: { failuresMax: 5, lockMinutes: 30, resetLinkMinutes: 60 },
  },
  webhook: { description: 'Attempts to deliver a webhook and the hours they are spread over.', value: { attemptsMax: 8, retryHours: 24 } },
  webhookDelivery: {
    description: 'Seconds an endpoint has to answer; days without a success after which it is switched off; days a delivery is kept and can be sent again.',
    value: { timeoutSeconds: 10, disabledAfterDays: 3, keptDays: 7 },
  },
  sync: { description: 'Minutes without a synchronisation after which a connection counts as behind.', value: { staleMinutes: 60 } },
  browsers: { description: 'The oldest version of each browser that works.', value: { chrome: 90, firefox: 88, safari: 14, edge: 90 } },
  performance: {
    description:
      'Sizes from which a workspace gets slow: tasks in one view, projects, megabytes of files, automations a month; seconds a project may take to open.',
    value: { tasksInViewMax: 2_000, projectsFrom: 25, storageMbFrom: 5 * 1_024, automationsFrom: 2_000, loadSeconds: 2 },
  },
  apiKeys: {
    description: 'Days before its end at which an API key is called expiring; days without a call after which it is called unused.',
    value: { expiringDays: 14, unusedDays: 90 },
  },
  knownIssueShownDays: { description: 'Days for which a fault that was fixed is still named when a report fits it.', value: 30 },
  trashDays: { description: 'Days for which what was deleted lies in the trash and can be restored.', value: 30 },
  auditLogDays: {
    description: 'Days that the audit log of a workspace reaches back, by plan.',
    value: { free: 30, basic: 30, premium: 90, enterprise: 365 },
  },
  invitationDays: { description: 'Days for which the link of an invitation works; sending it again starts them anew.', value: 7 },
  roles: {
    description: 'What each role of a workspace may and may not do, in words to a customer, and whether it takes a seat.',
    value: {
      owner: {
        takesSeat: true,
        may: ['do everything an admin may', 'change the plan', 'make or unmake admins', 'transfer the ownership', 'delete the workspace'],
        mayNot: [],
      },
      admin: {
        takesSeat: true,
        may: ['invite and remove people', 'change settings, security and billing', 'see and edit all projects that are not private'],
        mayNot: ['make or unmake other admins', 'delete the workspace', 'open private projects they were not added to'],
      },
      member: {
        takesSeat: true,
        may: ['create projects', 'edit the projects they can see', 'comment, upload files and track time'],
        mayNot: ['invite or remove people', 'change settings or billing', 'open private projects they were not added to'],
      },
      viewer: {
        takesSeat: true,
        may: ['read all projects that are not private', 'export what they can read'],
        mayNot: ['create, edit or delete anything', 'comment', 'change settings'],
      },
      guest: {
        takesSeat: false,
        may: ['work in the projects they were invited to, as editor, commenter or viewer'],
        mayNot: ['see any other project or the list of members', 'create projects', 'change settings'],
      },
    },
  },
  security: {
    description:
      'Bounds of what a workspace may set: minutes until a session ends, characters of a password, entries of the allow-list and the plans that have one; days before an SSO certificate ends in which to warn.',
    value: {
      timeoutMinutesMin: 15,
      timeoutMinutesMax: 43_200,
      passwordLengthMin: 12,
      passwordLengthMax: 64,
      allowListMax: 50,
      allowListPlans: ['enterprise'],
      certificateWarnDays: 30,
    },
  },
  exports: {
    description: 'Days for which the link of an export works, and how many exports of a workspace may be made at once.',
    value: { linkDays: 7, atOnce: 1 },
  },
  dataRequests: {
    description: 'Time to answer a privacy request by law (months for the GDPR, days for CCPA and HIPAA), and our own days for a compliance document.',
    value: { gdprMonths: 1, ccpaDays: 45, hipaaDays: 30, documentDays: 10 },
  },
  featurePlans: {
    description: 'The smallest plan that contains each feature.',
    value: {
      views: 'free',
      subtasks: 'free',
      recurring_tasks: 'free',
      docs: 'free',
      custom_fields: 'free',
      templates: 'free',
      timeline: 'free',
      dependencies: 'free',
      bulk_edit: 'free',
      time_tracking: 'free',
      forms: 'free',
      guests: 'free',
      dashboards: 'free',
      integrations: 'free',
      automations: 'free',
      goals: 'free',
      portfolio_dashboards: 'premium',
      api: 'premium',
    },
  },
  projectExport: {
    description: 'Tasks of one project up to which an export comes at once; more of them come as a link by mail.',
    value: { tasksAtOnce: 10_000 },
  },
  imports: {
    description: 'Rows and megabytes one file may have, days in which an import can be undone; minutes to prepare and, for a thousand entries, to run.',
    value: { rowsMax: 10_000, fileMbMax: 20, undoDays: 7, prepareMinutes: 15, fileMinutesPerThousand: 1, directMinutesPerThousand: 4 },
  },
  guestsCountOn: { description: 'Plans on which guests count towards the limit of members.', value: ['free'] },
  workflowReview: {
    description:
      'From how much use in a month a way of working is looked at, what is expected of it, and the minutes one task, project, member (a month) or export costs by hand: estimates of time saved are made from these.',
    value: {
      tasksFrom: 60,
      projectsFrom: 8,
      membersFrom: 5,
      exportsFrom: 4,
      automationsPerHundredTasks: 50,
      activePercentMin: 70,
      recurringPercent: 10,
      requestPercent: 10,
      minutesPerTask: 2,
      minutesPerProject: 30,
      minutesPerMember: 20,
      minutesPerExport: 15,
    },
  },
  keptAfterDeletion: {
    description: 'What is kept after an account was deleted: invoices by tax law in years, audit entries in days, support conversations in years.',
    value: { invoiceYears: 7, auditDays: 90, conversationYears: 1 },
  },
  linkHosts: { description: 'Hosts that an answer to a customer may link to; those below them too.', value: ['loomwork.example'] },
};
