/**
 * What a customer's words are about, decided by patterns on word boundaries: which tools a turn without a language model calls.
 * A pattern that misses costs one fact in an answer; one that is too wide puts facts nobody asked for in front of a customer, so
 * when in doubt these say no. Every pattern is linear in the text.
 */
import { plain, readCycle, readPlans, readSeats } from './reading.ts';

const PAYING = String.raw`\b(?:payments?|cards?|charges?|transactions?|debits?|visa|mastercard|amex|renewals?|subscriptions?|invoices?|bank|billing)\b`;
const FAILING = String.raw`\b(?:declin\w*|fail(?:s|ed|ing|ures?)?|reject(?:s|ed|ing|ion)?|refused|bounced|blocked|unsuccessful|past due|(?:did|does|do|would|will|has|have|could|can|is|was|were)(?:n't| not) (?:be )?(?:go|gone|going|work|working|pass|passed|accepted|processed|charged|completed?|authori[sz]ed)|can't (?:be )?(?:go|work|processed|charged)|won't (?:go|work|process|be accepted|take|accept)|not (?:going|go|gone|went|working|accepted|accepting)|keeps? (?:failing|getting|being))\b`;
/** Words between a payment and a failure that give the failure to something else. */
const ELSEWHERE = /\b(?:import|upload|export|log(?:in|ging)?|sign|sync|webhook|api|request|page|screen|button|load|automation|download|attachment)/;
const FAILED_PAYMENT = [new RegExp(`${PAYING}([^.!?]{0,60}?)${FAILING}`), new RegExp(`${FAILING}([^.!?]{0,24}?)${PAYING}`)];

