/**
 * Words that carry a feeling and how much of it, in five languages: what sentiment.ts adds up. Four kinds: anger, trouble (annoyance and
 * things that do not work), worry, and joy. Weights are from 0.5 (a hint) to 4 (an outburst).
 */

export const FEELINGS = ['anger', 'trouble', 'worry', 'joy'] as const;
export type Feeling = (typeof FEELINGS)[number];

export interface Weight {
  readonly feeling: Feeling;
  readonly weight: number;
}

/** "word word:weight"; a trailing * stands for any ending. */
const WORDS: Readonly<Record<Feeling, readonly [weight: number, words: string][]>> = {
  anger: [
    [
      3.5,
      `ridiculous unacceptable outrageous disgust* furious fuming livid scam scammers thieves thief fraud* garbage pathetic useless worthless disgrace* shameful
       idiots incompeten* stupid moron* appalling despicable atrocious infuriat* hate hates hated insane bullshit wtf crap crappy shit shitty fuck fucking damn
       goddamn screwed liars lying rip-off ripoff joke unbelievable disrespect* insulting worst horrible terrible enraged angry mad bastards sick unbearable intolerable abysmal dreadful lousy hopeless rage raging enraged incensed outraged irate seething crooks crook cretin* clowns cowards arrogant contempt* despise
       loathe bitch* imbecile* dimwit* cheats cheating cheated robbers robbed robbing thieving swindle* swindling conmen fools mockery mocking farce travesty diabolical horrendous horrific
       ghastly revolting repulsive detest* sickening shambles asshole* bollocks piss pissed arse wankers bullies parasites vultures leeches cowboys charlatans morons dumb retarded dishonest
       deceitful deceived hell incandescent apoplectic disgustingly humiliat* crooked shame outrage disgust rubbish bloody wtf ffs awful`,
    ],
    [1.8, `suing lawsuit chargeback`],
    [
      3.5,
      `wut wutentbrannt scheiß* scheiss* verarsch* idioten idiot unfähig* drecks* kotzt kotzen schweinerei saftladen lügner betrüger abzocker schwachsinn dilettant* lachnummer zumutung dreist*
       empört empörend harto hartos hartas mierda puta cabron* sinvergüenzas estafadores inútiles idiotas asco asqueros* indignante mentirosos rabia joder vergonzos* incompetentes imbéciles
       colère merde putain connards incapables voleurs escrocs menteurs marre dégoût* enragé* foutage ignoble lamentable minable* imbécil* pourri* honteux révolt* écoeur* ladrões
       mentirosos idiotas frechheit unverschämt* verärgert stinksauer wütend sauerei katastrophe unmöglich betrug abzocke skandal mies vergüenza furios* indignad* inaceptable estafa robo
       ladrones pésim* basura inadmissible scandaleux scandale honte honteux nul nulle arnaque furieux furieuse inadmissível vergonha absurdo palhaçada péssim* lixo
       ridículo inaceitável raiva`,
    ],
  ],
  trouble: [
    [
      1.3,
      `frustrat* annoy* disappoint* irritat* bad refused sluggish unusably lacks ignored unanswered poor broken confusing confused complicated unfortunately sadly unhelpful fail fails failed failing failure failures error
       errors crash crashes crashed crashing freezes froze frozen hang hangs stuck bug bugs buggy glitch* declined rejected bounced slow laggy lag down outage missing
       blank locked wrong expensive nonsense waiting circles duplicate duplicates problem problems issue issues trouble impossible unusable lost gone empty blocked
       struggling mess painful tedious nightmare unhappy dissatisfied unreliable stopped ugly clunky waste expire* robots overpriced`,
    ],
    [
      1.3,
      `fehler langsam kaputt leider enttäuscht* problem probleme abstürz* lenta lento lentos fallo falla error errores problema problemas decepcionad* lente lent plante
       bogue panne erreur problème problèmes déçu déçue erro falha lentidão travando decepção`,
    ],
  ],
  worry: [
    [
      1.2,
      `worried worry worrying stole theft fraudulent stranger insecure exposed leaked intruder worries concern concerned concerns afraid scared nervous anxious unsure uncertain doubt doubts suspicious strange weird hesitate hesitant
       accident accidentally mistake risk risky hacked compromised unauthorized unauthorised breach leak leaked phishing stolen unsafe lose panic alarmed auditor
       overwrote wiped alarm* sorge sorgen besorgt angst unsicher preocupad* miedo inquiet inquiète peur preocupado medo`,
    ],
  ],
  joy: [
    [
      1.4,
      `thanks thank thx cheers nice good fine great cool pleased glad helpful helps solved solves resolved works clear smooth easy useful appreciate* grateful
       love like enjoy happy better well danke gut gracias bien bueno merci bon obrigad* bom boa`,
    ],
    [
      3,
      `perfect perfectly awesome excellent fantastic amazing wonderful brilliant incredible superb outstanding thrilled excited delighted lifesaver wow omg yay yess yesss
       best fabulous impressed super perfekt wunderbar toll großartig excelente genial perfecto maravilloso estupendo parfait génial formidable excellent ótimo ótima
       perfeito maravilhoso incrível`,
    ],
  ],
};

