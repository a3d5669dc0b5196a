/** The names that entities.ts knows and how they are written: features, competitors, integrations, technology, actions, signs of trouble. */

type Names = readonly (readonly [string, RegExp])[];

export const FEATURES: Names = [
  ['tasks', /\b(?:link|assign|create|creating|recurring|sub-?|old )\s?tasks?\b(?! to)|\btasks? (?:to a goal|list)\b/],
  ['boards', /\b(?:kanban|board view)s?\b/],
  ['timeline', /\b(?:timelines?|gantt)\b/],
  ['calendar', /\b(?<!google )(?<!outlook )calendar(?: view)?\b(?! (?:invite|sync))/],
  ['automations', /\bautomations?\b/],
  ['dashboards', /\bdashboards?\b(?! r?\s?(?:super )?slow)/],
  ['custom_fields', /\bcustom fields?\b/],
  ['templates', /\btemplates?\b(?<!from a template)/],
  ['time_tracking', /\btime[ -]?track(?:ing|er)\b|\btimesheets?\b/],
  ['forms', /\b(?:a|the|our|intake|request) forms?\b|\bforms\b/],
  ['docs', /\b(?:create|write|share|our|the) docs?\b|\bdocs (?:from|view)\b/],
  ['goals', /\bgoals?\b|\bokrs?\b/],
  ['reports', /\breport(?:ing)? (?:view|builder)\b/],
];

/** Monday is a day too: it counts as a product where one is compared with or left. */
export const COMPETITORS: Names = [
  ['asana', /\basana\b/],
  ['trello', /\btrello\b/],
  ['monday', /\bmonday\.com\b|\b(?:import|migrat\w+|switch\w*|mov\w+|export) (?:\w+ ){0,3}from monday\b|\b(?:than|versus|vs\.?) monday\b/],
  ['jira', /\b(?:import|migrat\w+|switch\w*|mov\w+|come|coming|leav\w+|compare\w*|than|versus|vs\.?) (?:\w+ ){0,3}jira\b/],
  ['clickup', /\bclick-?up\b/],
  ['notion', /\b(?:from|than|vs\.?|versus|to|use) notion\b|\bnotion (?:pages?|workspace|import)\b/],
  ['basecamp', /\bbasecamp\b/],
  ['wrike', /\bwrike\b/],
  ['smartsheet', /\bsmartsheet\b/],
  ['airtable', /\bairtable\b/],
];

export const INTEGRATIONS: Names = [
  ['slack', /\bslack\b/],
  ['github', /\bgit-?hub\b/],
  ['gitlab', /\bgitlab\b/],
  ['google_calendar', /\b(?:google calendar|gcal)\b/],
  ['google_drive', /\b(?:google drive|gdrive)\b/],
  ['microsoft_teams', /\b(?:microsoft|ms) teams\b/],
  ['outlook', /\boutlook\b/],
  ['salesforce', /\bsales-?force\b/],
  ['zapier', /\bzapier\b/],
  ['jira', /\bjira (?:integration|sync|connector|connection|app|plugin)\b|\b(?:connect|link|sync|integrat)\w* (?:\w+ ){0,3}jira\b/],
];