const OTHER_FAILURES = [
  /\b(?:not|n't|never|refuses?|refused|rejects?|declines?|declined) (?:to )?(?:accept(?:ed|ing|s)? |take |charge |process )?(?:my|our|your|the|any of my|this) (?:\w+ )?(?:cards?|payments?)\b/,
  /\b(?:says?|said|was|is|got|gets|being|keeps?|always|shows?|why) (?:\w+ )?declined\b|^declined\b/,
  /\bcards? (?:\w+ ){0,6}(?:none|neither|nothing) (?:\w+ ){0,3}(?:goes|go|went|works?|worked)\b/,
  /\b(?:errors?|fails?|failed|trouble|hangs?) (?:while|when|whenever|during|at) (?:i (?:try to )?|trying to )?(?:pay(?:ing|ment)?|checkout|check out)\b|\bpay(?:ing)? (?:is )?impossible\b/,
  /\b(?:retry|try|run|repeat|attempt) (?:\w+ )?(?:the |my |our )?(?:payment|charge|charging|to charge)\b/,
  /\b(?:debit|transfer|collection)\b[^.!?]{0,30}\b(?:returned|came back|bounced|did not work|failed|not showing|reversed)\b/,
  /\b(?:could|can|did) ?(?:not|n't) (?:be )?(?:charged?|collect(?:ed)?)\b/,
  /\b(?:cvc|cvv|security code|card details|card number)\b[^.!?]{0,20}\b(?:not|n't|refused|rejected|wrong|invalid)\b/,
  /\b(?:verify|confirm|authenticate|approve)\b[^.!?]{0,20}\bpayment\b[^.!?]{0,60}\b(?:but|never|closes|nothing|fail\w*|not|n't)\b/,
  /\b(?:past due|payments? (?:is |was )?overdue|non-payment|dunning|payment reminders?|card (?:has )?ran out)\b/,
];

/** A payment that did not go through. */
export function isAboutFailedPayment(text: string): boolean {
  const said = plain(text);
  if (readFailureWord(text) !== undefined) return true;
  // Boards have cards too.
  if (/\b(?:board|kanban|column|drag\w*|mov(?:e|es|ing)|task|trello) (?:\w+ )?cards?\b|\bcards? (?:view|jumps?|title|cover)/.test(said)) return false;
  if (OTHER_FAILURES.some((pattern) => pattern.test(said))) return true;
  if (
    /\b(?:can't|cannot|unable to|couldn't|can not|won't let (?:me|us)|trouble|problems?|issues?|difficulty|errors?) (?:to )?(?:with )?(?:(?:my|our|the|a) )?(?:pay(?:ing|ments?)?|(?:credit |debit )?cards?)\b(?! (?:view|board))/.test(
      said,
    )
  )
    return true;
  if (/\b(?:payment|card|billing) (?:problem|issue|error|trouble|failure)s?\b/.test(said)) return true;
  return FAILED_PAYMENT.some((pattern) => {
    const match = pattern.exec(said);
    return match !== null && !ELSEWHERE.test(match[1] ?? '');
  });
}

/** The processor's word that the customer quotes or paraphrases. */
export function readFailureWord(text: string): string | undefined {
  const quoted = plain(text);
  // "Card declined" is what people call every failure; only the processor's own spelling means this one.
  if (/\bcard_declined\b/.test(quoted)) return 'card_declined';
  const said = quoted.replaceAll('_', ' ');
  return FAILURE_WORDS.find(([, pattern]) => pattern.test(said))?.[0];
}

const FAILURE_WORDS: readonly (readonly [string, RegExp])[] = [
  ['insufficient_funds', /\b(?:insufficient|not enough|no) (?:funds|money|balance) (?!back)?/],
  ['insufficient_funds', /\b(?:insufficient|not enough) (?:funds|balance)\b/],
  ['expired_card', /\b(?:expired (?:credit |debit |bank )?card|card (?:has |is |was |had |just )?(?:already )?expired)\b/],
  [
    'authentication_required',
    /\b(?:(?:payment|card|bank|3d|3-d|3ds|strong customer) authentication|authentication required|3-?d[ -]?s(?:ecure)?2?|(?:bank|card) (?:asks|wants|needs|requires) .{0,20}(?:confirm|approv|authenticat)\w*)\b/,
  ],
  ['fraud_suspected', /\b(?:fraud suspected|(?:suspected|flagged .{0,20}|suspicion of|marked as|because of|for) fraud)\b/],
  ['incorrect_cvc', /\b(?:(?:incorrect|wrong|invalid) (?:cvc|cvv|security code)|(?:cvc|cvv|security code) (?:is |was )?(?:incorrect|wrong|invalid))\b/],
  [
    'incorrect_zip',
    /\b(?:(?:incorrect|wrong|invalid) (?:zip|postcode|postal code)|(?:zip|postcode|postal code) (?:is |was )?(?:incorrect|wrong|invalid|does ?n[o']t match))\b/,
  ],
  ['lost_or_stolen_card', /\b(?:(?:lost|stolen) (?:or stolen )?card|card (?:was |is |has been |got )?(?:lost|stolen))\b/],
  ['do_not_honor', /\bdo not honou?r\b/],
  ['processing_error', /\bprocessing error\b/],
];

/** Money back, a charge made twice, the guarantee. */
export function isAboutRefund(text: string): boolean {
  const said = plain(text);
  if (/\b(?:don't|do not|didn't|not) (?:want|need|ask(?:ing)? for) (?:a |any )?refund/.test(said)) return false;
  if (isAboutDuplicate(text) || wantsMoneyBack(said)) return true;
  return /\b(?:compensat\w*|refund\w*|money[ -]back|reimburs\w*|chargeback|(?:30|thirty)[ -]days? (?:\w+ )?guarantee|(?:get|give|want|need|have|return|send|bring) (?:me |us )?(?:back )?(?:all |some of )?(?:my|our|the) (?:money|payment)\b(?: back)?|(?:money|cash|payment) (?:back|returned)|reverse (?:the|this|that|my|our) (?:charge|payment|transaction))/.test(
    said,
  );
}

/** "Back" with money in the same breath; what was deleted is wanted back too, but that is restoring. */
function wantsMoneyBack(said: string): boolean {
  if (
    /\b(?:deleted?|restor\w*|archiv\w*|tasks?|files?|projects?|boards?|access|trash|version|go(?:ing)? back|come back|back to|back up|backup|feedback|was returned|by (?:the|my|our) bank)\b/.test(
      said,
    )
  )
    return false;
  const back =
    /\b(?:get|gets|give|gives|giving|gave|want|wants|wanted|pay|paid|paying|send|sent|expect|transfer\w*|credit)\b[^.!?]{0,40}\bback\b|\b(?:return|returned|revers(?:e|ed)|revert|undo|paid out)\b/;
  return (
    back.test(said) &&
    /\b(?:money|pay|paid|paying|payment|amount|cents?|dollars?|charged?|debited|billed|bought|purchase|funds?|bank|surplus|subscription|how much)\b/.test(said)
  );
}

/** One thing charged twice. */
export function isAboutDuplicate(text: string): boolean {
  const said = plain(text);
  return [
    /\b(?:charged?|billed?|debited|debits|collected|payments?|paid|pay|took|taken|taking)\b[^.!?]{0,40}\b(?:twice|two times|2 times|2x|double|three times|more than once|a second time|again although)\b/,
    /\b(?:twice|double|two times)[ -](?:charged?|billed|billing|charges|paid|payment|debited)\b/,
    /\b(?:duplicated?|double|two identical|two of the same|second identical|2 identical) (?:charges?|payments?|transactions?|billing|debits?)\b/,
    /\b(?:two|2) (?:\w+ )?(?:charges|payments|transactions|debits)\b[^.!?]{0,40}\b(?:same|identical|instead of one|one month)\b/,
    /\b(?:charge|payment)\b[^.!?]{0,20}\bappears twice\b/,
  ].some((pattern) => pattern.test(said));
}

/** Documents of billing. */
export function isAboutInvoices(text: string): boolean {
  const said = plain(text);
  if (/\binvoic(?:e|ing) (?:template|software|app|tool|integration|feature)/.test(said)) return false;
  return (
    /\b(?:invoices?|receipts?|billing (?:history|documents?|statements?)|(?:my|our|the|a|last|latest|month's|monthly|your|this|unpaid|open) (?:\w+ )?bills?|bill (?:for|from)|bill (?:number|no)|(?:old|paper|printed|every|one) bill|proof of (?:payment|purchase)|vat (?:document|invoice)|(?:yearly|annual|year[ -]end|account|payment|billing|monthly) (?:statement|overview)|statement of (?:everything|all|what)|pdfs? of (?:what|the|my|our|all))\b/.test(
      said,
    ) || /\b(?:inv|lw)-?[a-z0-9-]*\d{2}/.test(said)
  );
}

/** What was paid or charged, looking back. */
export function isAboutPayments(text: string): boolean {
  const said = plain(text);
  if (isAboutFailedPayment(text) && !/\b(?:list|show|history|failed payments|all (?:my|our|the) payments)\b/.test(said)) return false;
  if (/\bpayment (?:methods?|options?|terms?|details|information|info)\b/.test(said) && !/\b(?:charged|paid)\b/.test(said)) return false;
  return (
    isAboutDuplicate(text) ||
    /\b(?:(?:my|our|last|latest|recent|previous|past|all|a|this|the|two|unknown|strange) (?:\w+ )?(?:payments?|charges|charge|transactions?|debits?)\b(?! (?:my|a|the|our|more|me)\b)|payment history|payments? (?:go|went|gone|come|came|been|arrive|received|is pending)|transactions? history|(?:was|were|been|being|got|get) (?:\w+ )?(?:charged|billed|debited)|(?:charged|billed|debited) (?:me|us|my|our)|(?:did|have|has) (?:i|we|you) (?:already |just |even )?(?:pay|paid|charge|charged|bill|billed)|(?:i|we) (?:already |just |have )?paid|(?:you|loomwork) (?:take|took|taken|collected?|deducted?)|strange amount|credit card statement|bank statement)\b/.test(
      said,
    )
  );
}

/** Getting in: passwords, locks, second factors. */
export function isAboutSignIn(text: string): boolean {
  const said = plain(text);
  if (/\b(?:api|webhook|endpoint|token|oauth|curl)\b/.test(said) && !/\b(?:password|two-factor|2fa|locked out)\b/.test(said)) return false;
  return [
    /\b(?:log|sign)(?:ged|ging|ned|ing)?[ -]?(?:in|on)(?:to)?\b(?! (?:page design|form builder))/,
    /\b(?:login|logins|signin|log-in|sign-in)\b/,
    /\b(?:keeps? |keep |was |been |got |am |be |being )?(?:logged|signed|logging|signing|kicked|kicks) (?:me |us )?out\b/,
    /\b(?:forgot(?:ten)?|lost|reset(?:ting)?|change|changing|wrong|incorrect|new|remember|my|invalid)\b[^.!?]{0,24}\bpass(?:word|code|wort)s?\b/,
    /\bpass(?:word|code)s?\b[^.!?]{0,30}\b(?:reset|forgot\w*|lost|wrong|incorrect|not|doesn't|isn't|expired|link|mail|email)\b/,
    /\b(?:locked out|lock(?:ed)? (?:me|us) out|account (?:is |was |got |has been |seems |says it's )?(?:temporarily )?locked|(?:locked|unlock|unlocking) (?:of )?(?:my|our|the|his|her|their) account|locked account|too many (?:failed )?(?:attempts|tries|log))\b/,
    /\b(?:reset|magic|invitation) (?:mail|e-?mail|link)s?\b/,
    /\b(?:let|lets|letting) (?:me|us|him|her|them) in\b|\b(?:get|got|getting) (?:back )?in(?:to)? (?:mine|my|our|his|her|since|any ?more|again|at all)\b|\bshut out of\b/,
    /\b(?:users?|colleague|person|member|admin)\b[^.!?]{0,24}\b(?:is|was|got|are) locked\b|\b(?:the|a|this) lock last/,
    /\b(?:invalid|wrong) credentials\b|\b(?:account|user) not found\b|\bno user with this\b|\b(?:e-?mail|mail|address)\b[^.!?]{0,20}\b(?:i|we) (?:registered|signed up) with\b/,
    /\b(?:six|6)[ -]digit codes?\b|\b2[ -]step\b|\bsession (?:\w+ )?(?:expired?|expires)\b|\bstay signed\b|\bdevice is signed\b/,
    /\baccounts?\b[^.!?]{0,20}\b(?:hacked|compromised|stolen|taken over)\b|\b(?:someone|somebody|stranger)\b[^.!?]{0,24}\b(?:got into|using|in) (?:my|our) account\b/,
    /\b(?:2fa|mfa|two[ -]factor|2[ -]factor|two[ -]step|authenticator|verification codes?|one[ -]time (?:code|password)|otp|backup codes?|recovery codes?)\b/,
    /\b(?:can't|cannot|can not|unable to|couldn't|won't let me|not able to) (?:get (?:back )?in(?:to)?|access|enter|open) (?:my |our |the )?(?:account|workspace|loomwork|dashboard)?(?:$|[ .!?,])/,
    /\b(?:sso|saml|single sign)\b[^.!?]{0,40}\b(?:not|fail\w*|error|problem|loop|doesn't|can't|broken|stopped)\b/,
  ].some(
    (pattern) =>
      pattern.test(said) &&
      !/\b(?:can't|cannot|unable to) (?:access|open|enter) (?!my account|our account|the account|account|loomwork|my workspace|our workspace|the workspace)/.test(
        said,
      ),
  );
}

/** Limits and how much of them is used. */
export function isAboutUsage(text: string): boolean {
  const said = plain(text);
  if (/\brate[ -]?limit|\b429\b|\btoo many requests\b/.test(said)) return false;
  // What a plan allows is compare_plans' to say; here it is what this customer uses.
  if (asksForPlanLimits(text)) return false;
  return [
    /\b(?:usage|storage|quotas?|disk space|allowance)\b/,
    /\b(?:plan|account|member|user|project|seat|upload|space|api|workspace|monthly|our|my|the|any|your|reached|hit|hitting|over|exceed\w*|near|close to)(?:'s)? (?:\w+ )?limits?\b/,
    /\blimits? (?:of|on|for) (?:my|our|the|projects|members|users|seats|storage)\b/,
    /\b(?:how much|how many|number of|enough|out of|no more|more)\b[^.!?]{0,20}\b(?:space|gb|mb|gigabytes|projects|members|api calls|automations|tasks)\b[^.!?]{0,40}\b(?:left|used?|have|has|remain\w*|create|add|allowed|can|do|get|include\w*)\b/,
    /\b(?:running|run|ran) out of (?:\w+ )?(?:space|room|seats|projects|members)\b/,
    /\b(?:can't|cannot|unable to|won't let (?:me|us)|not able to) (?:add|create|invite|upload) (?:any )?(?:more|another|new|a new|an additional)\b/,
    /\b(?:reached|hit|exceeded|maxed)\b[^.!?]{0,30}\b(?:maximum|max|cap|limit|out)\b/,
    /\bmaximum number of (?:projects|members|users|seats|people)\b/,
  ].some((pattern) => pattern.test(said));
}

/** "How many projects are there on the free plan?": a limit of a plan by name, not of the account. */
function asksForPlanLimits(text: string): boolean {
  const said = plain(text);
  if (/\b(?:my|our|we've|i've|left|reached|hit)\b/.test(said)) return false;
  return (
    (readPlans(text).length > 0 || /\b(?:each|every|all|any) plans?\b/.test(said)) &&
    /\b(?:how many|how much (?:storage|space)|limits?|maximum|allowed|come with)\b/.test(said)
  );
}

/** What something would cost. */
export function isAboutPrice(text: string): boolean {
  const said = plain(text);
  if (/\b(?:how much|price|cost)\b[^.!?]{0,20}\b(?:did|was i|were we|have i|have we|do i owe|storage|space|time|usage|left)\b/.test(said)) return false;
  return (
    /\b(?:pric(?:e|es|ed|ing)|costs?|costing|quotes?|quotation|estimate|per (?:seat|user)|comes? to|total for|what would (?:that|it|this) be|discounts?|cheaper|cheapest|expensive|afford|rates?(?! limit| us| this|d)|fees?|budget|save (?:money|by|if|with)|savings?|how much (?:is|are|would|will|does|do|for|to|more|extra|if|should|can|could)|what (?:would|will|do|does|should) (?:\w+ ){1,3}(?:pay|cost|be charged))\b|\bhow much ?[?!.]*$/.test(
      said,
    ) || namesAnOrder(text)
  );
}

/** A few words that name a plan with seats or a cycle ("premium yearly for 12 people") ask what that costs. */
function namesAnOrder(text: string): boolean {
  if (plain(text).split(' ').length > 8 || isAboutOwnPlan(text)) return false;
  return readPlans(text).length > 0 && (readSeats(text).seats !== undefined || readCycle(text) !== undefined);
}

/** Plans beside each other, or what one contains. */
export function isAboutPlans(text: string): boolean {
  const said = plain(text);
  if (readPlans(text).length >= 2 || asksForPlanLimits(text)) return true;
  return [
    /\bcompar(?:e|es|ing|ison)\b[^.!?]{0,40}\b(?:plans?|tiers?|packages|editions|subscriptions?)\b/,
    /\b(?:plans?|tiers?|packages)\b[^.!?]{0,24}\b(?:compar\w+|differ\w*|overview|do you (?:have|offer)|are there|available|on offer|exist|options)\b/,
    /\b(?:differences?|different|differ)\b[^.!?]{0,30}\b(?:plans?|tiers?|packages)\b/,
    /\b(?:which|what) (?:\w+ )?(?:plans|tiers|packages|plan (?:is|would|should|fits|suits|includes|has|do i need|do we need|do you recommend))\b(?! (?:my|our|am|are we|do i have))/,
    /\b(?:which|what|best|right) (?:plan|tier|package) (?:for|would|should|do you|fits|suits|includes|has|comes|gives)\b/,
    /\b(?:includes?|included|come|comes|get|gets|offer|offers|features?)\b[^.!?]{0,30}\b(?:premium|basic|enterprise|free plan)\b/,
    /\b(?:premium|basic|enterprise|free plan)\b[^.!?]{0,24}\b(?:includes?|included|come with|comes with|offers?|features?)\b/,
    /\b(?:your|all the|loomwork) plans\b|^plans[?!. ]*$/,
  ].some((pattern) => pattern.test(said));
}

/** The customer's own subscription: plan, seats, renewal, trial, cancellation. */
export function isAboutOwnPlan(text: string): boolean {
  const said = plain(text);
  return /\b(?:(?:my|our) (?:current )?(?:\w+ )?(?:plan|subscription|tier|package|trial|seats|renewal|licen[cs]es?)|current (?:plan|subscription)|(?:next|upcoming) (?:billing|payment|charge|renewal|bill)(?: date)?|(?:auto-?)?renew(?:s|al|ed|ing)?|billing (?:date|cycle|period)|trial (?:end|expire|period|over|version)\w*|(?:am i|are we|do i|do we) (?:currently )?(?:on|pay|paying|still)|(?:i'm|i am|we're|we are) (?:currently )?on (?:the |a )?(?:free|basic|premium|enterprise)|(?:i|we) have (?:the )?(?:free|basic|premium|enterprise)|(?:what|which) (?:plan|tier) (?:am|are|do i|do we|is my|is our)|how many seats|number of (?:seats|licen[cs]es)|(?:still )?paying for (?:the|a|\w+) seats?|(?:cancel|pause|end|stop|freeze|terminate|quit|transfer)\b[^.!?]{0,24}\b(?:subscription|plan|paying|contract|account)|(?:the|our) (?:subscription|contract)|(?:plan|contract|subscription) (?:ends?|runs out|expires)|(?:pay monthly at|bill us (?:monthly|yearly|annually|once a year))|from (?:monthly|yearly|annual)(?: \w+)? to|back to monthly|trial turn|cancel(?:l?ed|l?ing|lation)?\b[^.!?]{0,24}\b(?:plan|subscription|account|renewal|loomwork)|(?:add|remove|more|extra|additional|fewer|unused|free up) (?:\w+ )?(?:seats?|licen[cs]es?)|(?:upgrad|downgrad)(?:e|es|ed|ing)|switch(?:ing)? (?:\w+ ){0,2}(?:plan|annual|yearly|monthly))\b/.test(
    said,
  );
}

/** The account itself: its state, what is on file, what is owed. */
export function isAboutAccount(text: string): boolean {
  const said = plain(text);
  return /\b(?:(?:my|our|the) account (?:status|details|info|information|overview|summary|standing|health|manager|data|record)|(?:status|state|overview|summary|details|standing|health) of (?:my|our|the) account|account (?:is |was |has been |got |been )?(?:suspended|closed|deactivated|restricted|past due|on hold)|(?:is|are) (?:my|our) account (?:still |currently )?(?:active|ok|okay|fine|in good standing|open|suspended|closed)|what (?:do you|information do you|data do you) (?:know|have) (?:about|on) (?:me|us|my|our)|on file for (?:me|us|my|our)|(?:do|does) (?:i|we|my company|our company) (?:still |currently )?owe|(?:outstanding|open|unpaid|due) (?:balance|amount)|(?:how much|what) (?:do )?(?:i|we) owe|(?:my|our) (?:outstanding )?balance|who am i)\b/.test(
    said,
  );
}

/** True for a short continuation of an earlier question ("and yearly?", "what about 50 seats?"). */
export function continuesPriceQuestion(text: string, before: string): boolean {
  const said = plain(text);
  if (said.split(' ').length > 10 || !isAboutPrice(before)) return false;
  return readPlans(text).length > 0 || Object.keys(readSeats(text)).length > 0 || readCycle(text) !== undefined || /\b(?:annual|yearly|monthly)\b/.test(said);
}
