/**
 * What customers of the demo data looked up in the last weeks: three things no article covers, two that many ask, and some of each day's
 * own. Only the words: how well they are matched is for the search to say when they are written.
 */

/** Nothing answers these: they become gaps. */
const UNANSWERED: readonly (readonly string[])[] = [
  [
    'is there an app for the apple watch',
    'can I tick off tasks on my apple watch?',
    'apple watch complication showing due tasks',
    'Do you plan something for the Apple Watch',
    'my watch buzzes but there is no apple watch app from you?',
    'apple wathc support please',
    'tasks on apple watch',
  ],
  [
    'can I embed figma frames in a task',
    'Figma preview does not show, only a link',
    'connect figma with our design board',
    'figma plugin?',
    'our designers want figma files inside of loomwork',
    'do you support Figma embeds',
  ],
  [
    'can I dictate tasks by voice',
    'voice dictation on the phone app',
    'is there voice input, I cannot type while driving',
    'dictate a comment instead of typing',
    'voice dictation for new tasks',
    'dictate with my voice instead of the keyboard',
    'does dictation work, by voice',
  ],
];

/** Many ask these and articles answer them: they become FAQ entries. */
const FREQUENT: readonly (readonly string[])[] = [
  [
    'How do I get a refund?',
    'how can I get a refund for last month',
    'refund please, what do I have to do',
    'Can I still get a refund after two weeks?',
    'what is your refund policy',
    'I want a refund',
    'refund for a payment I did not mean to make',
    'how long until I see my refund',
    'am I entitled to a refund',
    'do you refund annual plans',
    'get a refund, how',
    'I need a refund',
    'refund to another card possible?',
  ],
  [
    'I forgot my password',
    'forgot password, what now',
    'how do I reset a forgotten password?',
    'password reset link please',
    'Reset my password',
    'I forgot the password of my account',
    'where do I reset the password',
    'forgotten password and no mail',
    'need to reset the password of my login',
    'password forgotten again...',
  ],
];

const SINGLE: readonly string[] = [
  'invoice for September',
  'how do I export a board to csv',
  'invite a guest to one project',
  'webhook signature does not match',
  'what does the premium plan cost for 12 people',
  'recurring task every second monday',
];

/** Each with how many days before today it was asked, the newest first. */
export function demoQuestions(): readonly { readonly text: string; readonly daysAgo: number }[] {
  const all = [...UNANSWERED.flat(), ...FREQUENT.flat(), ...SINGLE];
  // Stepping by a number that shares no factor with their count spreads each topic over the weeks.
  return all.map((text, index) => ({ text, daysAgo: 1 + ((index * 11) % 28) })).toSorted((a, b) => a.daysAgo - b.daysAgo);
}