/** Turns of phrase whose words alone say something else. Looked for in the whole text, lower case. */
export const PHRASES: readonly (readonly [RegExp, Feeling, number])[] = [
  [/\bnot (?:bad|too bad)\b|\bwasn't bad\b|\bno complaints\b|\bno (?:more )?(?:problems?|issues?|trouble)\b(?! (?:find|any))/g, 'joy', 1],
  [/\bcan't wait (?:for|to)\b|\blooking forward\b|\bexactly what (?:we|i) needed\b|\bmade my day\b|\bthanks a million\b|\blife-?saver\b/g, 'joy', 3],
  [
    /\bmany thanks\b|\bthank you (?:so|very) much\b|\bthanks (?:so much|a lot)\b|\bvielen dank\b|\bmuchas gracias\b|\bmerci beaucoup\b|\bmuito obrigad[oa]\b/g,
    'joy',
    2,
  ],
  [
    /\bmakes? sense\b|\bsounds good\b|\bgot it\b|\bthat's all\b|\bno more questions\b|\bhat (?:wunderbar |super |gut )?geklappt\b|\bthat (?:fixed|did) it\b/g,
    'joy',
    1.2,
  ],
  [
    /\bmakes? no sense\b|\bdrives? (?:me|us) (?:crazy|mad|nuts)\b|\bfed up\b|\btoo (?:expensive|slow|complicated|much)\b|\bwaste of (?:time|money)\b/g,
    'trouble',
    1.6,
  ],
  [
    /\b(?:asked|tried|wrote|written|told|contacted) (?:\w+ ){0,3}(?:times|already|twice)\b|\bstill (?:no|not|nothing|waiting|does|missing|doesn't|isn't)\b/g,
    'trouble',
    1.2,
  ],
  [
    /\b(?:nobody|no one|no-one) (?:answers|replies|responds|helps|cares)\b|\bwaste of\b|\bi'm done with\b|\bi am done with\b|\bfor god'?s sake\b|\bgo to hell\b/g,
    'anger',
    2.5,
  ],
  [
    /\bhow (?:dare|bloody dare) you\b|\bshame on (?:you|all of you)\b|\b(?:screw|damn|curse|to hell with|up yours|f\*+|fuck) (?:you|u|this|your|the lot)\b|\brot in hell\b|\bdrop dead\b|\bburn in\b|\bf\*+(?:ing|ed)?(?![a-z])|\bs\*+t\b|\bblood (?:is boiling|boils?)\b|\bboiling (?:with|over|mad)\b|\bi'?m boiling\b|\bbeside (?:myself|ourselves)\b|\b(?:had it )?up to here\b|\bhad it with\b|\blast straw\b|\benough is enough\b|\bsick and tired\b|\bbeyond (?:words|angry|furious|livid)\b/g,
    'anger',
    3.2,
  ],
  [
    /\bpatience is (?:over|gone|finished|at an end)\b|\blost (?:all )?(?:my|our) patience\b|\bout of patience\b|\b(?:excuse for|joke of) (?:a |an )?\w+|\byou (?:people|lot|clowns|idiots|morons|useless|absolute|pathetic|lying)\b|\blike (?:dirt|rubbish|garbage|an idiot|idiots|trash|a fool|fools)\b|\b(?:ruined|destroyed|wrecked|sabotaged) (?:my|our)\b|\blied to\b|\bmak(?:e|ing) (?:a )?(?:fools?|idiots?|mockery) (?:out )?of\b|\bmade (?:a )?fools?\b|\blaugh(?:ing|ed)? at (?:me|us|your customers)\b|\bworst \w+ (?:\w+ ){0,4}(?:i|we)(?:'ve| have)? (?:ever|met|seen|had|dealt)\b|\bnever (?:in my life|ever|again)\b|\bspit(?:ting)? (?:on|in|at|nails|blood|feathers)\b|\bi could (?:scream|explode|cry|vomit|puke)\b|\bscream(?:ing)? at\b|\bsee(?:ing)? red\b|\bwith (?:rage|fury|anger)\b/g,
    'anger',
    2.6,
  ],
  [
    /\bnase (?:gestrichen )?voll\b|\bzum kotzen\b|\bplatzt (?:mir )?(?:gleich )?der kragen\b|\bdas (?:aller)?letzte\b|\breicht(?:'s| es)? (?:mir )?(?:jetzt|langsam|endgültig)?\b|\bhasta (?:las narices|los cojones|el gorro|la coronilla|aquí)\b|\bestoy hart[oa]\b|\bme cago\b|\bras[ -]le[ -]bol\b|\bj'en ai (?:assez|marre)\b|\bfoutez?\b|\bhors de moi\b|\bqué (?:asco|vergüenza|desastre)\b/g,
    'anger',
    2.6,
  ],
  [
    /\b(?:not|isn't|is not|aren't|wasn't) (?:sure|safe|recogni[sz]e)\b|\bare you sure\b|\bdon't (?:recogni[sz]e|know)\b|\bis (?:my|our) \w+ safe\b/g,
    'worry',
    1.4,
  ],
  [
    /\bby (?:accident|mistake)\b|\bdata loss\b|\bwithout (?:notice|warning)\b|\b(?:all|everything|projects|tasks) (?:is |are )?gone\b|\blocked out\b(?= $)/g,
    'worry',
    1.2,
  ],
  [/\b(?:whole|entire) (?:team|company|workspace) (?:is |are )?(?:locked|empty|wiped|gone)\b|\bnobody in (?:our|the) \w+ can\b/g, 'worry', 1.6],
  [/\b(?:by|until|before) (?:tomorrow|tonight)\b|\bexpires? (?:today|tonight|tomorrow)\b|\bmust answer\b|\bstill has access\b/g, 'worry', 1.4],
  [
    /\bfunktioniert nicht\b|\bgeht nicht\b|\bnicht mehr\b|\bno funciona\b|\bno puedo\b|\bne (?:marche|fonctionne) pas\b|\bn'arrive pas\b|\bnão (?:funciona|consigo)\b/g,
    'trouble',
    1.6,
  ],
];

export const NEGATIONS = new Set(
  `not no never don't doesn't didn't isn't aren't wasn't weren't won't can't cannot couldn't wouldn't shouldn't haven't hasn't hadn't without neither nor nothing
   nicht kein keine nie no sin nunca pas sans jamais não sem`.split(/\s+/),
);

/** How much a word in front makes of the next one. */
export const STRENGTHS: ReadonlyMap<string, number> = new Map([
  ...'very really so extremely absolutely totally completely incredibly utterly such super sehr extrem total muy tan très tellement muito tão'
    .split(' ')
    .map((word) => [word, 1.4] as const),
  ...'slightly little bit somewhat kinda rather quite fairly etwas un algo peu pouco'.split(' ').map((word) => [word, 0.7] as const),
]);

const exact = new Map<string, Weight>();
const beginnings: (readonly [string, Weight])[] = [];
for (const feeling of FEELINGS) {
  for (const [weight, words] of WORDS[feeling]) {
    for (const word of words.split(/\s+/)) {
      if (word.endsWith('*')) beginnings.push([word.slice(0, -1), { feeling, weight }]);
      else exact.set(word, { feeling, weight });
    }
  }
}

/** What one word says; null for most. */
export function weightOf(word: string): Weight | null {
  const known = exact.get(word);
  if (known) return known;
  if (word.length < 5) return null;
  return beginnings.find(([start]) => word.startsWith(start))?.[1] ?? null;
}
