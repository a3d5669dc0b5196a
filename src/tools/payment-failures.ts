/** What each of the payment processor's words for a failure means and what helps: general knowledge about cards, no customer's data. */

export const FAILURE_CODES = [
  'card_declined',
  'expired_card',
  'insufficient_funds',
  'authentication_required',
  'fraud_suspected',
  'incorrect_cvc',
  'incorrect_zip',
  'processing_error',
  'rate_limited',
  'do_not_honor',
  'lost_or_stolen_card',
] as const;
type FailureCode = (typeof FAILURE_CODES)[number];

interface Failure {
  /** Fits after "because": "the card has expired". */
  readonly because: string;
  /** Who has to act before another try can work. */
  readonly actor: 'customer' | 'bank' | 'nobody';
  readonly steps: readonly string[];
}

const RETRY = 'Open the invoice under Settings > Billing and choose Pay now.';
const OTHER_CARD = 'Or add another payment method under Settings > Billing and make it the default.';

const FAILURES: Readonly<Record<FailureCode, Failure>> = {
  card_declined: {
    because: 'your bank declined the card without saying why',
    actor: 'bank',
    steps: ['Ask your bank whether it blocks online, foreign or recurring charges, and have it allow ours.', RETRY, OTHER_CARD],
  },
  expired_card: {
    because: 'the card has expired',
    actor: 'customer',
    steps: ['Enter the new card, or its new expiry date and security code, under Settings > Billing.', RETRY],
  },
  insufficient_funds: {
    because: 'there was not enough money available on the card',
    actor: 'customer',
    steps: ['Top up the account or raise the card limit; your bank tells you what is available.', RETRY, OTHER_CARD],
  },
  authentication_required: {
    because: 'your bank wanted the card holder to confirm the payment and that did not happen',
    actor: 'customer',
    steps: [
      'Have the card holder at hand, with the banking app or the phone that gets the codes.',
      RETRY,
      "Confirm the payment in the bank's window (3-D Secure) within a few minutes; allow pop-ups if none appears.",
    ],
  },
  fraud_suspected: {
    because: 'the payment was stopped by a fraud check',
    actor: 'bank',
    steps: [
      'Tell your bank that the payment is yours, so that it lifts the block.',
      'Check that the billing name, address and country under Settings > Billing are those of the card.',
      RETRY,
    ],
  },
  incorrect_cvc: {
    because: "the card's security code was wrong",
    actor: 'customer',
    steps: ['Enter the card again under Settings > Billing with the three digits on its back (American Express: four on the front).', RETRY],
  },
  incorrect_zip: {
    because: 'the postal code does not match the one your bank has for the card',
    actor: 'customer',
    steps: ["Correct the billing address under Settings > Billing so that it is the card's, not the office's.", RETRY],
  },
  processing_error: {
    because: 'something went wrong between the card network and the bank; the card itself is fine',
    actor: 'nobody',
    steps: [`Wait a few minutes, then: ${RETRY.charAt(0).toLowerCase()}${RETRY.slice(1)}`, 'If it fails again, use another payment method or tell us.'],
  },
  rate_limited: {
    because: 'the card was tried too often in a short time',
    actor: 'nobody',
    steps: ['Leave the card alone for at least an hour; each further try makes the wait longer.', RETRY, OTHER_CARD],
  },
  do_not_honor: {
    because: 'your bank refused the charge and gives no reason to anyone but you',
    actor: 'bank',
    steps: ['Call the number on the back of the card and ask the bank to allow this charge.', RETRY, OTHER_CARD],
  },
  lost_or_stolen_card: {
    because: 'the bank has the card on record as lost or stolen',
    actor: 'customer',
    steps: [
      'This card cannot be used again: add its replacement under Settings > Billing and remove the old one.',
      'If you did not report it, call your bank at once.',
      RETRY,
    ],
  },
};

const UNKNOWN: Failure = {
  because: 'the bank or the card network refused it',
  actor: 'bank',
  steps: ['Ask your bank why it refused the charge.', RETRY, OTHER_CARD],
};

/** The meaning of a processor's word; a general one for words not listed. */
export function failureOf(code: string | null): Failure {
  const known = FAILURE_CODES.find((listed) => listed === code);
  return known ? FAILURES[known] : UNKNOWN;
}