export const TECH_STACK: Names = [
  ['python', /\bpython\b/],
  ['javascript', /\bjavascript\b|\bjs sdk\b/],
  ['typescript', /\btypescript\b/],
  ['node', /\bnode(?:\.?js)?\b/],
  ['java', /\bjava\b/],
  ['go', /\bgolang\b|\bgo (?:client|sdk|library|module|code|app)\b|\bin go\b(?!ing)/],
  ['ruby', /\bruby\b/],
  ['php', /\bphp\b/],
  ['dotnet', /(?:\bc#|\.net\b|\bdotnet\b)/],
  ['rust', /\brust\b/],
  ['curl', /\bcurl\b/],
  ['postman', /\bpostman\b/],
  ['react', /\breact(?: native|\.js)\b|\breact app\b/],
  ['docker', /\bdocker\b/],
  ['kubernetes', /\b(?:kubernetes|k8s)\b/],
  ['aws', /\b(?:aws|lambda)\b/],
  ['safari', /\bsafari\b/],
  ['firefox', /\bfirefox\b/],
  ['edge', /\b(?:microsoft |ms |in |on )edge\b(?! case)/],
  ['windows', /\bwindows(?: \d+| pc| laptop)\b|\bon windows\b/],
  ['macos', /\b(?:mac ?os|macbook|on (?:a |my )?mac)\b/],
  ['linux', /\b(?:on|for|ubuntu) linux\b(?<!for linux)|\bubuntu\b/],
  ['ios', /\b(?:ios|iphone|ipad)\b/],
  ['android', /\bandroid\b/],
];

/** What the customer wants done, in the order in which one counts before another. */
export const ACTIONS: Names = [
  [
    'refund',
    /\brefund(?:s|ed|ing)?\b|\bmoney back\b|\breimburse\w*|\b(?:give|get|send|pay|want|have) (?:\w+ ){0,3}back\b(?= (?:the|my|our|for|one|it|please)| ?[.!?]|$)(?<!came back|get back)|\breturn (?:the|my|our|us the) (?:\w+ )?(?:money|payment|amount|fee|sum|\$|€|\d)|\breverse (?:\w+ ){0,2}(?:charge|payment|transaction)|\breembols\w+|\b(?:rück)?erstatt\w+|\bgeld zurück\b|\bdevol(?:ver|uci|v)\w*|\brembours\w+/,
  ],
  [
    'cancel',
    /\bcancel(?:l?ed|l?ing|l?ation)?\b|\b(?:annul|terminate|unsubscribe|discontinue)\b|\b(?:stop|end) (?:the|my|our) (?:subscription|plan|contract|renewal)\b|\bkündig\w+|\bcancelar\b|\bdar de baja\b|\brésili\w+|\bannuler\b/,
  ],
  ['upgrade', /\bupgrad(?:e|ing)\b(?! fee)|\b(?:move|go|switch) (?:\w+ ){0,3}up to\b|\bhochstufen\b/],
  ['downgrade', /\bdowngrad(?:e|ing)\b|\b(?:go|move|switch|step) (?:back |down )(?:to|from)\b|\bherunterstufen\b|\bcheaper plan\b/],
  [
    'export',
    /\b(?:need|want|like|please|can|could|how|to) (?:\w+ ){0,4}export\b(?! button)|^export(?:ing)?\b(?! (?:fail|button|is|does))|\bdownload (?:all|everything|our|my) (?:\w+ ){0,2}(?:data|tasks|projects)\b|\bexportar\b|\bexportieren\b|\bexporter\b/,
  ],
  [
    'import',
    /\bimport(?:ing)?\b(?! (?:failed|button|wasn't|was|is))(?! wasn)|\bmigrat(?:e|ing)\b|\bbring (?:\w+ ){0,4}(?:over|in)\b|\bimportar\b|\bimportieren\b/,
  ],
  ['invite', /\binvit(?:e|ing|er|ar)\b(?! mail)|\b(?:add|adding) (?:\w+ ){0,3}(?:colleagues?|members?|teammates?|users?)\b|\beinladen\b/],
  ['remove', /\b(?:remove|removing|kick out|deactivate|take off)\b(?! vs)/],
  ['reset', /\breset(?:ting)? (?:my|the|our|a|his|her|your)\b|\bzurücksetzen\b|\brestablecer\b|\bréinitialiser\b/],
  [
    'connect',
    /\b(?:connect|hook up|integrate) (?:(?:our|my|the|it|us|with|to) )?\w+(?! (?:expired|never|does))|\b(?:to|please|help me|can i|could you) link (?:our|my|the|it)\b|\bverbinden\b/,
  ],
  ['restore', /\b(?:restore|recover|undelete|bring back|get back) (?!(?:to|in|into) )\w+|\bundo (?:the|a|my) \w+|\bwiederherstellen\b/],
  [
    'delete',
    /\b(?:delete|deleting|erase|wipe|destroy(?:ed)?)\b(?! button)|\b(?:i|we|accidentally|mistakenly|just) deleted\b|\bclose (?:my|our|the) account\b|\blösche?n?\b|\beliminar\b|\bborrar\b|\bsupprimer\b|\bexcluir\b/,
  ],
  ['create', /\b(?:to|i|we|please|can|could) create\b|^(?:create|make|build) (?:a|an|new)\b|\bset up (?:a|an) new\b/],
  [
    'update',
    /\b(?:update|change|edit|correct) (?:my|our|the|his|her|a) (?:\w+ ){0,2}(?:address|name|email|e-mail|details|card|language|password|number|profile|photo|picture|logo|time ?zone)\b/,
  ],
];

/** What somebody does not do without anything being broken. */
const NO_FAULT = '(?!(?:matter|need|want|have to|know|mind|understand|care|remember|think|see why|believe|like|worry|wait|forget|get (?:me|it) wrong)\\b)';
const THING =
  '(?:it|this|that|page|app|button|link|mail|e-?mail|code|login|sync|search|filter|board|file|image|video|export|import|upload|webhook|api|sdk|token|report|timer|automation|notifications?|dashboard|browser|site|workspace|project|task|comments?|calendar|server|connection|payment|card|invite|invitation|something|nothing|feature|client|which|and|but|still)';

/** Signs of trouble: something fails, is missing, is wrong. "No problem" and "any problem" are none. */
export const PROBLEMS = new RegExp(
  [
    // Something does not do what it should.
    `\\b(?:doesn'?t|does not|didn'?t|did not|won'?t|will not|wouldn'?t|refuses? to|fails? to|can'?t do) (?:even |really |ever |always |properly |correctly |fully )?${NO_FAULT}(?<=(?:${THING} |^|[,.;:!?(-] ?|\\w+s |\\w+ing )(?:\\w+ )?(?:doesn'?t|does not|didn'?t|did not|won'?t|will not|wouldn'?t|refuses? to|fails? to|can'?t do) (?:\\w+ )?)\\w{3,}`,
    "\\b(?:don't|do not|aren't|isn't|is not|are not|not|never|no longer|stopped|stops|quit) (?:\\w+ ){0,2}(?:work(?:s|ing)?|load(?:s|ing)?|open(?:s|ing)?|sync(?:s|ing|ed)?|sav(?:e|es|ed|ing)|start(?:s|ing)?|show(?:s|ing)?|appear(?:s|ing)?|arriv(?:e|es|ed|ing)|com(?:es|ing)|came|find|finds|upload(?:s|ing)?|respond(?:s|ing)?|updat(?:e|es|ed|ing)|deliver(?:ed|ing)|received?|refresh(?:es|ing)?|match(?:es|ing)?|accepted|recognized|recognised|respected|possible)\\b",
    "\\b(?:does|do|has|have|did) nothing\\b|\\bnothing (?:happens|happened|works|loads|comes|arrives|helps)\\b|\\b(?:hasn|haven)'t (?:synced|arrived|updated|loaded|come|received|been (?:sent|delivered|paid|answered))\\b",
    // Somebody cannot do what they should be able to.
    "\\b(?:can'?t|cannot|can not|couldn'?t|unable to|not able to|impossible (?:to|de)|won'?t let (?:me|us)) (?:\\w+ ){0,2}(?:log|sign|access|open|see|save|load|upload|use|get|take|edit|find|connect|enter|join|add|remove|delete|change|view|download|print|pay|share|move|scroll|type|click|reach|do|me|see)\\b",
    "\\b(?:shut|locked|logged|kicked|thrown|signed) out\\b|\\baccess denied\\b|\\bpermission denied\\b|\\b(?:asks?|wants?|demands?) (?:for )?(?:a|the|my) (?:code|password)(?: again)?,? (?:i|that i|but i|which i) (?:don't|never|do not)\\b",
    // It breaks.
    '\\bcrash(?:es|ed|ing)?\\b|\\bfr(?:oze|eez(?:e|es|ing)|ozen)\\b|\\bhangs?\\b|\\bhung\\b|\\bstuck\\b|\\bstands? (?:still|at \\d)|\\bbroken?\\b(?! down by)|\\bbugs?\\b|\\bbuggy\\b|\\bglitch\\w*|\\bnot responding\\b|\\bblue screen\\b|\\bforce[ -]?(?:quit|close)s?\\b|\\b(?:closes|quits|shuts|exits) (?:itself|by itself|down|suddenly|on its own)\\b',
    '\\bstopped\\b(?! (?:the|my|our|using|paying))|\\bfail(?:s|ed|ing|ures?)?\\b|\\berrors?\\b(?! codes? (?:list|mean))|\\bexception\\b|\\b(?:returns?|gives?|answers?|get(?:ting|s)?|got|throws?|says?|with|shows?) (?:\\w+ ){0,2}["\'(]?(?:http )?[45]\\d\\d\\b|\\binvalid[ _](?:grant|token|signature|credentials|password|client|scope|request)\\b|\\bmismatch\\b',
    '\\bdeclined\\b|\\brejected\\b|\\brefused\\b|\\bbounced\\b|\\bout of sync\\b|\\b(?:is|are|was|were|completely|totally|all|everything|api|site|app|server) down\\b|\\boutage\\b|\\boffline\\b(?! (?:mode|access|work|use|available))',
    // It is slow, heavy, or goes on and on.
    '\\b(?:super|so|very|really|too|extremely|terribly|painfully|awfully|dead|unusably) (?:slow|long|laggy|sluggish)\\b|\\bslow(?:s|er|ly|ness)?\\b(?! down (?:my|our) sp)|\\bsluggish\\b|\\btak(?:es|ing) (?:forever|ages|like|so long|too long|minutes|\\d+ (?:sec|min))|\\btim(?:es|ed|ing) out\\b|\\btimeouts?\\b|\\blag(?:s|gy|ging)?\\b|\\bhogs?\\b|\\beats? (?:\\w+ ){0,2}(?:ram|memory|battery|cpu)\\b|\\bdrain(?:s|ing|ed)?\\b|\\b(?:cpu|fan|memory) (?:at|goes|usage)\\b|\\bwaiting times?\\b|\\bjank\\w*|\\bstutter\\w*',
    // Something is gone, doubled or wrong.
    '\\b(?:is|are|all|went|stays?|still|suddenly|was|were|gone) (?:gone|missing|empty|blank|lost|locked|wrong|incorrect|messed up|garbled|greyed out|deleted|overwritten|disappeared|outdated|stale)\\b|\\b(?:disappear|vanish)(?:s|ed|es|ing)?\\b|\\bmissing\\b|\\black(?:s|ing)\\b|\\bdata loss\\b|\\bwrong (?:amount|number|date|time|total|name|order|currency|data|values?|results?|person|account|plan)\\b',
    "\\b(?:lost|deleted|overwrote|wiped|ate|erased|emptied|merged|removed) (?:an? |my |our |the |all |half |two |everything|by (?:accident|mistake))|\\bduplicat(?:e|es|ed|ing)\\b(?! (?:a|the|my|our|this) (?:board|project|task|template))|\\b(?:charged|billed|paid|debited|posted|sent|delivered|arrives?|shows?) (?:\\w+ ){0,2}(?:twice|double)\\b|\\bdouble (?:charge|payment|billing)\\b|\\bshould(?:'ve| have) (?:stayed|been|not|got)\\b|\\bshouldn'?t (?:have|be)\\b",
    '\\bclose[sd]? itself\\b|\\bno (?:e-?mails?|push|notifications?|sound|answer|reply|response|reset mail|sync) (?:\\w+ ){0,3}(?:arriv\\w+|com\\w+|any ?more|on my|yet|since|for \\d)|\\bkeeps? (?:\\w+ ){0,2}\\w+ing\\b|\\bover and over\\b|\\bexpired\\b',
    '\\b(?:hacked|compromised|unauthori[sz]ed|leaked|stole|stolen|phish\\w*|breach(?:ed)?)\\b(?! at another)|\\b(?:someone|somebody|a stranger) (?:else )?(?:knows|has|got|used|uses|logged|signed)\\b',
    // The same in other languages.
    '\\b(?:funktioniert|geht|lädt|startet|öffnet|kommt|klappt|synchronisiert)(?: \\w+)? nicht\\b|\\bfehler\\w*|\\bnicht mehr (?:\\w+)\\b|\\babgestürzt\\b|\\bstürzt\\b|\\blangsam\\b|\\bzu lang\\w*|\\bhoher speicher\\w*|\\bkaputt\\b|\\bfehlt\\b|\\bfehlen\\b|\\bverschwunden\\b|\\bhängt\\b|\\babgelehnt\\b|\\bgesperrt\\b|\\bkann (?:mich|ich) nicht\\b',
    '\\bno (?:funciona|carga|abre|llega|puedo|sincroniza|me deja|aparece)\\w*|\\bfall[aó]\\b|\\blent[oa]s?\\b|\\bse (?:cierra|congela|cuelga)\\b|\\bbloquead[oa]\\b|\\brechazad[oa]\\b|\\bdesaparecid\\w+|\\bdesapareci\\w+',
    "\\bne (?:\\w+ )?(?:marche|fonctionne|charge|s'ouvre|répond|synchronise) (?:pas|plus)\\b|\\bn'arrive (?:pas|plus)\\b|\\bplante\\b|\\bbloqué\\w*|\\bimpossible d[e']|\\blente?s?\\b|\\bperdu\\w*\\b|\\bdisparu\\w*|\\brefusé\\w*|\\berreur\\b",
    '\\bnão (?:funciona|consigo|abre|carrega|chega|sincroniza|aparece)\\b|\\berro\\b|\\btrava\\w*|\\bsumiu\\b|\\bbloquead[oa]\\b|\\brecusad[oa]\\b',
  ].join('|'),
);
